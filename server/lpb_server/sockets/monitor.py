"""Events of a ZeroMQ monitor socket: connections that begin and end, handshakes.

`zmq.utils.monitor` reads them too, and imports asyncio, which takes longer than all of ZeroMQ.
"""

from __future__ import annotations

import struct
from typing import Final

import zmq

__all__ = ["read_event"]

_EVENT: Final = struct.Struct("=HI")


def read_event(monitor: zmq.Socket[bytes]) -> tuple[int, int]:
    """Read the next event; return its number, such as `zmq.EVENT_ACCEPTED`, and its value.

    Raises
    ------
    zmq.Again
        When there is none.
    """
    numbers, _endpoint = monitor.recv_multipart(zmq.NOBLOCK)
    number, value = _EVENT.unpack(numbers)
    return number, value
