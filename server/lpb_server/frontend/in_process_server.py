"""The in-process server: one ROUTER socket, one thread."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Any, Final, Self

import zmq

from lpb_server.errors import ErrorCode
from lpb_server.frontend.admission import REVOKED
from lpb_server.frontend.job import Job
from lpb_server.frontend.request_loop import STOPPING, RequestLoop
from lpb_server.process.memory import ReturnsMemory
from lpb_server.process.supervision import Journal
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.busy_polling import BusyPoller
from lpb_server.sockets.frames import descriptor_of, has_message
from lpb_server.sockets.io_threads import IoThreads

__all__ = ["BridgeServer"]

_FLUSH_MS: Final = 1000
_LONG_S: Final = 0.00006
"""Replies leave together with the next ones, unless those are not ready by then."""


class BridgeServer(RequestLoop):
    """Binds an endpoint and answers what comes, until it is stopped.

    The socket belongs to the thread that enters the context; `stop` may be called from any
    thread and from a signal handler.

    Parameters
    ----------
    service : Service
        Answers the requests.
    config : ServerConfig
        Where to listen, and the bounds.
    journal : Journal, optional
        What was begun before, where the server has been started again.
    """

    def __init__(
        self, service: Service, config: ServerConfig, journal: Journal | None = None
    ) -> None:
        purity = service.purity
        # Of one that is not there, nothing runs.
        super().__init__(config, purity, lambda name: purity.get(name, True), journal)
        self._service = service
        self._queue: deque[Job] = deque()
        self._gave_way_s = 0.0
        self.metrics.queue_length = lambda: len(self._queue)

    def __enter__(self) -> Self:
        """Bind.

        Raises
        ------
        MalformedEndpoint
            When it is no endpoint.
        InsecureBindError
            When the endpoint is beyond loopback and nothing allows that.
        KeyFileError
            When it has no key pair for CURVE.
        BindError
            When it cannot be bound.
        """
        context = zmq.Context()
        self._io_threads = IoThreads(context)
        try:
            self._open(context)
        except BaseException:
            self._io_threads.close()
            raise
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frontend.close(_FLUSH_MS)
        self._release()
        self._io_threads.close()
        self._frontend.release()

    def serve(self) -> None:
        """Answer requests until `stop`."""
        poller = zmq.Poller()
        poller.register(self._frontend.socket, zmq.POLLIN)
        poller.register(self._waker.descriptor, zmq.POLLIN)
        shown = descriptor_of(self._frontend.socket)
        busy_poller = BusyPoller(shown, self._waker.descriptor, limit_us=self._config.busy_poll_us)
        memory = ReturnsMemory()
        seen: dict[Any, int] = {}
        while not self._stopping:
            self._tend()
            self._take_all(ready=shown in seen or self._frontend.socket in seen)
            if self._stopping:
                break
            seen = {}
            if self._queue:
                self._answer(self._queue.popleft())
                memory.after(self.metrics.bytes_in)
            if self._queue:
                continue
            # Asked first: what came while a reply was sent is not shown at the descriptor.
            if busy_poller.due() and not has_message(self._frontend.socket):
                seen = dict(busy_poller.watch())
            seen = seen or dict(poller.poll())
            if self._waker.descriptor in seen:
                self._waker.clear()
        self._take_all()
        while self._queue:
            self._refuse(self._queue.popleft(), ErrorCode.OVERLOADED, STOPPING)
        self._drain()

    def _tend(self) -> None:
        """See to work that has been done elsewhere; here there is none."""

    def _drain(self) -> None:
        """Wait for work that is being done elsewhere; here there is none."""

    def _room(self) -> bool:
        return len(self._queue) < self._config.queue_length

    def _submit(self, job: Job, now_s: float) -> None:
        if self._room():
            self._queue.append(job)
        else:
            message = f"{self._config.queue_length} requests are waiting already"
            self._refuse(job, ErrorCode.OVERLOADED, message)

    def _answer(self, job: Job) -> None:
        if not self._frontend.permits(job.user):
            self._refuse(job, ErrorCode.UNAUTHORIZED, REVOKED)
            return
        self._run(job)

    def _run(self, job: Job) -> None:
        handled = self._service.run(job.opened, time.monotonic() - job.arrived_s)
        self._finish(job, handled.reply, ran=handled.ran)

    def _sent(self, now_s: float) -> None:
        if not self._queue or now_s - self._gave_way_s > _LONG_S:
            self._gave_way_s = now_s
            self._io_threads.give_way()
