"""The Paranoid Pirate queue as a function of its events: which worker gets which job, and when.

No sockets and no clock: every method is told the time and returns what is to be done. A worker runs
one job; the one that has waited longest gets the next. A job whose worker is lost goes to the front
of the queue when its operation is pure, and is given up otherwise: no queue can know how far a
killed worker came.

Where every worker has a job, each is sent one more ahead, so that it has something to do while its
reply is under way. That job is not bound to it: it is called back when another worker has nothing
to do, and when the one before takes long.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from lpb_server.errors import ErrorCode
from lpb_server.frontend.admission import REVOKED
from lpb_server.frontend.job import Job

__all__ = ["Action", "Dismiss", "Dispatch", "GiveUp", "JobQueue", "Recall"]

_MOST_LOSSES: Final = 5
"""A request that was under way in so many workers that died is taken for what killed them."""

_PATIENCE_S: Final = 0.05
"""A job that has waited so long at a worker for the one before is called back at the next occasion:
the others go on taking jobs meanwhile, and those would be younger."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Send a job to a worker."""

    worker: bytes
    job: Job


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Answer a job with an error.

    Parameters
    ----------
    job : Job
        What will not be run, or not to its end.
    code : ErrorCode
        Why.
    message : str
        The same for people.
    ran : bool
        Whether its operation may have been called.
    details : dict, optional
        What a program can use.
    """

    job: Job
    code: ErrorCode
    message: str
    ran: bool
    details: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Tell a worker that wanted to leave, and has no job, to end; it is forgotten already."""

    worker: bytes


@dataclass(frozen=True, slots=True)
class Recall:
    """Call a job back that was sent ahead; a worker that has begun it does not answer."""

    worker: bytes
    job: Job


Action: TypeAlias = Dispatch | GiveUp | Dismiss | Recall


@dataclass(slots=True)
class _Worker:
    heard_s: float
    job: Job | None = None
    since_s: float = 0.0
    ahead: Job | None = None
    ahead_since_s: float = 0.0
    recalled: bool = False
    leaving: bool = False

    @property
    def can_be_recalled(self) -> bool:
        return self.ahead is not None and not self.recalled


class JobQueue:
    """Jobs that wait, and the workers there are.

    Parameters
    ----------
    length : int
        How many jobs wait at most.
    liveness_s : float
        How long a worker may be silent.
    permits : callable
        Tells whether a user may have operations run, now.
    may_go_ahead : callable
        Tells whether a job may be sent to a worker that has one already.
    """

    def __init__(
        self,
        length: int,
        liveness_s: float,
        permits: Callable[[str], bool] = lambda user: True,
        may_go_ahead: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        self._length = length
        self._permits = permits
        self._may_go_ahead = may_go_ahead
        self._liveness_s = liveness_s
        self._abandoned: tuple[ErrorCode, str] | None = None
        self._waiting: deque[Job] = deque()
        self._workers: dict[bytes, _Worker] = {}
        self._idle: OrderedDict[bytes, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker, wherever they do."""
        return len(self._waiting) + sum(item.ahead is not None for item in self._workers.values())

    @property
    def workers(self) -> tuple[bytes, ...]:
        """The workers that are thought to live."""
        return tuple(self._workers)

    @property
    def busy(self) -> int:
        """How many workers have a job."""
        return sum(worker.job is not None for worker in self._workers.values())

    def submit(self, job: Job, now_s: float) -> list[Action]:
        """Queue a job; a full queue gives it up as overloaded."""
        if not self._idle and self.waiting >= self._length:
            message = f"{self._length} requests are waiting already"
            return [GiveUp(job, ErrorCode.OVERLOADED, message, ran=False)]
        self._waiting.append(job)
        return self._dispatch(now_s)

    def ready(self, worker: bytes, now_s: float) -> list[Action]:
        """Note that a worker has started, or started over: what it had is lost."""
        actions = self.lost(worker, now_s)
        self._workers[worker] = _Worker(now_s)
        self._idle[worker] = None
        return actions + self._dispatch(now_s)

    def heard(self, worker: bytes, now_s: float) -> bool:
        """Note a sign of life; tell whether the worker is known."""
        found = self._workers.get(worker)
        if found is not None:
            found.heard_s = now_s
        return found is not None

    def replied(self, worker: bytes, token: int, now_s: float) -> tuple[Job | None, list[Action]]:
        """Note a reply.

        Returns
        -------
        tuple of Job or None and list of actions
            The job that is done; None when the worker does not have it, or has it no longer.
        """
        found = self._workers.get(worker)
        if found is None or found.job is None or found.job.token != token:
            return None, []
        job = found.job
        found.heard_s = found.since_s = now_s
        found.job, found.ahead, found.recalled = found.ahead, None, False
        return job, self._go_on(worker, now_s)

    def returned(self, worker: bytes, token: int, now_s: float) -> list[Action]:
        """Note that a worker has given a job back, and has not begun it."""
        found = self._workers.get(worker)
        if found is None:
            return []
        if found.ahead is not None and found.ahead.token == token:
            job, found.ahead = found.ahead, None
        elif found.job is not None and found.job.token == token:
            # Its turn had come, as far as was known here, and one more may have been sent.
            job, found.job, found.ahead = found.job, found.ahead, None
        else:
            return []
        self._waiting.appendleft(job)
        return self._go_on(worker, now_s)

    def _go_on(self, worker: bytes, now_s: float) -> list[Action]:
        """Hand out jobs, to this worker too when it has none left, unless it is to end."""
        found = self._workers[worker]
        if found.job is None and found.leaving:
            return self.leave(worker) + self._dispatch(now_s)
        if found.job is None:
            self._idle[worker] = None
        return self._dispatch(now_s)

    def leave(self, worker: bytes) -> list[Action]:
        """Note that a worker is to end: it keeps the job it has and gets no other."""
        found = self._workers.get(worker)
        if found is None:
            return []
        found.leaving = True
        self._idle.pop(worker, None)
        if found.job is not None:
            return [self._recall(worker)] if found.can_be_recalled else []
        del self._workers[worker]
        return [Dismiss(worker)]

    def lost(self, worker: bytes, now_s: float) -> list[Action]:
        """Drop a worker; its job goes to another or is given up."""
        found = self._workers.pop(worker, None)
        self._idle.pop(worker, None)
        job = found.job if found is not None else None
        if found is None or job is None:
            return []
        if found.ahead is not None:
            self._waiting.appendleft(found.ahead)
        job.losses += 1
        if not job.pure:
            message = f"the worker was lost; how far {job.opened.request.op} came is not known"
        elif job.losses >= _MOST_LOSSES:
            message = f"{job.losses} workers were lost that ran it"
        else:
            self._waiting.appendleft(job)
            return self._dispatch(now_s)
        given_up = GiveUp(job, ErrorCode.WORKER_LOST, message, ran=not job.pure)
        return [given_up, *self._dispatch(now_s)]

    def silent(self, now_s: float) -> list[bytes]:
        """Return the workers that have been silent for too long; each is to be `lost`."""
        return [
            name
            for name, worker in self._workers.items()
            if now_s - worker.heard_s > self._liveness_s
        ]

    def abandon(self, code: ErrorCode, message: str) -> list[Action]:
        """Give up all jobs that wait, and those that will come to wait again."""
        self._abandoned = code, message
        return self.refuse_waiting(code, message)

    def refuse_waiting(
        self, code: ErrorCode, message: str, details: dict[str, int] | None = None
    ) -> list[Action]:
        """Give up all jobs that wait now."""
        actions: list[Action] = [
            GiveUp(job, code, message, ran=False, details=details) for job in self._waiting
        ]
        self._waiting.clear()
        return actions

    def _dispatch(self, now_s: float) -> list[Action]:
        if self._abandoned is not None:
            return self.abandon(*self._abandoned)
        actions: list[Action] = []
        while self._waiting and self._idle:
            job = self._waiting.popleft()
            deadline_ms = job.opened.request.deadline_ms
            if deadline_ms is not None and (now_s - job.arrived_s) * 1000 >= deadline_ms:
                message = f"the request waited past its deadline of {deadline_ms} ms; not run"
                actions.append(GiveUp(job, ErrorCode.DEADLINE_EXCEEDED, message, ran=False))
                continue
            if not self._permits(job.user):
                actions.append(GiveUp(job, ErrorCode.UNAUTHORIZED, REVOKED, ran=False))
                continue
            worker, _ = self._idle.popitem(last=False)
            found = self._workers[worker]
            found.job, found.since_s = job, now_s
            actions.append(Dispatch(worker, job))
        return actions + self._send_ahead(now_s) + self._call_back(now_s)

    def _send_ahead(self, now_s: float) -> list[Action]:
        """Give each worker that has a job another one, those first that began first."""
        actions: list[Action] = []
        while self._waiting and self._may_go_ahead(self._waiting[0]):
            able = [
                (found.since_s, name)
                for name, found in self._workers.items()
                if found.job and not (found.ahead or found.recalled or found.leaving)
            ]
            if not able:
                break
            _, worker = min(able)
            job, found = self._waiting.popleft(), self._workers[worker]
            found.ahead, found.ahead_since_s = job, now_s
            actions.append(Dispatch(worker, job))
        return actions

    def _call_back(self, now_s: float) -> list[Action]:
        """Call back what waits at a worker and need not, or has waited too long."""
        there = sorted(
            (found.ahead_since_s, name)
            for name, found in self._workers.items()
            if found.can_be_recalled
        )
        free = len(self._idle)
        return [
            self._recall(name)
            for place, (since_s, name) in enumerate(there)
            if place < free or now_s - since_s > _PATIENCE_S
        ]

    def _recall(self, worker: bytes) -> Recall:
        found = self._workers[worker]
        assert found.ahead is not None
        found.recalled = True
        return Recall(worker, found.ahead)
