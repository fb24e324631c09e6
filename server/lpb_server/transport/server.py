"""The in-process server: one ROUTER socket, one thread.

Frames as the ROUTER sees them::

    [identity][header][array 0] …          from a DEALER
    [identity][empty][header][array 0] …   from a REQ, whose reply has the empty frame too
"""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import zmq

from lpb_server.config import ServerConfig
from lpb_server.errors import BindError, ErrorCode
from lpb_server.security import check_bind
from lpb_server.service import Service
from lpb_server.transport.reception import Job, Reception, Route
from lpb_server.transport.reply_cache import ReplyCache
from lpb_server.wire.values import Frame

__all__ = ["BridgeServer"]

_LOG = logging.getLogger(__name__)

_WAKE_BYTES: Final = 4096
_DRAIN_LIMIT: Final = 256
"""Messages taken from the socket before one is answered: a flood cannot starve the answers."""


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
    """

    def __init__(self, service: Service, config: ServerConfig) -> None:
        self._service = service
        self._config = config
        purity = service.purity
        self._reception = Reception(
            ReplyCache(config.cache, time.monotonic),
            config.limits,
            lambda name: purity.get(name, True),
        )
        self._queue: deque[Job] = deque()
        self._stopping = False
        self.endpoint = config.endpoint

    def __enter__(self) -> Self:
        """Bind.

        Raises
        ------
        MalformedEndpoint
            When it is no endpoint.
        InsecureBindError
            When the endpoint is beyond loopback and nothing allows that.
        BindError
            When it cannot be bound.
        """
        config = self._config
        check_bind(config.endpoint, insecure=config.insecure)
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_sender.setblocking(False)
        self._wake_receiver.setblocking(False)
        try:
            self._socket.linger = 0
            self._socket.rcvhwm = self._socket.sndhwm = config.high_water_mark
            self._socket.maxmsgsize = config.limits.frame_bytes
            self._socket.router_mandatory = True  # A reply that cannot be sent is an error here.
            self._socket.ipv6 = config.endpoint.startswith("tcp://[")
            endpoint = config.endpoint
            if endpoint.startswith("tcp://") and endpoint.endswith(":0"):
                endpoint = endpoint[:-1] + "*"
            self._socket.bind(endpoint)
            self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        except (zmq.ZMQError, OSError) as error:
            self._close()
            raise BindError(config.endpoint, error.strerror or str(error)) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._socket.close(linger=0)
        self._context.term()
        self._wake_receiver.close()
        self._wake_sender.close()

    def stop(self) -> None:
        """Make `serve` return after the request at hand."""
        self._stopping = True
        # It fails when full, so a wake-up is on its way; or closed, so nothing runs any more.
        with suppress(OSError):
            self._wake_sender.send(b"\0")

    @property
    def wake_descriptor(self) -> int:
        """A file descriptor that wakes `serve` when a byte is written to it.

        It is what `signal.set_wakeup_fd` wants: without it a signal that arrives just before the
        thread goes to sleep would be noticed only when the next request comes.
        """
        return self._wake_sender.fileno()

    def serve(self) -> None:
        """Answer requests until `stop`."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._wake_receiver, zmq.POLLIN)
        while not self._stopping:
            events = dict(poller.poll(0 if self._queue else None))
            if self._wake_receiver.fileno() in events:
                self._wake_receiver.recv(_WAKE_BYTES)
            self._receive_waiting()
            if self._queue and not self._stopping:
                self._answer(self._queue.popleft())

    def _receive_waiting(self) -> None:
        for _ in range(_DRAIN_LIMIT):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            except zmq.ZMQError as error:
                _LOG.error("receiving failed: %s", error)
                return
            # libzmq puts the identity first, so `parts` is never empty.
            route: Route = (parts[0].bytes,)
            if len(parts) > 1 and len(parts[1]) == 0:
                route += (b"",)
            self._take(route, [part.buffer for part in parts[len(route) :]])

    def _take(self, route: Route, frames: list[Frame]) -> None:
        taken = self._reception.take(route, frames, time.monotonic())
        if isinstance(taken, list):
            self._send(route, taken)
        elif taken is not None and len(self._queue) < self._config.queue_length:
            self._queue.append(taken)
        elif taken is not None:
            message = f"{self._config.queue_length} requests are waiting already"
            self._finish(taken, taken.opened.refuse(ErrorCode.OVERLOADED, message), ran=False)

    def _answer(self, job: Job) -> None:
        handled = self._service.run(job.opened, time.monotonic() - job.arrived_s)
        self._finish(job, handled.reply, ran=handled.ran)

    def _finish(self, job: Job, reply: list[Frame], *, ran: bool) -> None:
        for route in self._reception.finish(job, reply, ran=ran):
            self._send(route, reply)

    def _send(self, route: Route, reply: Sequence[Frame]) -> None:
        try:
            self._socket.send_multipart([*route, *reply], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            # The peer is gone, or does not read: its replies are dropped, nobody else waits.
            _LOG.warning("reply to peer %s dropped: %s", route[0].hex(), error)
