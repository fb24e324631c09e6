"""The Paranoid Pirate queue as a function of its events: which worker gets which job, and when.

No sockets and no clock: every method is told the time and returns what is to be done. A worker has
at most one job; the one that has waited longest gets the next. A job whose worker is lost goes to
the front of the queue when its operation is pure, and is given up otherwise: no queue can know how
far a killed worker came.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from lpb_server.errors import ErrorCode
from lpb_server.transport.reception import REVOKED, Job

__all__ = ["Action", "Dismiss", "Dispatch", "GiveUp", "JobQueue"]

_MOST_LOSSES: Final = 5
"""A request that was under way in so many workers that died is taken for what killed them."""


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
    """

    job: Job
    code: ErrorCode
    message: str
    ran: bool


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Tell a worker that wanted to leave, and has no job, to end; it is forgotten already."""

    worker: bytes


Action: TypeAlias = Dispatch | GiveUp | Dismiss


@dataclass(slots=True)
class _Worker:
    heard_s: float
    job: Job | None = None
    leaving: bool = False


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
    """

    def __init__(
        self,
        length: int,
        liveness_s: float,
        permits: Callable[[str], bool] = lambda user: True,
    ) -> None:
        self._length = length
        self._permits = permits
        self._liveness_s = liveness_s
        self._waiting: deque[Job] = deque()
        self._workers: dict[bytes, _Worker] = {}
        self._idle: OrderedDict[bytes, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return len(self._waiting)

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
        if len(self._waiting) >= self._length and not self._idle:
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
        job, found.job = found.job, None
        found.heard_s = now_s
        if found.leaving:
            return job, self.leave(worker)
        self._idle[worker] = None
        return job, self._dispatch(now_s)

    def leave(self, worker: bytes) -> list[Action]:
        """Note that a worker is to end: it keeps the job it has and gets no other."""
        found = self._workers.get(worker)
        if found is None:
            return []
        found.leaving = True
        self._idle.pop(worker, None)
        if found.job is not None:
            return []
        del self._workers[worker]
        return [Dismiss(worker)]

    def lost(self, worker: bytes, now_s: float) -> list[Action]:
        """Drop a worker; its job goes to another or is given up."""
        found = self._workers.pop(worker, None)
        self._idle.pop(worker, None)
        job = found.job if found is not None else None
        if job is None:
            return []
        job.losses += 1
        if not job.pure:
            message = f"the worker was lost; how far {job.opened.request.op} came is not known"
        elif job.losses >= _MOST_LOSSES:
            message = f"{job.losses} workers were lost that ran it"
        else:
            self._waiting.appendleft(job)
            return self._dispatch(now_s)
        return [GiveUp(job, ErrorCode.WORKER_LOST, message, ran=not job.pure)]

    def silent(self, now_s: float) -> list[bytes]:
        """Return the workers that have been silent for too long; each is to be `lost`."""
        return [
            name
            for name, worker in self._workers.items()
            if now_s - worker.heard_s > self._liveness_s
        ]

    def abandon(self, code: ErrorCode, message: str) -> list[Action]:
        """Give up all jobs that wait, and run nothing more of them."""
        actions: list[Action] = [GiveUp(job, code, message, ran=False) for job in self._waiting]
        self._waiting.clear()
        return actions

    def _dispatch(self, now_s: float) -> list[Action]:
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
            self._workers[worker].job = job
            actions.append(Dispatch(worker, job))
        return actions
