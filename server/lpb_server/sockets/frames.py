"""One message through a socket, frame by frame.

pyzmq's own functions for whole messages combine flags of its enumerations and ask the socket for an
option at every frame, and its `send` looks at options of sockets that are not used here: that takes
longer than sending and receiving a small message does. Hence the `send` that is behind pyzmq's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, cast

import zmq
import zmq.backend

from lpb_server.wire.values import Frame

__all__ = [
    "Arrivals",
    "descriptor_of",
    "has_message",
    "receive_parts",
    "send_frames",
    "usable",
]

_AT_ONCE: Final = int(zmq.NOBLOCK)
_AT_ONCE_WITH_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
_READABLE: Final = int(zmq.POLLIN)
_send: Final[Callable[..., object]] = zmq.backend.Socket.send
_get: Final[Callable[..., int]] = cast("Callable[..., int]", zmq.backend.Socket.get)

_COPIED_OUT: Final = 64 << 10
"""Frames below this size are copied when they are sent; keeping track of one that is not costs
more. It is pyzmq's own threshold."""

_COPIED_IN: Final = 4 << 10
"""Frames up to this size are copied when they are received: bytes are aligned for every dtype and
faster to read than ZeroMQ's own memory behind a view."""


def send_frames(connection: zmq.Socket[bytes], frames: Sequence[Frame]) -> None:
    """Send a message without waiting.

    Raises
    ------
    zmq.ZMQError
        When it cannot be sent, or not at once.
    """
    for frame in frames[:-1]:
        _send(connection, frame, _AT_ONCE_WITH_MORE, copy=len(frame) < _COPIED_OUT)
    last = frames[-1]
    _send(connection, last, _AT_ONCE, copy=len(last) < _COPIED_OUT)


def receive_parts(connection: zmq.Socket[bytes], flags: int = _AT_ONCE) -> list[zmq.Frame]:
    """Receive a message, as it lies in ZeroMQ's memory.

    Parameters
    ----------
    connection : zmq.Socket
        Where from.
    flags : int
        0 waits for the message, as long as the socket is set to; by default nothing waits.

    Raises
    ------
    zmq.ZMQError
        ``zmq.Again`` when there is none.
    """
    receive = connection.recv
    part = receive(flags, copy=False)
    parts = [part]
    while part.more:
        part = receive(_AT_ONCE, copy=False)
        parts.append(part)
    return parts


def descriptor_of(connection: zmq.Socket[bytes]) -> int:
    """Return the descriptor that becomes readable when something comes to an empty socket.

    Only asking the socket, by `has_message` or by receiving in vain, says that it is empty.
    """
    return _get(connection, zmq.FD)


def has_message(connection: zmq.Socket[bytes]) -> bool:
    """Tell whether a message can be received at once."""
    return _get(connection, zmq.EVENTS) & _READABLE != 0


class Arrivals:
    """What comes in at a socket of a server, without waiting.

    Parameters
    ----------
    connection : zmq.Socket
        Where from.
    """

    def __init__(self, connection: zmq.Socket[bytes]) -> None:
        self._connection = connection

    def take(self, *, ready: bool = False) -> list[zmq.Frame] | None:
        """Return the next message, as it lies in ZeroMQ's memory; None when there is none.

        Parameters
        ----------
        ready : bool
            Whether a poller has just seen one.

        Raises
        ------
        zmq.ZMQError
            When it cannot be received.
        """
        # Asking first: the exception of a socket that has nothing costs four times as much.
        if not ready and not has_message(self._connection):
            return None
        try:
            return receive_parts(self._connection)
        except zmq.Again:
            return None


def usable(part: zmq.Frame) -> Frame:
    """Return what a part holds: a copy of a small one, a view of a large one."""
    return part.bytes if len(part) <= _COPIED_IN else part.buffer
