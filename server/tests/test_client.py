"""The client against a real server, and against servers that lie, stall and stammer."""

from __future__ import annotations

import errno
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.client import (
    AUTO_FORMAT,
    INLINE_LIMIT_ELEMENTS,
    Backoff,
    BridgeClient,
    FormatName,
    new_id,
)
from lpb_server.errors import (
    BridgeTimeout,
    CertificateMissing,
    ClientError,
    EndpointError,
    MalformedEndpoint,
    ProtocolError,
    RemoteError,
    WireError,
)
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.wire import (
    DTYPES,
    ArrayHeader,
    ErrorInfo,
    Reply,
    WireFormat,
    decode_request,
    encode_message,
)
from lpb_server.wire.envelope import readable_id
from lpb_server.wire.formats import decode_header

ServeScript = Callable[..., AbstractContextManager[str]]
FORMATS: list[FormatName] = ["auto", "json", "msgpack", "protobuf"]
HONEST = Service(default_registry())


def impatient(endpoint: str, **options: Any) -> BridgeClient:
    """A client for servers that are silent: it does not wait long, nor sleep."""
    settings: dict[str, Any] = {"timeout_s": 0.15, "tries": 3, "sleep": lambda seconds: None}
    return BridgeClient(endpoint, **{**settings, **options})


def reply_with(reply: Reply, frames: Sequence[bytes] = ()) -> list[bytes]:
    return [bytes(item) for item in encode_message(reply, WireFormat.JSON, frames)]


def honest(frames: Sequence[bytes]) -> list[bytes]:
    return [bytes(item) for item in HONEST.handle(frames)]


@contextmanager
def raising(kind: type[ClientError], endpoint: str, tries: int = 3) -> Iterator[Any]:
    with pytest.raises(kind) as caught:
        yield caught
    assert type(caught.value) is kind
    assert caught.value.endpoint == endpoint
    assert caught.value.tries == tries


@pytest.mark.parametrize("format", FORMATS)
def test_calls(endpoint: str, format: FormatName) -> None:
    with BridgeClient(endpoint, format=format) as client:
        client.ping()
        answer = client.call("echo", {"a": [1, -0.0, None, "é"]}, {"x": np.arange(3)})
        assert answer.result == {"a": [1, -0.0, None, "é"]}
        assert answer.arrays["x"].tolist() == [0, 1, 2]
        assert answer.timing is not None
        total = client.matrix_sum([[1, 2], [3, 4]], certify=True)
        assert total.result == {"sum": 10.0}
        assert total.timing is None
        assert total.certificate == {
            "kind": "sum_error_bound",
            "count": 4,
            "error": 0.0,
            "error_bound": 4.440892098500626e-15,
            "nonnegative": True,
        }


@pytest.mark.parametrize("elements", [1, INLINE_LIMIT_ELEMENTS, INLINE_LIMIT_ELEMENTS + 1])
def test_small_matrices_travel_inline(serve_script: ServeScript, elements: int) -> None:
    seen: list[list[bytes]] = []

    def note(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames)
        return [honest(frames)]

    with serve_script(note) as endpoint, impatient(endpoint, timeout_s=10) as client:
        total = client.matrix_sum(np.ones((1, elements)), certify=True)
    assert total.result == {"sum": float(elements)}
    assert len(seen[0]) == (1 if elements <= INLINE_LIMIT_ELEMENTS else 2)
    assert decode_header(seen[0][0])[0] is AUTO_FORMAT


def test_a_matrix_that_is_none_is_refused_by_the_server(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        for matrix in (np.zeros(3), np.zeros((0, 3)), np.zeros((1, 1, 1))):
            with pytest.raises(RemoteError) as caught:
                client.matrix_sum(matrix)
            assert caught.value.code == "invalid_params"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 2), (3, 5), (700, 1000)])
def test_arrays_come_back(endpoint: str, dtype: str, shape: tuple[int, ...]) -> None:
    source = np.random.default_rng(1).integers(0, 2, shape).astype(DTYPES[dtype])
    with BridgeClient(endpoint) as client:
        back = client.call("echo", arrays={"x": source}).arrays["x"]
    assert (back.dtype, back.shape) == (source.dtype, source.shape)
    assert back.tobytes() == source.tobytes()


@pytest.mark.parametrize("wire_format", WireFormat)
def test_exchange_keeps_the_exact_bytes(endpoint: str, wire_format: WireFormat) -> None:
    with BridgeClient(endpoint) as client:
        exchange = client.exchange(
            "matrix_sum",
            arrays={"matrix": np.array([[0.1, 0.2]])},
            certify=True,
            format=wire_format.value,
            request_id="mine",
        )
    assert exchange.wire_format is wire_format
    assert exchange.tries == 1
    assert exchange.request.id == exchange.reply.id == "mine"
    assert all(type(frame) is bytes for frame in exchange.request_frames + exchange.reply_frames)
    request, _, found = decode_request(exchange.request_frames)
    assert (request, found) == (exchange.request, wire_format)
    assert list(exchange.reply_frames) == honest(exchange.request_frames)


def test_call_raw(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        frames = client.call_raw(
            [
                b'{"schema_version":2,"id":"a","op":"matrix_sum","params":{"matrix":[[1.0]]},'
                b'"certify":true}'
            ],
            "a",
        )
    assert frames == [
        b'{"schema_version":2,"id":"a","status":"ok","result":{"sum":1.0},'
        b'"certificate":{"kind":"sum_error_bound","count":1,"error":0.0,'
        b'"error_bound":1.1102230246251565e-16,"nonnegative":true}}'
    ]


def test_an_error_reply_is_a_remote_error_or_an_exchange(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        with raising(RemoteError, endpoint, 1) as caught:
            client.call("nope")
        assert caught.value.code == "unknown_operation"
        assert "ping" in caught.value.details["operations"]
        assert client.exchange("nope").reply.status == "error"
        client.ping()


@pytest.mark.parametrize(
    ("op", "params", "code"),
    [("echo", {"x": b""}, None), ("ping", {"x": 1}, "invalid_params")],
)
def test_a_request_that_cannot_be_written_is_not_sent(
    endpoint: str, op: str, params: Any, code: str | None
) -> None:
    with BridgeClient(endpoint) as client:
        expected = WireError if code is None else RemoteError
        with pytest.raises(expected):
            client.call(op, params)
        client.ping()


def test_a_silent_server_is_tried_and_named(serve_script: ServeScript) -> None:
    seen: list[list[bytes]] = []

    def silent(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames)
        return []

    with (
        serve_script(silent) as endpoint,
        impatient(endpoint) as client,
        raising(BridgeTimeout, endpoint),
    ):
        client.matrix_sum([[1.0]])
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]  # The same id and the same bytes.


def test_nobody_listens() -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as probe:
        port = probe.bind_to_random_port("tcp://127.0.0.1")
    endpoint = f"tcp://127.0.0.1:{port}"
    with impatient(endpoint) as client, raising(BridgeTimeout, endpoint):
        client.ping()


def test_an_answer_to_a_later_try_is_taken(serve_script: ServeScript) -> None:
    def third_time(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [honest(frames)] if number == 2 else []

    with serve_script(third_time) as endpoint, impatient(endpoint) as client:
        assert client.exchange("ping").tries == 3


@pytest.mark.parametrize(
    "garbage",
    [
        [b""],
        [b"", b""],
        [b"garbage"],
        [b"{"],
        [b"\x80"],
        [b"\x08\x02"],
        [b'{"schema_version":1}'],
        [b"{}", b"x", b"y"],
    ],
    ids=[*"01234567"],
)
def test_garbage_is_a_failed_try_with_its_cause(
    serve_script: ServeScript, garbage: list[bytes]
) -> None:
    with (
        serve_script(lambda number, frames: [garbage]) as endpoint,
        impatient(endpoint, timeout_s=10) as client,
        raising(ProtocolError, endpoint) as caught,
    ):
        client.ping()
    assert caught.value.cause


def test_garbage_then_an_answer(serve_script: ServeScript) -> None:
    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [[b"garbage"], honest(frames)] if number == 0 else [honest(frames)]

    with serve_script(script) as endpoint, impatient(endpoint, timeout_s=10) as client:
        assert client.exchange("ping").tries == 2
        assert client.exchange("ping").tries == 1


def test_half_a_message(serve_script: ServeScript) -> None:
    def half(number: int, frames: list[bytes]) -> list[list[bytes]]:
        name = readable_id(decode_header(frames[0])[1])
        return [reply_with(Reply(name, {}, (ArrayHeader("x", "f8", (2,)),)), [b"12345678"])]

    with (
        serve_script(half) as endpoint,
        impatient(endpoint, timeout_s=10) as client,
        raising(ProtocolError, endpoint) as caught,
    ):
        client.call("echo")
    assert "16 bytes" in caught.value.cause


def test_another_id_is_dropped_and_waiting_goes_on(serve_script: ServeScript) -> None:
    def stammer(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [reply_with(Reply("other", {"pong": False})), honest(frames)]

    with serve_script(stammer) as endpoint, impatient(endpoint, timeout_s=10) as client:
        exchange = client.exchange("ping")
        assert exchange.tries == 1
        assert exchange.reply.result == {"pong": True}


def test_only_other_ids_is_a_timeout_that_says_so(serve_script: ServeScript) -> None:
    with (
        serve_script(lambda number, frames: [reply_with(Reply("other", {}))]) as endpoint,
        impatient(endpoint) as client,
        raising(BridgeTimeout, endpoint) as caught,
    ):
        client.ping()
    assert "other" in caught.value.cause


def test_an_error_without_an_id_is_a_failed_try(serve_script: ServeScript) -> None:
    answer = reply_with(Reply("?", error=ErrorInfo("bad_message", "what?")))
    with (
        serve_script(lambda number, frames: [answer]) as endpoint,
        impatient(endpoint, timeout_s=10) as client,
        raising(ProtocolError, endpoint) as caught,
    ):
        client.ping()
    assert caught.value.cause == "bad_message: what?"


def test_a_late_reply_is_not_taken_for_the_next_call(serve_script: ServeScript) -> None:
    late: list[list[bytes]] = []

    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        if number == 0:
            late.append(honest(frames))
            return []
        return [*late, honest(frames)]

    with serve_script(script) as endpoint, impatient(endpoint, tries=1) as client:
        with raising(BridgeTimeout, endpoint, 1):
            client.call("echo", {"call": 1})
        client.timeout_s = 10
        assert client.call("echo", {"call": 2}).result == {"call": 2}


def test_a_doubled_reply_does_not_disturb_the_next_call(serve_script: ServeScript) -> None:
    with (
        serve_script(lambda number, frames: [honest(frames)] * 2) as endpoint,
        impatient(endpoint, timeout_s=10) as client,
    ):
        for number in range(5):
            assert client.call("echo", {"n": number}).result == {"n": number}


def test_a_server_that_comes_back_is_found(serve: Any) -> None:
    with serve() as server:
        endpoint = server.endpoint
        client = BridgeClient(endpoint, timeout_s=0.5, tries=20)
        client.ping()
    restarted: list[BridgeServer] = []
    ready = threading.Event()

    def restart() -> None:
        time.sleep(0.3)
        with serve(type(server._config)(endpoint)) as again:
            restarted.append(again)
            ready.wait(10)

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        with client:
            assert client.exchange("ping").reply.result == {"pong": True}
    finally:
        ready.set()
        thread.join(10)


@pytest.mark.parametrize(
    "endpoint", ["nonsense", "tcp://", "tcp://127.0.0.1", "smtp://x:1", "tcp://127.0.0.1:70991"]
)
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(MalformedEndpoint, match="is no endpoint") as caught:
        BridgeClient(endpoint)
    assert isinstance(caught.value, ValueError)


def test_an_endpoint_that_cannot_be_used_here(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = zmq.Socket.connect

    def fail(self: zmq.Socket[bytes], address: str) -> object:
        if address.startswith("tcp:"):
            raise zmq.ZMQError(errno.EMFILE)
        return connect(self, address)

    monkeypatch.setattr(zmq.Socket, "connect", fail)
    endpoint = "tcp://127.0.0.1:5555"
    with BridgeClient(endpoint) as client, raising(EndpointError, endpoint, 1) as caught:
        client.ping()
    assert caught.value.cause


@pytest.mark.parametrize("timeout_s", [math.inf, 1e300, 2.0**31, 1e10])
def test_any_time_out_however_long(endpoint: str, timeout_s: float) -> None:
    with BridgeClient(endpoint, timeout_s=timeout_s) as client:
        for _ in range(2):
            client.ping()


def test_no_limit_is_none_after_the_longest_wait_of_a_c_int(
    serve_script: ServeScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpb_server.sockets.durations.MOST_MS", 1)  # 24.8 days, cut short.
    ready = threading.Event()

    def late(number: int, frames: list[bytes]) -> list[list[bytes]]:
        ready.wait(0.05)
        message = decode_request(frames)[0]
        return [encode_message(Reply(message.id, {"pong": True}), WireFormat.JSON)]  # type: ignore[list-item]

    with (
        serve_script(late) as endpoint,
        BridgeClient(endpoint, timeout_s=math.inf, tries=1) as client,
    ):
        client.ping()
        client.ping()


@pytest.mark.parametrize(
    "options",
    [{"first_s": math.nan}, {"limit_s": math.inf}, {"factor": 1e300}, {"jitter": 2}, {"factor": 0}],
)
def test_waits_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        Backoff(**options)


def test_waits_grow_and_are_bounded(serve_script: ServeScript) -> None:
    waits: list[float] = []
    backoff = Backoff(first_s=1.0, factor=2.0, limit_s=3.0, jitter=0.0)
    with (
        serve_script(lambda number, frames: [[b"x"]]) as endpoint,
        BridgeClient(endpoint, tries=5, backoff=backoff, sleep=waits.append) as client,
        raising(ProtocolError, endpoint, 5),
    ):
        client.ping()
    assert waits == [1.0, 2.0, 3.0, 3.0]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_stays_within_its_bounds(failures: int, uniform: float) -> None:
    backoff = Backoff()
    full = min(backoff.first_s * backoff.factor ** min(failures - 1, 60), backoff.limit_s)
    wait = backoff.wait_s(failures, uniform)
    assert full * (1 - backoff.jitter) <= wait <= full


@pytest.mark.parametrize(
    "options", [{"tries": 0}, *({"timeout_s": value} for value in (0.0, -1.0, math.nan))]
)
def test_settings_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        BridgeClient("tcp://127.0.0.1:1", **options)


def test_ids_have_128_random_bits() -> None:
    drawn = {new_id() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(bytes.fromhex(name)) == 16 for name in drawn)
    assert all(left != right for left, right in pairwise(sorted(drawn)))


def test_close_twice_and_use_again(endpoint: str) -> None:
    client = BridgeClient(endpoint)
    client.ping()
    client.close()
    client.close()
    client.ping()
    client.close()


def test_a_certificate_that_was_asked_for_must_come(serve_script: ServeScript) -> None:
    def without(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [reply_with(Reply(decode_request(frames)[0].id, {"sum": 1.0}))]

    with (
        serve_script(without) as endpoint,
        BridgeClient(endpoint) as client,
        raising(CertificateMissing, endpoint, 1),
    ):
        client.matrix_sum([[1.0]], certify=True)


def test_a_certificate_that_nobody_asked_for_is_left_aside(serve_script: ServeScript) -> None:
    def unasked(number: int, frames: list[bytes]) -> list[list[bytes]]:
        name = decode_request(frames)[0].id
        return [reply_with(Reply(name, {"sum": 1.0}, certificate={"bound": 0.0}))]

    with serve_script(unasked) as endpoint, BridgeClient(endpoint) as client:
        assert client.matrix_sum([[1.0]]).certificate is None
