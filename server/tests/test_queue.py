"""The Paranoid Pirate queue: every decision, with times of the tests' own."""

from __future__ import annotations

from lpb_server.broker.queue import Dismiss, Dispatch
from lpb_server.errors import ErrorCode
from queue_support import A, B, C, given_up, job, queue_with


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
