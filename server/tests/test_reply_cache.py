"""The reply cache and the reception, with a clock of the tests' own."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.frontend.admission import Admission
from lpb_server.frontend.job import Job
from lpb_server.frontend.reply_cache import Known, Lookup, ReplyCache, fingerprint
from lpb_server.settings.config import CacheLimits
from lpb_server.wire import Limits
from lpb_server.wire.values import Frame


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


LIMITS = CacheLimits(count=3, total_bytes=100, reply_bytes=40, age_s=10)
KEY = ("", "a")
X, Y = [b"x"], [b"y"]


def cache_of(limits: CacheLimits = LIMITS) -> tuple[ReplyCache, Clock]:
    clock = Clock()
    return ReplyCache(limits, clock), clock


def test_new_running_done_conflict() -> None:
    cache, _ = cache_of()
    assert cache.start(KEY, X) == Lookup(Known.NEW)
    assert cache.start(KEY, X) == Lookup(Known.RUNNING)
    assert cache.start(KEY, Y) == Lookup(Known.CONFLICT)
    cache.finish(KEY, [b"head", memoryview(b"array")], repeatable=True)
    assert cache.start(KEY, X) == Lookup(Known.DONE, (b"head", b"array"))
    assert cache.start(KEY, Y) == Lookup(Known.CONFLICT)
    assert cache.start(("other user", "a"), Y) == Lookup(Known.NEW)


def test_what_was_forgotten_is_new() -> None:
    cache, _ = cache_of()
    cache.start(KEY, X)
    cache.forget(KEY)
    assert cache.start(KEY, Y).known is Known.NEW


def test_a_reply_that_is_too_large() -> None:
    cache, _ = cache_of()
    for key, repeatable in ((("", "pure"), True), (("", "not"), False)):
        cache.start(key, X)
        cache.finish(key, [b"x" * 41], repeatable=repeatable)
    assert cache.start(("", "pure"), X).known is Known.NEW
    assert cache.start(("", "not"), X) == Lookup(Known.DONE)
    assert cache.size_bytes == 0


def test_age() -> None:
    cache, clock = cache_of()
    cache.start(KEY, X)
    cache.finish(KEY, [b"r"], repeatable=False)
    clock.now_s += 9.9
    assert cache.start(KEY, X).known is Known.DONE
    clock.now_s += 0.1
    assert cache.start(KEY, X).known is Known.NEW
    clock.now_s += 1000
    assert cache.start(KEY, X).known is Known.RUNNING


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 60), st.floats(0, 6), st.booleans()),
        max_size=40,
    )
)
def test_the_bounds_hold_whatever_comes(steps: list[tuple[int, int, float, bool]]) -> None:
    cache, clock = cache_of()
    for name, size, wait_s, repeatable in steps:
        clock.now_s += wait_s
        key = ("", str(name))
        if cache.start(key, X).known is Known.NEW:
            cache.finish(key, [b"r" * size], repeatable=repeatable)
            kept = cache.start(key, X)
            if size <= LIMITS.reply_bytes:
                assert kept == Lookup(Known.DONE, (b"r" * size,))
            elif repeatable:
                assert kept == Lookup(Known.NEW)
                cache.forget(key)
        assert len(cache) <= LIMITS.count
        assert 0 <= cache.size_bytes <= LIMITS.total_bytes


def test_fingerprints_see_where_frames_end() -> None:
    messages: list[list[Frame]] = [[], [b""], [b"", b""], [b"ab"], [b"a", b"b"], [b"", b"ab"]]
    assert len(set(map(fingerprint, messages))) == len(messages)
    assert fingerprint([memoryview(b"ab")]) == fingerprint([b"ab"])


def reception() -> Admission:
    cache, _ = cache_of(CacheLimits())
    return Admission(cache, Limits(), lambda name: name != "pay")


def message(request_id: str, op: str = "ping", **params: object) -> list[Frame]:
    request = {"schema_version": 2, "id": request_id, "op": op, "params": params}
    return [json.dumps(request).encode()]


def code(reply: Sequence[Frame] | Job | None) -> str:
    assert isinstance(reply, list)
    return str(json.loads(bytes(reply[0]))["error"]["code"])


def take(desk: Admission, route: bytes, frames: list[Frame]) -> Job:
    job = desk.take((route,), frames, 0.0)
    assert isinstance(job, Job)
    return job


@pytest.mark.parametrize("op", ["ping", "pay"])
def test_a_twin_waits_and_a_later_one_gets_the_same_reply(op: str) -> None:
    desk = reception()
    job = take(desk, b"A", message("1", op))
    assert desk.take((b"B",), message("1", op), 0.0) is None
    assert code(desk.take((b"C",), message("1", op, x=1), 0.0)) == "bad_message"
    assert desk.finish(job, [b"reply"], ran=True) == [(b"A",), (b"B",)]
    assert desk.take((b"D",), message("1", op), 0.0) == [b"reply"]
    assert code(desk.take((b"C",), message("1", op, x=1), 0.0)) == "bad_message"


def test_what_did_not_run_may_come_again() -> None:
    desk = reception()
    job = take(desk, b"A", message("1"))
    assert desk.finish(job, [b"overloaded"], ran=False) == [(b"A",)]
    assert take(desk, b"A", message("1", x=1)).token != job.token


def test_only_the_last_tries_are_answered() -> None:
    desk = reception()
    job = take(desk, b"0", message("1"))
    for number in range(1, 30):
        assert desk.take((b"%d" % number,), message("1"), 0.0) is None
    assert desk.finish(job, [b"r"], ran=True) == [(b"%d" % number,) for number in range(22, 30)]


def test_large_pure_requests_are_not_remembered_and_others_are() -> None:
    desk = reception()
    large: list[Frame] = [b"x" * 300_000]
    first = take(desk, b"A", message("1") + large)
    assert take(desk, b"B", message("1") + large) is not first
    assert desk.finish(first, [b"r"], ran=True) == [(b"A",)]
    once = take(desk, b"A", message("2", "pay") + large)
    assert desk.take((b"B",), message("2", "pay") + large, 0.0) is None
    assert desk.finish(once, [b"r" * (2 << 20)], ran=True) == [(b"A",), (b"B",)]
    assert code(desk.take((b"C",), message("2", "pay") + large, 0.0)) == "too_large"


def test_two_requests_of_version_1_with_one_matrix_are_no_conflict() -> None:
    desk = reception()
    for name in ("a", "b"):
        old = {"schema_version": 1, "matrix": [[1]], "model": {"name": name, "version": "1"}}
        take(desk, b"A", [json.dumps(old).encode()])


def test_what_is_no_request_is_answered_at_once() -> None:
    assert code(reception().take((b"A",), [b"{"], 0.0)) == "bad_message"
