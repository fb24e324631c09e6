"""The connection limiter: counts the connections of one socket that binds, and ends some.

The ZAP authenticator's thread drives it; the socket's own thread asks and tells a few things.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from contextlib import suppress
from typing import Final

import zmq

from lpb_server.security.access import Protection
from lpb_server.security.handshake_rate import HandshakeRate
from lpb_server.security.peer_bytes import PeerBytes
from lpb_server.sockets.monitor import read_event

__all__ = ["ConnectionLimiter", "cut_off"]

_LOG = logging.getLogger(__name__)

_MOST_SILENT: Final = 256
_SILENT_S: Final = 1.0
"""How many peers without CURVE may have said nothing yet for how long; the oldest are cut off when
there are more. ZeroMQ's clients then connect again by themselves."""

_LOOK_S: Final = 0.2
"""How often the bytes that are held for peers are counted, while there are any."""

_RESET: Final = struct.pack("ii", 1, 0)

_TOLD: Final = 64
"""So many peers beyond the number of connections are told in their handshake that there are too
many; more are cut off at once, for each holds a descriptor until then."""


class ConnectionLimiter:
    """The connections of one socket.

    Parameters
    ----------
    monitor : zmq.Socket
        Tells of connections that begin and end.
    protection : Protection or None
        CURVE, where there is.
    connections : int
        How many peers may be connected at most.
    rate : HandshakeRate or None
        How fast they may come; None for as fast as they like.
    names_peers : bool
        Whether the authenticator names them.
    held : PeerBytes or None
        What is held for each.
    """

    def __init__(
        self,
        monitor: zmq.Socket[bytes],
        protection: Protection | None,
        connections: int,
        rate: HandshakeRate | None,
        held: PeerBytes | None,
        *,
        names_peers: bool,
    ) -> None:
        self.monitor = monitor
        self.protection = protection
        self.rate = rate
        self.names_peers = names_peers
        self._connections = connections
        self._held = held
        self._accepted: dict[int, float] = {}
        self._silent: dict[int, float] = {}
        self._looked_s = 0.0

    def __len__(self) -> int:
        return len(self._accepted)

    @property
    def is_full(self) -> bool:
        """Whether more peers are connected than may be; the last one is among them."""
        return len(self._accepted) > self._connections

    def since(self, descriptor: int) -> float:
        """Return what tells a connection from later ones with the same descriptor."""
        return self._accepted.get(descriptor, 0.0)

    def spoke(self, descriptor: int) -> None:
        """Note that a peer has sent a message."""
        self._silent.pop(descriptor, None)

    def count(self) -> None:
        """Take note of the connections that have begun and ended."""
        while self.monitor.poll(0):
            number, value = read_event(self.monitor)
            if number == zmq.EVENT_ACCEPTED:
                self._begin(value, time.monotonic())
            elif number == zmq.EVENT_DISCONNECTED:
                self._accepted.pop(value, None)
                self._silent.pop(value, None)

    def _begin(self, descriptor: int, now_s: float) -> None:
        self._accepted[descriptor] = now_s
        if self._held is not None:
            self._held.forget(descriptor)
        if len(self._accepted) > self._connections + _TOLD:
            cut_off(descriptor)
        if self.rate is not None:
            self._silent[descriptor] = now_s

    def due_s(self) -> list[float]:
        """Return when there is something to look at."""
        due_s = []
        if self._held is not None and self._accepted:
            due_s.append(self._looked_s + _LOOK_S)
        if len(self._silent) > _MOST_SILENT:
            oldest = self._longest_silent()
            if oldest is not None:
                due_s.append(oldest[1] + _SILENT_S)
        return due_s

    def look(self, now_s: float) -> None:
        """End the connections that have been silent for too long, or hold too much."""
        self._cut_off_silent(now_s)
        if self._held is None or now_s < self._looked_s + _LOOK_S:
            return
        self._looked_s = now_s
        for descriptor in self._held.excess(tuple(self._accepted)):
            _LOG.warning("a peer was cut off: it sent, or left unread, more bytes than it may")
            cut_off(descriptor)

    def _longest_silent(self) -> tuple[int, float] | None:
        try:
            return next(iter(self._silent.items()))
        except (StopIteration, RuntimeError):  # One has just spoken, in another thread.
            return None

    def _cut_off_silent(self, now_s: float) -> None:
        while len(self._silent) > _MOST_SILENT:
            oldest = self._longest_silent()
            if oldest is None:
                continue
            descriptor, since_s = oldest
            if now_s - since_s < _SILENT_S:
                return
            self._silent.pop(descriptor, None)
            cut_off(descriptor)


def cut_off(descriptor: int) -> None:
    """End a connection; ZeroMQ sees that, and closes its descriptor itself."""
    with suppress(OSError):
        connection = socket.socket(fileno=descriptor)  # No copy: there may be none left.
        try:
            # A reset, when ZeroMQ closes it: a peer that waits until it may send more hears that.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.shutdown(socket.SHUT_RDWR)
        finally:
            connection.detach()
