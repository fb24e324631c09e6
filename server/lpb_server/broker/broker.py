"""The broker: clients on one ROUTER, workers on another, and the Paranoid Pirate between them."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self, TypeVar

import zmq

from lpb_server.broker.queue import Action, Dispatch, GiveUp, JobQueue, Recall
from lpb_server.broker.worker_pool import WorkerPool
from lpb_server.broker.worker_socket import Backend
from lpb_server.errors import ErrorCode
from lpb_server.frontend.job import Job
from lpb_server.frontend.request_loop import STOPPING, RequestLoop
from lpb_server.process.memory import ReturnsMemory
from lpb_server.process.supervision import Journal
from lpb_server.settings.config import Configuration, PoolConfig, ServerConfig
from lpb_server.settings.layers import POOLED_SETTINGS, flags_of
from lpb_server.sockets.durations import milliseconds
from lpb_server.wire.values import Frame
from lpb_server.worker import messages as say

__all__ = ["Broker"]

_LOG = logging.getLogger(__name__)
_Said = TypeVar("_Said")

_FLUSH_MS: Final = 1000
_GOODBYE_S: Final = 5.0
"""How long workers that were told to stop, and have nothing to do, may take; they take some 50 ms,
and one that was about to start half a second."""

_AHEAD_BYTES: Final = 1 << 20
"""Larger requests are not sent to a worker that is still busy: it would need memory for both."""


class Broker(RequestLoop):
    """Hands requests to worker processes, and their replies back.

    The sockets belong to the thread that enters the context; `stop` may be called from any thread
    and from a signal handler.

    Parameters
    ----------
    purity : mapping of str to bool
        Which operations may run twice; one that is not named may not.
    config : ServerConfig
        Where to listen, and the bounds.
    pool : PoolConfig
        The workers.
    journal : Journal, optional
        What was begun before, where the server has been started again.
    """

    def __init__(
        self,
        purity: dict[str, bool],
        config: ServerConfig,
        pool: PoolConfig,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(config, purity, lambda name: purity.get(name, False), journal)
        self._pool_config = pool
        self._poller: zmq.Poller | None = None
        self._polled: list[int] = []  # The descriptors of workers that it knows.

    def __enter__(self) -> Self:
        """Bind and start the workers.

        Raises
        ------
        MalformedEndpoint, InsecureBindError, BindError, KeyFileError
            When it cannot listen.
        """
        self._open(zmq.Context())
        config = self._config
        try:
            self._backend = Backend(self._context, config, self._pool_config, self._authenticator)
        except BaseException:
            self._frontend.close()
            self._frontend.release()
            self._release()
            raise
        self._begin()
        self._queue = JobQueue(
            config.queue_length,
            self._pool_config.liveness_s,
            self._frontend.permits,
            _may_go_ahead,
        )
        self.workers_endpoint = self._backend.public_endpoint
        shared = Configuration(config, self._pool_config)
        self._pool = WorkerPool(
            self._backend.endpoint,
            self._pool_config,
            flags_of(shared, POOLED_SETTINGS, own="worker"),
        )
        self._pool.start()
        self.metrics.queue_length = lambda: self._queue.waiting
        self.metrics.running = lambda: self._queue.busy
        self.metrics.workers = lambda: len(self._queue.workers)
        self.metrics.restarts = lambda: self._pool.restarts
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frontend.close(_FLUSH_MS)
        self._backend.close(_FLUSH_MS)
        self._pool.close()
        self._release()
        self._frontend.release()
        self._backend.release()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Hand out requests until `stop`.

        Parameters
        ----------
        ready : callable
            Called when the first worker has announced itself.
        """
        announced = not self._pool_config.workers  # Workers elsewhere may come at any time.
        if announced:
            ready()
        beat_s = time.monotonic()
        stopping_s = math.inf
        memory = ReturnsMemory()
        while True:
            now_s = time.monotonic()
            if self._stopping and stopping_s == math.inf:
                stopping_s = now_s
                self._pool.stop()
                self._act(self._queue.abandon(ErrorCode.OVERLOADED, STOPPING))
                for worker in self._queue.workers:
                    self._act(self._queue.leave(worker))
            if self._stopping and self._is_drained(now_s - stopping_s):
                break
            if now_s >= beat_s:
                beat_s = now_s + self._pool_config.heartbeat_s
                self._beat(now_s)
            now_s = time.monotonic()
            self._poll(min(beat_s - now_s, self._pool.wait_s(now_s) or math.inf))
            if not self._queue.busy:
                memory.after(self.metrics.bytes_in)
            if not announced and self._queue.workers:
                announced = True
                ready()
        if self._queue.busy:
            _LOG.error("%d requests were still running; their workers are killed", self._queue.busy)
            for worker in self._queue.workers:
                self._act(self._queue.lost(worker, time.monotonic()))

    def _is_drained(self, waited_s: float) -> bool:
        """Tell whether nothing is left to wait for, that long after `stop`."""
        if self._queue.busy:
            return waited_s >= self._pool_config.drain_s
        return self._pool.is_empty or waited_s >= _GOODBYE_S

    def _poll(self, wait_s: float) -> None:
        """Wait for what comes first, and see to all that has come."""
        descriptors = self._pool.descriptors
        if self._poller is None or descriptors != self._polled:
            self._polled, self._poller = descriptors, zmq.Poller()
            for item in (self._frontend.socket, self._backend.socket):
                self._poller.register(item, zmq.POLLIN)
            for descriptor in (self._waker.descriptor, *descriptors):
                self._poller.register(descriptor, zmq.POLLIN)
        events = dict(self._poller.poll(milliseconds(wait_s)))
        if self._waker.descriptor in events:
            self._waker.clear()
        # First: the reply of a worker that has ended since still counts. Always: it may have come
        # after the poll, when only its end was seen.
        self._hear_workers(ready=self._backend.socket in events)
        for descriptor in self._pool.descriptors:
            if descriptor in events:
                name = self._pool.reap(descriptor)
                if name is not None:
                    self._act(self._queue.lost(name, time.monotonic()))
        if not self._stopping:
            self._pool.replace_missing(time.monotonic())
            self._refuse_without_workers()
        if self._frontend.socket in events:
            self._take_all(ready=True)
            self._refuse_without_workers()

    def _refuse_without_workers(self) -> None:
        """Answer what waits while no worker is left and none may be started yet."""
        if self._stopping or self._queue.workers or not self._queue.waiting:
            return
        wait_s = self._pool.wait_s(time.monotonic())
        if not wait_s:
            return
        if wait_s == math.inf:
            message, details = "no worker is left, and none is replaced", None
        else:
            message = f"all workers have died; the next one is started in {wait_s:.1f} s"
            details = {"retry_after_ms": milliseconds(wait_s)}
        self._act(self._queue.refuse_waiting(ErrorCode.OVERLOADED, message, details))

    def _beat(self, now_s: float) -> None:
        # First: what workers said while the broker itself was busy is no silence of theirs.
        self._hear_workers(ready=False)
        for worker in self._queue.silent(now_s):
            _LOG.warning("worker %s is silent and dropped", worker.decode("ascii", "replace"))
            self._pool.kill(worker)
            self._act(self._queue.lost(worker, now_s))
        for worker in self._queue.workers:
            self._backend.tell(worker, [say.HEARTBEAT])

    def _submit(self, job: Job, now_s: float) -> None:
        if self._stopping:
            self._refuse(job, ErrorCode.OVERLOADED, STOPPING)
        else:
            self._act(self._queue.submit(job, now_s))

    def _hear_workers(self, *, ready: bool) -> None:
        for worker, frames in self._backend.receive(ready=ready):
            now_s = time.monotonic()
            word = bytes(frames[0]) if frames else b""
            if word == say.REVOKED:
                self._act(self._queue.lost(worker, now_s))
            elif word == say.READY:
                self._act(self._queue.ready(worker, now_s))
                if self._stopping:
                    self._act(self._queue.leave(worker))
            elif not self._queue.heard(worker, now_s):
                self._backend.tell(worker, [say.STOP if word == say.GOODBYE else say.WHO])
            elif word == say.GOODBYE:
                self._act(self._queue.leave(worker))
            elif word == say.REPLY:
                said = _understood(worker, say.read_reply, frames)
                if said is not None:
                    self._forward(worker, *said, now_s)
            elif word == say.RETURNED:
                token = _understood(worker, say.read_token, frames)
                if token is not None:
                    self._act(self._queue.returned(worker, token, now_s))

    def _forward(
        self, worker: bytes, token: int, ran: bool, reply: list[Frame], now_s: float
    ) -> None:
        job, actions = self._queue.replied(worker, token, now_s)
        self._act(actions)  # First: the worker has nothing to do until its next request comes.
        if job is not None:
            self._finish(job, reply, ran=ran)

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, Dispatch):
                job = action.job
                waited_s = time.monotonic() - job.arrived_s
                request = say.write_request(job.token, waited_s, list(job.opened.frames))
                self._backend.tell(action.worker, request)
            elif isinstance(action, GiveUp):
                given_up = action.job
                self._refuse(given_up, action.code, action.message, action.details, ran=action.ran)
            elif isinstance(action, Recall):
                self._backend.tell(action.worker, say.write_token(say.RECALL, action.job.token))
            else:
                self._backend.tell(action.worker, [say.STOP])


def _understood(
    worker: bytes, read: Callable[[list[Frame]], _Said], frames: list[Frame]
) -> _Said | None:
    """Read what a worker says; None when that is nothing, which is logged."""
    try:
        return read(frames)
    except ValueError as error:
        _LOG.error("worker %s: %s", worker.decode("ascii", "replace"), error)
        return None


def _may_go_ahead(job: Job) -> bool:
    """Tell whether a job may wait at a worker: that may be lost, and a user may lose his rights."""
    return job.pure and not job.user and sum(map(len, job.opened.frames)) <= _AHEAD_BYTES
