"""A server that has its operations run by an executor of others, such as Dask's."""

from __future__ import annotations

import logging
import queue
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final, TypeAlias

import zmq

from lpb_server.errors import ErrorCode
from lpb_server.frontend.executors import run_elsewhere
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.frontend.job import Job
from lpb_server.frontend.request_loop import STOPPING
from lpb_server.process.supervision import Journal
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.durations import milliseconds
from lpb_server.wire.refusal import Refusal
from lpb_server.wire.values import Frame

__all__ = ["ExecutorServer"]

_LOG = logging.getLogger(__name__)
_LOST: Final = ("KilledWorker", "CancelledError", "FutureCancelledError", "FuturesCancelledError")
"""What Dask raises when a task's workers died, or its scheduler."""

_Ran: TypeAlias = tuple[list[bytes], bool, str]


class ExecutorServer(BridgeServer):
    """Binds an endpoint, passes on what comes, and sends back what comes of it.

    Such an executor may run a task again when its worker dies. So operations with side effects are
    not given to it: they run in the server's own process, one after the other.

    Parameters
    ----------
    service : Service
        Runs the operations with side effects.
    config : ServerConfig
        Where to listen, and the bounds.
    executor : Executor
        Runs all others.
    drain_s : float
        How long running work may take after `stop`.
    journal : Journal, optional
        What was begun before, where the server has been started again.
    """

    def __init__(
        self,
        service: Service,
        config: ServerConfig,
        executor: Executor,
        drain_s: float,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(service, config, journal)
        self._executor = executor
        self._own = ThreadPoolExecutor(1, "side effects")
        self._drain_s = drain_s
        self._running: set[Job] = set()
        self._done: queue.SimpleQueue[tuple[Job, Future[_Ran]]] = queue.SimpleQueue()
        self.metrics.running = lambda: len(self._running)

    def _room(self) -> bool:
        return len(self._running) + len(self._queue) < self._config.queue_length

    def _run(self, job: Job) -> None:
        waited_s = time.monotonic() - job.arrived_s
        late = job.opened.past_deadline(waited_s)
        if late is not None:
            self._finish(job, late, ran=False)
            return
        frames = [bytes(frame) for frame in job.opened.frames]
        executor = self._executor if job.pure else self._own
        try:
            future = executor.submit(
                run_elsewhere, frames, waited_s, self._config.limits, self._config.operations
            )
        except Exception as error:  # Whatever somebody else's scheduler does at its end.
            _LOG.error("the executor takes no work: %s: %s", type(error).__name__, error)
            self._refuse(job, ErrorCode.WORKER_LOST, "the executor takes no work")
            return
        self._running.add(job)
        future.add_done_callback(lambda done: self._note(job, done))

    def _note(self, job: Job, done: Future[_Ran]) -> None:
        """Pass on that a job is done; in a thread of the executor's."""
        self._done.put((job, done))
        self._waker.wake()

    def _tend(self) -> None:
        while not self._done.empty():
            job, done = self._done.get()
            self._running.discard(job)
            try:
                frames, ran, code = done.result()
            except BaseException as error:
                self._give_up(job, error)
                continue
            reply: list[Frame] = list(frames)
            self._finish(job, Refusal(reply, code) if code else reply, ran=ran)

    def _give_up(self, job: Job, error: BaseException) -> None:
        name, request = type(error).__name__, job.opened.request
        about = {"id": request.id, "op": request.op}
        _LOG.error("request %s failed in the executor: %s", request.id, error, extra=about)
        code = ErrorCode.WORKER_LOST if name in _LOST else ErrorCode.INTERNAL
        reply = job.opened.refuse(code, f"the executor failed: {name}")
        self._finish(job, reply, ran=not job.pure)

    def _drain(self) -> None:
        end_s = time.monotonic() + self._drain_s
        poller = zmq.Poller()
        poller.register(self._waker.descriptor, zmq.POLLIN)
        while self._running and (left_s := end_s - time.monotonic()) > 0:
            poller.poll(milliseconds(left_s))
            self._waker.clear()
            self._tend()
        for job in self._running:
            if job.pure:
                self._refuse(job, ErrorCode.OVERLOADED, STOPPING)
            else:
                reply = job.opened.refuse(ErrorCode.WORKER_LOST, STOPPING)
                self._finish(job, reply, ran=True)
        self._own.shutdown(wait=False, cancel_futures=True)
