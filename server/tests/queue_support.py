"""What the tests of the queue share: jobs, and queues with workers."""

from __future__ import annotations

import itertools

from lpb_server.broker.queue import Action, GiveUp, JobQueue
from lpb_server.errors import ErrorCode
from lpb_server.frontend.job import Job
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.intake import Opened

A, B, C = b"a", b"b", b"c"


TOKENS = itertools.count(1)


def job(pure: bool = True, arrived_s: float = 0.0, deadline_ms: int | None = None) -> Job:
    request = Request("1", "op", deadline_ms=deadline_ms)
    return Job(next(TOKENS), Opened(request, WireFormat.JSON, []), None, pure, arrived_s)


def queue_with(*workers: bytes, length: int = 10, ahead: bool = False) -> JobQueue:
    queue = JobQueue(length, 5.0, may_go_ahead=lambda job: ahead and job.pure)
    for worker in workers:
        assert queue.ready(worker, 0.0) == []
    return queue


def given_up(actions: list[Action]) -> tuple[Job, ErrorCode, bool]:
    (action,) = actions
    assert isinstance(action, GiveUp)
    return action.job, action.code, action.ran
