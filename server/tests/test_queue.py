"""The Paranoid Pirate queue: every decision, with times of the tests' own."""

from __future__ import annotations

import itertools
import random

import pytest
from lpb_server.errors import ErrorCode
from lpb_server.transport import worker_messages as say
from lpb_server.transport.queue import Action, Dismiss, Dispatch, GiveUp, JobQueue
from lpb_server.transport.reception import Job
from lpb_server.transport.worker_pool import RestartBudget
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.intake import Opened

A, B, C = b"a", b"b", b"c"
TOKENS = itertools.count(1)


def job(pure: bool = True, arrived_s: float = 0.0, deadline_ms: int | None = None) -> Job:
    request = Request("1", "op", deadline_ms=deadline_ms)
    return Job(next(TOKENS), Opened(request, WireFormat.JSON, []), None, pure, arrived_s)


def queue_with(*workers: bytes, length: int = 10) -> JobQueue:
    queue = JobQueue(length, liveness_s=5.0)
    for worker in workers:
        assert queue.ready(worker, 0.0) == []
    return queue


def given_up(actions: list[Action]) -> tuple[Job, ErrorCode, bool]:
    (action,) = actions
    assert isinstance(action, GiveUp)
    return action.job, action.code, action.ran


def test_the_least_recently_used_worker_is_next() -> None:
    queue = queue_with(A, B)
    first, second, third = job(), job(), job()
    assert queue.submit(first, 0) == [Dispatch(A, first)]
    assert queue.submit(second, 0) == [Dispatch(B, second)]
    assert queue.submit(third, 0) == []
    assert queue.replied(B, second.token, 0) == (second, [Dispatch(B, third)])
    assert queue.replied(A, first.token, 0) == (first, [])
    assert queue.replied(B, third.token, 0) == (third, [])
    fourth = job()
    assert queue.submit(fourth, 0) == [Dispatch(A, fourth)]


def test_a_full_queue_is_overloaded_and_an_idle_worker_is_not() -> None:
    queue = queue_with(A, length=1)
    jobs = [job() for _ in range(3)]
    assert queue.submit(jobs[0], 0) == [Dispatch(A, jobs[0])]
    assert queue.submit(jobs[1], 0) == []
    assert given_up(queue.submit(jobs[2], 0)) == (jobs[2], ErrorCode.OVERLOADED, False)
    assert queue.waiting == 1


def test_a_lost_workers_pure_job_goes_to_another_first() -> None:
    queue = queue_with(A, B)
    lost, other, waiting = job(), job(), job()
    queue.submit(lost, 0)
    queue.submit(other, 0)
    queue.submit(waiting, 0)
    assert queue.lost(A, 1) == []
    assert queue.replied(B, other.token, 1) == (other, [Dispatch(B, lost)])
    assert queue.replied(A, lost.token, 1) == (None, [])


def test_a_lost_workers_job_with_side_effects_is_given_up() -> None:
    queue = queue_with(A, B)
    lost = job(pure=False)
    queue.submit(lost, 0)
    assert given_up(queue.lost(A, 1)) == (lost, ErrorCode.WORKER_LOST, True)
    assert queue.workers == (B,)
    assert queue.busy == 0


def test_what_kills_every_worker_is_given_up() -> None:
    queue = queue_with()
    poison = job()
    queue.submit(poison, 0)
    for number in range(1, 5):
        name = b"%d" % number
        assert queue.ready(name, 0) == [Dispatch(name, poison)]
        assert queue.lost(name, 0) == []
    queue.ready(A, 0)
    assert given_up(queue.lost(A, 0)) == (poison, ErrorCode.WORKER_LOST, False)


def test_deadlines_are_checked_when_a_job_is_handed_out() -> None:
    queue = queue_with()
    late, in_time = job(deadline_ms=1000), job(deadline_ms=1001)
    queue.submit(late, 0)
    queue.submit(in_time, 0)
    actions = queue.ready(A, 1.0)
    assert given_up(actions[:1]) == (late, ErrorCode.DEADLINE_EXCEEDED, False)
    assert actions[1:] == [Dispatch(A, in_time)]


def test_silence() -> None:
    queue = queue_with(A, B)
    assert queue.heard(A, 4.0)
    assert queue.silent(5.0) == []
    assert queue.silent(5.1) == [B]
    queue.lost(B, 5.1)
    assert not queue.heard(B, 5.2)
    assert queue.silent(9.1) == [A]


def test_ready_again_means_that_its_job_is_lost() -> None:
    queue = queue_with(A)
    first = job()
    queue.submit(first, 0)
    assert queue.ready(A, 1) == [Dispatch(A, first)]
    assert first.losses == 1


def test_leaving() -> None:
    queue = queue_with(A, B)
    running, waiting = job(), job()
    queue.submit(running, 0)
    assert queue.leave(A) == []
    assert queue.leave(B) == [Dismiss(B)]
    queue.submit(waiting, 0)
    assert queue.replied(A, running.token, 0) == (running, [Dismiss(A)])
    assert queue.workers == ()
    assert queue.leave(C) == []
    assert given_up(queue.abandon(ErrorCode.OVERLOADED, "")) == (
        waiting,
        ErrorCode.OVERLOADED,
        False,
    )


@pytest.mark.parametrize("seed", range(20))
def test_every_job_ends_once_and_one_with_side_effects_starts_once(seed: int) -> None:
    source = random.Random(seed)
    queue = JobQueue(length=5, liveness_s=5.0)
    running: dict[bytes, Job] = {}
    started: dict[int, int] = {}
    ended: list[int] = []
    submitted: list[Job] = []

    def act(actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Dispatch):
                assert action.worker not in running
                running[action.worker] = action.job
                started[action.job.token] = started.get(action.job.token, 0) + 1
            elif isinstance(action, GiveUp):
                ended.append(action.job.token)

    def reply(worker: bytes) -> None:
        done, actions = queue.replied(worker, running.pop(worker).token, 0.0)
        assert done is not None
        ended.append(done.token)
        act(actions)

    for step in range(400):
        choice = source.random()
        if choice < 0.4:
            submitted.append(job(pure=source.random() < 0.5))
            act(queue.submit(submitted[-1], 0.0))
        elif choice < 0.6 and running:
            reply(source.choice(list(running)))
        elif choice < 0.7 and queue.workers:
            victim = source.choice(queue.workers)
            running.pop(victim, None)
            act(queue.lost(victim, 0.0))
        elif len(queue.workers) < 3:
            act(queue.ready(b"%d" % step, 0.0))
    while queue.waiting or running:
        if not queue.workers:
            act(queue.ready(b"last", 0.0))
        for worker in list(running):
            reply(worker)
    assert sorted(ended) == sorted(item.token for item in submitted)
    assert all(started.get(item.token, 0) <= 1 for item in submitted if not item.pure)


def test_restart_budget() -> None:
    budget = RestartBudget(2)
    assert [budget.spend(now_s) for now_s in (0.0, 30.0, 59.9, 60.0, 89.0, 90.0)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]


def test_worker_messages() -> None:
    assert say.read_request(say.write_request(7, 0.5, [b"h", b"x"])) == (7, 0.5, [b"h", b"x"])
    for ran in (True, False):
        assert say.read_reply(say.write_reply(1 << 40, ran, [b"h"])) == (1 << 40, ran, [b"h"])
    for parts in ([say.REPLY], [say.REPLY, b"short", b"\1", b"h"], [say.REPLY, b"x" * 8, b"", b""]):
        with pytest.raises(ValueError, match="not a"):
            say.read_reply(list(parts))
    with pytest.raises(ValueError, match="not a"):
        say.read_request([say.REQUEST, b"short"])
