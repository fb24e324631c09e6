"""How many bytes are held for each peer: those of messages on their way, and those of unread ones.

ZeroMQ counts messages, not bytes, and a message that has not come to its end it counts as none. But
the system counts the bytes of each TCP connection, in and out. What came since the last whole
message was taken is still on its way here; what was sent and not acknowledged is still there. Over
other transports nothing is counted: those are processes of the same user.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Collection
from typing import Final

__all__ = ["PeerBytes", "tcp_bytes"]

_COUNTS: Final = struct.Struct("=120x2Q")
"""``tcpi_bytes_acked`` and ``tcpi_bytes_received`` of Linux's ``struct tcp_info``."""


def tcp_bytes(descriptor: int) -> tuple[int, int] | None:
    """Return how many bytes a peer has acknowledged and sent; None where that is not known."""
    try:
        connection = socket.socket(fileno=descriptor)
    except OSError:
        return None
    try:
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _COUNTS.size)
        acknowledged, received = _COUNTS.unpack(told)
        return acknowledged, received
    except (OSError, AttributeError, struct.error):
        return None
    finally:
        connection.detach()


class PeerBytes:
    """Counts what is held for peers; the thread of the socket and the authenticator's share it.

    Parameters
    ----------
    for_one : int
        How much may be held of what one peer sends.
    unread : int
        How much may be held of what one peer does not read, beside one reply.
    for_all : int
        How much may be held for all of them.
    count : callable
        Reads the counters of a connection.
    """

    def __init__(
        self,
        for_one: int,
        unread: int,
        for_all: int,
        count: Callable[[int], tuple[int, int] | None] = tcp_bytes,
    ) -> None:
        self._for_one = for_one
        self._unread = unread
        self._for_all = for_all
        self._count = count
        self._lock = threading.Lock()
        self._taken: set[int] = set()
        self._begun: dict[int, int] = {}
        self._sent: dict[int, int] = {}

    def take(self, descriptor: int) -> None:
        """Note that a whole message of a peer has been taken."""
        self._taken.add(descriptor)

    def forget(self, descriptor: int) -> None:
        """Note that a connection has ended."""
        with self._lock:
            self._taken.discard(descriptor)
            self._begun.pop(descriptor, None)
            self._sent.pop(descriptor, None)

    def may_send(self, descriptor: int, size: int) -> bool:
        """Tell whether a large reply may be sent to a peer, and count it when it may."""
        counts = self._count(descriptor)
        if counts is None:
            return True
        with self._lock:
            sent = max(self._sent.get(descriptor, 0), counts[0])
            unread = sent - counts[0]
            if unread and unread + size > self._unread:
                return False
            self._sent[descriptor] = sent + size
            return True

    def excess(self, descriptors: Collection[int]) -> list[int]:
        """Return the connections that hold too much, by themselves or together."""
        held: dict[int, int] = {}
        over: list[int] = []
        with self._lock:
            taken, self._taken = self._taken, set()
            for descriptor in descriptors:
                counts = self._count(descriptor)
                if counts is None:
                    continue
                acknowledged, received = counts
                if descriptor in taken:
                    self._begun[descriptor] = received
                coming = received - self._begun.setdefault(descriptor, received)
                unread = max(0, self._sent.get(descriptor, 0) - acknowledged)
                if coming > self._for_one:
                    over.append(descriptor)
                else:
                    held[descriptor] = coming + unread
        total = sum(held.values())
        for descriptor in sorted(held, key=held.__getitem__, reverse=True):
            if total <= self._for_all:
                break
            over.append(descriptor)
            total -= held[descriptor]
        return over
