"""Jobs that are sent ahead to busy workers, and called back."""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from itertools import pairwise

import pytest
from lpb_server.broker.queue import Action, Dismiss, Dispatch, GiveUp, JobQueue, Recall
from lpb_server.broker.worker_pool import RestartBudget
from lpb_server.errors import ErrorCode
from lpb_server.frontend.job import Job
from lpb_server.worker import messages as say
from queue_support import A, B, C, given_up, job, queue_with


class Fellow:
    """A worker: what it was sent, what it runs, and what it has said and is still under way."""

    def __init__(self) -> None:
        self.inbox: deque[Job] = deque()
        self.running: Job | None = None
        self.said: deque[tuple[str, Job]] = deque()


def busy_queue(*workers: bytes, length: int = 10) -> tuple[JobQueue, list[Job]]:
    """Return a queue whose workers each have a job that began at another time, and those jobs."""
    queue, jobs = queue_with(*workers, length=length, ahead=True), []
    for second, worker in enumerate(workers):
        jobs.append(job())
        assert queue.submit(jobs[-1], second) == [Dispatch(worker, jobs[-1])]
    return queue, jobs


def test_busy_workers_are_sent_one_more_each() -> None:
    queue, (first, second) = busy_queue(A, B, length=2)
    third, fourth, fifth = job(), job(), job()
    assert queue.submit(third, 2) == [Dispatch(A, third)]
    assert queue.submit(fourth, 2) == [Dispatch(B, fourth)]
    assert queue.waiting == 2
    assert given_up(queue.submit(fifth, 2)) == (fifth, ErrorCode.OVERLOADED, False)
    assert queue.replied(A, first.token, 2) == (first, [])
    assert queue.submit(fifth, 2) == [Dispatch(A, fifth)]
    assert queue.replied(A, third.token, 2) == (third, [])
    assert queue.replied(B, second.token, 2) == (second, [])
    assert (queue.busy, queue.waiting) == (2, 0)


def test_what_has_side_effects_waits_in_the_queue_and_is_not_overtaken() -> None:
    queue, (first,) = busy_queue(A)
    effect, pure = job(pure=False), job()
    assert queue.submit(effect, 1) == []
    assert queue.submit(pure, 1) == []
    assert queue.replied(A, first.token, 1) == (first, [Dispatch(A, effect), Dispatch(A, pure)])


def test_a_worker_with_nothing_to_do_gets_what_waits_at_another() -> None:
    queue, (first, second) = busy_queue(A, B)
    ahead = job()
    assert queue.submit(ahead, 2) == [Dispatch(A, ahead)]
    assert queue.replied(B, second.token, 2) == (second, [Recall(A, ahead)])
    assert queue.submit(job(), 2)[0].__class__ is Dispatch
    assert queue.replied(A, first.token, 2) == (first, [])
    assert queue.replied(A, ahead.token, 2) == (ahead, []), "it had begun, and was not taken"


def test_what_comes_back_goes_to_the_worker_that_is_free() -> None:
    queue, (_, second) = busy_queue(A, B)
    ahead = job()
    queue.submit(ahead, 2)
    queue.replied(B, second.token, 2)
    assert queue.returned(A, ahead.token, 2) == [Dispatch(B, ahead)]
    assert queue.returned(A, ahead.token, 2) == []
    assert queue.returned(C, ahead.token, 2) == []


def test_what_comes_back_after_its_turn_had_come_takes_nothing_with_it() -> None:
    queue, (first, second) = busy_queue(A, B)
    ahead, next_one = job(), job()
    queue.submit(ahead, 2)
    queue.replied(B, second.token, 2)
    queue.submit(second, 2)
    assert queue.replied(A, first.token, 2) == (first, [])
    assert queue.submit(next_one, 3) == [Dispatch(A, next_one)]
    assert queue.returned(A, ahead.token, 3) == [Dispatch(A, ahead)]
    assert queue.replied(A, next_one.token, 3) == (next_one, []), "its reply was not known"
    assert queue.replied(A, ahead.token, 3) == (ahead, [])


def test_a_job_that_waits_long_at_a_worker_is_called_back() -> None:
    queue, (_, second) = busy_queue(A, B)
    old, young, youngest = job(), job(), job()
    assert queue.submit(old, 2) == [Dispatch(A, old)]
    assert queue.submit(young, 2) == [Dispatch(B, young)]
    assert queue.submit(youngest, 2) == []
    assert queue.replied(B, second.token, 3) == (second, [Dispatch(B, youngest), Recall(A, old)])
    assert queue.returned(A, old.token, 3) == [], "A was sent another one while its job takes long"
    assert queue.replied(B, young.token, 3) == (young, [Dispatch(B, old)])


def test_a_lost_workers_jobs_go_to_another_in_their_order() -> None:
    queue, (first, second) = busy_queue(A, B)
    ahead = job()
    queue.submit(ahead, 2)
    assert queue.lost(A, 2) == [Dispatch(B, first)]
    assert queue.replied(B, second.token, 2) == (second, [Dispatch(B, ahead)])
    assert (first.losses, ahead.losses) == (1, 0)


def test_who_leaves_gives_back_what_was_sent_ahead() -> None:
    queue, (first,) = busy_queue(A)
    ahead = job()
    queue.submit(ahead, 1)
    assert queue.leave(A) == [Recall(A, ahead)]
    assert queue.returned(A, ahead.token, 1) == []
    assert queue.replied(A, first.token, 1) == (first, [Dismiss(A)])
    assert queue.ready(B, 1) == [Dispatch(B, ahead)]


def test_what_comes_back_when_all_is_given_up_is_too() -> None:
    queue, _ = busy_queue(A)
    ahead = job()
    queue.submit(ahead, 1)
    assert queue.abandon(ErrorCode.OVERLOADED, "") == []
    assert queue.leave(A) == [Recall(A, ahead)]
    assert given_up(queue.returned(A, ahead.token, 1)) == (ahead, ErrorCode.OVERLOADED, False)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_every_job_ends_once_and_one_with_side_effects_starts_once(seed: int, ahead: bool) -> None:
    source = random.Random(seed)
    queue = queue_with(length=5, ahead=ahead)
    fellows: dict[bytes, Fellow] = {}
    started: Counter[int] = Counter()
    ended: list[int] = []
    submitted: list[Job] = []
    came_back = 0

    def act(actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, GiveUp):
                ended.append(action.job.token)
            elif isinstance(action, Dispatch):
                fellow = fellows[action.worker]
                fellow.inbox.append(action.job)
                assert len(fellow.inbox) + (fellow.running is not None) <= 1 + ahead
            elif isinstance(action, Recall) and action.job in fellows[action.worker].inbox:
                fellows[action.worker].inbox.remove(action.job)
                fellows[action.worker].said.append(("returned", action.job))

    def work(fellow: Fellow) -> None:
        if fellow.running is not None:
            fellow.said.append(("done", fellow.running))
            fellow.running = None
        elif fellow.inbox:
            fellow.running = fellow.inbox.popleft()
            started[fellow.running.token] += 1

    def hear(name: bytes) -> None:
        nonlocal came_back
        if not fellows[name].said:
            return
        word, item = fellows[name].said.popleft()
        if word == "returned":
            came_back += 1
            act(queue.returned(name, item.token, float(step)))
            return
        done, actions = queue.replied(name, item.token, float(step))
        assert done is item
        ended.append(done.token)
        act(actions)

    def arrive(name: bytes) -> None:
        fellows[name] = Fellow()
        act(queue.ready(name, 0.0))

    for step in range(600):
        choice = source.random()
        if choice < 0.25:
            submitted.append(job(pure=source.random() < 0.7))
            act(queue.submit(submitted[-1], float(step)))
        elif choice < 0.6 and fellows:
            work(fellows[source.choice(list(fellows))])
        elif choice < 0.9 and fellows:
            hear(source.choice(list(fellows)))
        elif choice < 0.92 and fellows:
            victim = source.choice(list(fellows))
            del fellows[victim]
            act(queue.lost(victim, float(step)))
        elif len(fellows) < 3:
            arrive(b"%d" % step)
    for _ in range(100):
        if not fellows:
            arrive(b"last")
        for name in list(fellows):
            work(fellows[name])
            hear(name)
    assert sorted(ended) == sorted(item.token for item in submitted)
    assert all(started[item.token] <= 1 for item in submitted if not item.pure)
    assert (came_back > 0) is ahead


def test_restart_budget() -> None:
    budget = RestartBudget(2)
    assert [budget.spend(now_s) for now_s in (0.0, 0.0, 0.0, 29.9, 30.0, 59.9, 60.0)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert budget.wait_s(60.0) == pytest.approx(30)
    assert [budget.spend(1e6) for _ in range(3)] == [True, True, False]


def test_restarts_come_evenly_and_never_at_no_budget() -> None:
    budget = RestartBudget(60)
    seconds = [tenth / 10 for tenth in range(1200)]
    started = [second for second in seconds if budget.spend(second)]
    assert started[:60] == seconds[:60]  # All at once, if need be.
    gaps = [after - before for before, after in pairwise(started[70:])]
    assert max(gaps) < 1.2
    assert len(started) == pytest.approx(60 + 120, abs=2)
    assert not RestartBudget(0).spend(1.0)
    assert RestartBudget(0).wait_s(1.0) == math.inf


def test_worker_messages() -> None:
    assert say.read_request(say.write_request(7, 0.5, [b"h", b"x"])) == (7, 0.5, [b"h", b"x"])
    for ran in (True, False):
        assert say.read_reply(say.write_reply(1 << 40, ran, [b"h"])) == (1 << 40, ran, [b"h"])
    for parts in ([say.REPLY], [say.REPLY, b"short", b"\1", b"h"], [say.REPLY, b"x" * 8, b"", b""]):
        with pytest.raises(ValueError, match="not a"):
            say.read_reply(list(parts))
    with pytest.raises(ValueError, match="not a"):
        say.read_request([say.REQUEST, b"short"])
    assert say.read_token(say.write_token(say.RECALL, 7)) == 7
    for parts in ([say.RETURNED], [say.RETURNED, b"short"]):
        with pytest.raises(ValueError, match="no token"):
            say.read_token(list(parts))
