"""The in-process server: one ROUTER socket, one thread."""

from __future__ import annotations

import logging
import time
from collections import deque
from types import TracebackType
from typing import Any, Final, Self

import zmq

from lpb_server.errors import ErrorCode
from lpb_server.frontend.admission import REVOKED, Admission
from lpb_server.frontend.client_socket import Frontend
from lpb_server.frontend.job import Job, Route
from lpb_server.frontend.reply_cache import ReplyCache
from lpb_server.observability.metrics import Metrics
from lpb_server.process.memory import ReturnsMemory
from lpb_server.process.supervision import Journal
from lpb_server.security.zap_authenticator import ZapAuthenticator
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.busy_polling import BusyPoller
from lpb_server.sockets.frames import descriptor_of, has_message
from lpb_server.sockets.io_threads import IoThreads
from lpb_server.sockets.waker import Waker
from lpb_server.wire.values import Frame

__all__ = ["STOPPING", "BridgeServer"]

_LOG = logging.getLogger(__name__)

_FLUSH_MS: Final = 1000
STOPPING: Final = "the server is stopping"
_LONG_S: Final = 0.00006
"""Replies leave together with the next ones, unless those are not ready by then."""


class BridgeServer:
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
        self._journal = journal or Journal()
        self._service = service
        self._config = config
        self._queue: deque[Job] = deque()
        self._stopping = False
        self._gave_way_s = 0.0
        self.endpoint = config.endpoint
        self.metrics = Metrics(service.purity)
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
        self._context = zmq.Context()
        self._io_threads = IoThreads(self._context)
        self._waker = Waker()
        self._authenticator = ZapAuthenticator(self._context)
        try:
            self._frontend = Frontend(self._context, self._config, self._authenticator)
        except BaseException:
            self._release()
            raise
        self._authenticator.start()
        config, purity = self._config, self._service.purity
        self._admission = Admission(
            ReplyCache(config.cache, time.monotonic),
            config.limits,
            lambda name: purity.get(name, True),
            config.requests_per_client,
            self._frontend.permits,
            config.peer_bytes,
            config.total_bytes,
            self._journal,
        )
        self.endpoint = self._frontend.endpoint
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frontend.close(_FLUSH_MS)
        self._release()
        self._frontend.release()

    def _release(self) -> None:
        self._authenticator.close()
        self._context.destroy(linger=0)  # What failed to open left nothing to wait for.
        self._io_threads.close()
        self._waker.close()

    def stop(self) -> None:
        """Make `serve` return after the request at hand; those that wait are refused."""
        self._stopping = True
        self._waker.wake()

    @property
    def wake_descriptor(self) -> int:
        """A file descriptor that wakes `serve` when a byte is written to it."""
        return self._waker.sender_descriptor

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

    def _take_all(self, *, ready: bool = False) -> None:
        # A function of its own: in `serve` the last message would live on until the next is taken.
        try:
            for route, user, frames in self._frontend.receive(ready=ready):
                self._take(route, user, frames)
        except MemoryError:
            _LOG.error("a message was dropped: there is no memory left")

    def _take(self, route: Route, user: str, frames: list[Frame]) -> None:
        taken = self._admission.take(route, frames, time.monotonic(), user)
        self.metrics.came(frames)
        if isinstance(taken, Job):
            if self._room():
                self._queue.append(taken)
            else:
                message = f"{self._config.queue_length} requests are waiting already"
                self._refuse(taken, ErrorCode.OVERLOADED, message)
            return
        self.metrics.at_once(taken)
        if taken is not None:
            self.metrics.went(taken)
            self._frontend.send(route, taken)

    def _refuse(self, job: Job, code: ErrorCode, message: str) -> None:
        self._finish(job, job.opened.refuse(code, message), ran=False)

    def _answer(self, job: Job) -> None:
        if not self._frontend.permits(job.user):
            self._refuse(job, ErrorCode.UNAUTHORIZED, REVOKED)
            return
        self._run(job)

    def _run(self, job: Job) -> None:
        handled = self._service.run(job.opened, time.monotonic() - job.arrived_s)
        self._finish(job, handled.reply, ran=handled.ran)

    def _finish(self, job: Job, reply: list[Frame], *, ran: bool) -> None:
        for route in job.routes:
            self.metrics.went(reply)
            self._frontend.send(route, reply)
        now_s = time.monotonic()
        if not self._queue or now_s - self._gave_way_s > _LONG_S:
            self._gave_way_s = now_s
            self._io_threads.give_way()
        # What is noted comes second: nothing else is taken in meanwhile, and the client need not
        # wait for it.
        self._admission.finish(job, reply, ran=ran)
        request = job.opened.request
        self.metrics.finished(request.id, request.op, now_s - job.arrived_s, reply)
