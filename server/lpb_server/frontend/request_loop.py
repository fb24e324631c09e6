"""What a server and a broker have in common: requests come in, are admitted, and are answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import zmq

from lpb_server.errors import ErrorCode
from lpb_server.frontend.admission import Admission
from lpb_server.frontend.client_socket import Frontend
from lpb_server.frontend.job import Job, Route
from lpb_server.frontend.reply_cache import ReplyCache
from lpb_server.observability.metrics import Metrics
from lpb_server.process.supervision import Journal
from lpb_server.security.zap_authenticator import ZapAuthenticator
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.waker import Waker
from lpb_server.wire.values import Frame

__all__ = ["STOPPING", "RequestLoop"]

_LOG = logging.getLogger(__name__)

STOPPING: Final = "the server is stopping"


class RequestLoop:
    """The clients' socket, what is admitted from it, and replies, each sent and noted once.

    A subclass has the loop itself, and says what becomes of a job that was admitted. Sockets belong
    to the thread that opens them; `stop` may be called from any thread and from a signal handler.

    Parameters
    ----------
    config : ServerConfig
        Where to listen, and the bounds.
    purity : mapping of str to bool
        Which operations may run twice.
    is_pure : callable
        Tells that of any name, also of one that is not in `purity`.
    journal : Journal, optional
        What was begun before, where the server has been started again.
    """

    def __init__(
        self,
        config: ServerConfig,
        purity: Mapping[str, bool],
        is_pure: Callable[[str], bool],
        journal: Journal | None,
    ) -> None:
        self._config = config
        self._is_pure = is_pure
        self._journal = journal or Journal()
        self._stopping = False
        self.endpoint = config.endpoint
        self.metrics = Metrics(purity)

    def stop(self) -> None:
        """Make `serve` finish what is at hand, refuse the rest, and return."""
        self._stopping = True
        self._waker.wake()

    @property
    def wake_descriptor(self) -> int:
        """A file descriptor that wakes `serve` when a byte is written to it."""
        return self._waker.sender_descriptor

    def _open(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Bind the clients' socket; when that fails, the context is closed."""
        self._context = context
        self._waker = Waker()
        self._authenticator = ZapAuthenticator(context)
        try:
            self._frontend = Frontend(context, self._config, self._authenticator)
        except BaseException:
            self._release()
            raise

    def _begin(self) -> None:
        """Let clients in: all sockets are open."""
        self._authenticator.start()
        config = self._config
        self._admission = Admission(
            ReplyCache(config.cache, time.monotonic),
            config.limits,
            self._is_pure,
            config.requests_per_client,
            self._frontend.permits,
            config.peer_bytes,
            config.total_bytes,
            self._journal,
        )
        self.endpoint = self._frontend.endpoint

    def _release(self) -> None:
        self._authenticator.close()
        self._context.destroy(linger=0)  # What failed to open left nothing to wait for.
        self._waker.close()

    def _take_all(self, *, ready: bool = False) -> None:
        """Take in what has come; `ready` says that something has, else that is asked first."""
        # A function of its own: in `serve` the last message would live on until the next is taken.
        try:
            for route, user, frames in self._frontend.receive(ready=ready):
                self._take(route, user, frames)
        except MemoryError:
            _LOG.error("a message was dropped: there is no memory left")

    def _take(self, route: Route, user: str, frames: list[Frame]) -> None:
        now_s = time.monotonic()
        taken = self._admission.take(route, frames, now_s, user)
        self.metrics.came(frames)
        if isinstance(taken, Job):
            self._submit(taken, now_s)
            return
        self.metrics.at_once(taken)
        if taken is not None:
            self.metrics.went(taken)
            self._frontend.send(route, taken)

    def _submit(self, job: Job, now_s: float) -> None:
        """Do what is to be done with a job that was admitted."""
        raise NotImplementedError

    def _refuse(
        self,
        job: Job,
        code: ErrorCode,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        ran: bool = False,
    ) -> None:
        self._finish(job, job.opened.refuse(code, message, details), ran=ran)

    def _finish(self, job: Job, reply: list[Frame], *, ran: bool) -> None:
        """Send a reply to all who wait for it, and note it."""
        for route in job.routes:
            self.metrics.went(reply)
            self._frontend.send(route, reply)
        now_s = time.monotonic()
        self._sent(now_s)
        # What is noted comes second: nothing else is taken in meanwhile, and the client need not
        # wait for it.
        self._admission.finish(job, reply, ran=ran)
        request = job.opened.request
        self.metrics.finished(request.id, request.op, now_s - job.arrived_s, reply)

    def _sent(self, now_s: float) -> None:
        """See to what a reply needs on its way; here nothing."""
