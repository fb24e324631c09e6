"""A socket in an event loop: it calls back for each message, and keeps what cannot be sent yet."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import zmq

from lpb_server.client.handshake import HandshakeWatch
from lpb_server.sockets.frames import descriptor_of, receive_parts, send_frames
from lpb_server.wire.values import Frame

__all__ = ["LoopSocket"]

_AT_ONCE: Final = 256
"""Up to how many replies are read before other tasks of the loop get their turn."""


class LoopSocket:
    """A DEALER socket in an event loop.

    pyzmq's asyncio sockets make a future for each message, and ask the loop for it; here the loop
    calls back when the socket's descriptor says that something has changed.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The loop that it belongs to.
    connection : zmq.Socket
        The socket, connecting.
    watch : HandshakeWatch
        What watches its handshakes.
    heard : callable
        Is given each message that comes in.
    refused : callable
        Is called when the server has refused this client for good; `failure` says why.

    broken : callable
        Is called when the socket cannot be used any more, with the reason.

    Attributes
    ----------
    waiting : int
        How many requests wait for a reply on it.
    failure : str
        Why the last handshake failed; empty when it did not.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: zmq.Socket[bytes],
        watch: HandshakeWatch,
        heard: Callable[[LoopSocket, list[zmq.Frame]], None],
        refused: Callable[[LoopSocket], None],
        broken: Callable[[LoopSocket, str], None],
    ) -> None:
        self.waiting = 0
        self.failure = ""
        self._loop, self._socket = loop, connection
        self._watch: HandshakeWatch | None = watch
        self._heard, self._refused, self._broken = heard, refused, broken
        self._unsent: deque[Sequence[Frame]] = deque()
        self._scheduled = self._closed = False
        self._descriptor = descriptor_of(connection)
        self._watched = descriptor_of(watch.socket)
        loop.add_reader(self._descriptor, self._look)
        loop.add_reader(self._watched, self._look_at_handshake)
        loop.call_soon(self._look_at_handshake)  # What came before says nothing any more.

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message as soon as the loop comes to it, and there is room for it.

        What tasks send in one turn of the loop is handed over together: ZeroMQ's thread, which
        wants the same processor, is woken once.
        """
        self._unsent.append(frames)
        self._schedule()

    def _schedule(self) -> None:
        """Look soon: the descriptor tells of a change once, and using the socket takes note."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._scheduled = False
        try:
            for _ in range(_AT_ONCE):
                if self._closed:
                    return
                self._send_all()
                events = int(self._socket.get(zmq.EVENTS))
                if events & zmq.POLLIN:
                    self._heard(self, receive_parts(self._socket))
                elif not (self._unsent and events & zmq.POLLOUT):
                    return  # What changes from here on, the descriptor tells.
        except zmq.ZMQError as error:
            self._broken(self, str(error))
        else:
            self._schedule()

    def _send_all(self) -> None:
        """Send what there is room for; the descriptor tells when there is more."""
        while self._unsent and not self._closed:
            try:
                send_frames(self._socket, self._unsent[0])
            except zmq.Again:
                return
            self._unsent.popleft()

    def _look_at_handshake(self) -> None:
        watch = self._watch
        if watch is None:
            return
        watch.look()
        self.failure = watch.failure
        if watch.succeeded:
            self._end_watch()
        elif watch.final:
            self._refused(self)

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._loop.remove_reader(self._watched)
            self._watch.close()
            self._watch = None

    def close(self) -> None:
        """Close the socket; what is still unsent is dropped."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._descriptor)
        self._end_watch()
        self._unsent.clear()
        self._socket.close(linger=0)
