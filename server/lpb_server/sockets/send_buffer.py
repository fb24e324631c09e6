"""How far a sender runs ahead of its receiver.

Left to itself, the system lets a sender on the same host be megabytes ahead, and what it has
written is out of the processor's cache when the receiver comes to it.
"""

from __future__ import annotations

from typing import Final

import zmq

from lpb_server.sockets.endpoints import is_loopback

__all__ = ["bound_send_buffer"]

_SEND_BYTES: Final = 256 << 10
"""64 MiB and their sum over tcp took 26 ms with it; 26 with 128 KiB or 384, 30 with 96, and 36
when left to the system (two processors, Linux 6.18)."""


def bound_send_buffer(connection: zmq.Socket[bytes], endpoint: str) -> None:
    """Bound what is under way to a peer on this host; a socket must not be connected yet.

    To other hosts the system's own choice is left alone: it grows with the distance.
    """
    if is_loopback(endpoint):
        connection.sndbuf = _SEND_BYTES
