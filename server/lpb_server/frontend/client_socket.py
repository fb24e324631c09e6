"""The socket that clients talk to: a ROUTER.

Frames as it sees them::

    [identity][header][array 0] …          from a DEALER
    [identity][empty][header][array 0] …   from a REQ, whose reply has the empty frame too
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

import zmq

from lpb_server.errors import BindError
from lpb_server.frontend.job import ANYBODY, Route
from lpb_server.security.access import check_bind, protection
from lpb_server.security.connections import cut_off
from lpb_server.security.keys import Role
from lpb_server.security.peer_bytes import PeerBytes
from lpb_server.security.zap_authenticator import ZapAuthenticator
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.durations import milliseconds
from lpb_server.sockets.frames import Arrivals, send_frames, usable
from lpb_server.sockets.send_buffer import bound_send_buffer
from lpb_server.sockets.socket_files import claimed
from lpb_server.wire.values import Frame

__all__ = ["Frontend"]

_LOG = logging.getLogger(__name__)

_DOMAIN: Final = "clients"
_MOST_HEARD: Final = 1 << 16

_COUNTED_BYTES: Final = 64 << 10
"""Smaller replies are not counted: the high-water mark bounds how many there are."""

_DRAIN_LIMIT: Final = 256
"""Messages taken from the socket before others get their turn: a flood cannot starve answers."""


class Frontend:
    """Binds an endpoint; it belongs to the thread that made it.

    Parameters
    ----------
    context : zmq.Context
        Where the socket is made.
    config : ServerConfig
        Where to listen, and the bounds.
    authenticator : ZapAuthenticator
        The context's, not started yet.

    Raises
    ------
    MalformedEndpoint
        When it is no endpoint.
    InsecureBindError
        When the endpoint is beyond loopback and nothing allows that.
    KeyFileError
        When there is to be CURVE and the server has no key pair.
    BindError
        When it cannot be bound.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        config: ServerConfig,
        authenticator: ZapAuthenticator,
    ) -> None:
        check_bind(config.endpoint, insecure=config.insecure, curve=config.curve)
        self._protection = protection(config, Role.CLIENT)
        self._authenticator = authenticator
        self._files = ExitStack()
        self._heard: dict[bytes, tuple[int, float]] = {}  # The connections of known peers.
        self._held = PeerBytes(
            max(config.peer_bytes, config.limits.array_bytes + config.limits.header_bytes),
            config.peer_bytes,
            config.total_bytes,
        )
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        try:
            authenticator.guard(
                self.socket,
                _DOMAIN,
                self._protection,
                config.connections,
                handshakes_per_s=config.handshakes_per_s,
                held=self._held,
            )
            self.socket.handshake_ivl = milliseconds(config.handshake_s)
            self.socket.linger = 0
            self.socket.rcvhwm = self.socket.sndhwm = config.high_water_mark
            bound_send_buffer(self.socket, config.endpoint)
            self.socket.maxmsgsize = config.limits.frame_bytes
            self.socket.router_mandatory = True  # A reply that cannot be sent is an error here.
            self.socket.ipv6 = config.endpoint.startswith("tcp://[")
            endpoint = config.endpoint
            if endpoint.startswith("tcp://") and endpoint.endswith(":0"):
                endpoint = endpoint[:-1] + "*"
            self._files.enter_context(claimed(endpoint))
            self.socket.bind(endpoint)
            self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
            self._arrivals = Arrivals(self.socket)
        except (zmq.ZMQError, OSError) as error:
            self.socket.close(linger=0)
            self.release()
            raise BindError(config.endpoint, error.strerror or str(error)) from None
        except BaseException:
            self.socket.close(linger=0)
            raise

    def close(self, linger_ms: int = 0) -> None:
        """Close the socket; replies still under way have that long."""
        self.socket.close(linger=linger_ms)

    def release(self) -> None:
        """Let go of the socket's file, once the context has ended: ZeroMQ removes it until then."""
        self._files.close()

    def permits(self, user: str) -> bool:
        """Tell whether a user may have operations run, now: a key can be revoked at any time."""
        return self._protection is None or self._protection.allowed.permits(user)

    def receive(self, *, ready: bool = False) -> Iterator[tuple[Route, str, list[Frame]]]:
        """Yield the messages that have come, at most a bounded number of them.

        Parameters
        ----------
        ready : bool
            Whether a poller has just seen one.

        Yields
        ------
        tuple of Route, str and list of frames
            Where the reply goes; the public key that the peer has proven to own, empty without
            CURVE; and the message.
        """
        for _ in range(_DRAIN_LIMIT):
            try:
                parts = self._arrivals.take(ready=ready)
            except zmq.ZMQError as error:
                _LOG.error("receiving failed: %s", error)
                return
            if parts is None:
                return
            ready = False
            # libzmq puts the identity first, so `parts` is never empty.
            route: Route = (parts[0].bytes,)
            if len(parts) > 1 and len(parts[1]) == 0:
                route += (b"",)
            known = self._heard.get(route[0]) or self._note(route[0], parts[-1])
            self._held.take(known[0])
            user = ANYBODY if self._protection is None else str(parts[-1].get("User-Id"))
            yield route, user, list(map(usable, parts[len(route) :]))

    def _note(self, peer: bytes, part: zmq.Frame) -> tuple[int, float]:
        """Note that a peer speaks, here and at the authenticator; return what connection it has."""
        if len(self._heard) >= _MOST_HEARD:
            self._heard.clear()
        descriptor = int(part.get(zmq.SRCFD))
        known = self._heard[peer] = descriptor, self._authenticator.since(_DOMAIN, descriptor)
        self._authenticator.spoke(_DOMAIN, descriptor)
        return known

    def _has_room(self, peer: bytes, reply: Sequence[Frame]) -> bool:
        """Tell whether a peer has read enough to be sent a reply; it is cut off when it has not."""
        size = len(reply[0]) if len(reply) == 1 else sum(map(len, reply))
        known = self._heard.get(peer) if size >= _COUNTED_BYTES else None
        if known is None:
            return True
        if self._authenticator.since(_DOMAIN, known[0]) != known[1]:
            del self._heard[peer]  # It has connected again; its next message says as what.
            return True
        if self._held.may_send(known[0], size):
            return True
        cut_off(known[0])
        return False

    def send(self, route: Route, reply: Sequence[Frame]) -> None:
        """Send a reply; it is dropped when its peer is gone or does not read."""
        if not self._has_room(route[0], reply):
            _LOG.warning("peer %s was cut off: it does not read its replies", route[0].hex())
            return
        try:
            send_frames(self.socket, [*route, *reply])
        except zmq.ZMQError as error:
            _LOG.warning("reply to peer %s dropped: %s", route[0].hex(), error)
