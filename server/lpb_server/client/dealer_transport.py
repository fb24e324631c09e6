"""A client's messages over ZeroMQ: one DEALER socket, opened when it is needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import zmq

from lpb_server.client.dealer import open_dealer
from lpb_server.client.handshake import HandshakeWatch
from lpb_server.client.transport import EndpointUnusable, TransportError
from lpb_server.security.keys import ClientCurve
from lpb_server.sockets.busy_polling import BusyPoller
from lpb_server.sockets.durations import milliseconds
from lpb_server.sockets.frames import (
    descriptor_of,
    has_message,
    receive_parts,
    send_frames,
    usable,
)
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

__all__ = ["DealerTransport"]


_OF_THE_PARENT: Final[list[object]] = []
"""Kept, so that nothing closes it when it is no longer used."""


class DealerTransport:
    """Carries messages through a DEALER socket; a `Transport`.

    Parameters
    ----------
    endpoint : str
        Where to send.
    limits : Limits
        What a reply may cost.
    curve : ClientCurve, optional
        For a server that wants it.
    busy_poll_us : int
        For how long it polls busily for a reply before it sleeps.
    """

    def __init__(
        self, endpoint: str, limits: Limits, curve: ClientCurve | None, busy_poll_us: int
    ) -> None:
        self._endpoint, self._limits, self._curve = endpoint, limits, curve
        self._busy_poll_us = busy_poll_us
        self._watch: HandshakeWatch | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._patience_ms = -1  # What the socket is set to.
        self._busy_poller: BusyPoller | None = None

    @property
    def refusal(self) -> str:
        """Why the server refuses the handshake; empty while it does not."""
        return self._watch.failure if self._watch is not None else ""

    @property
    def final(self) -> bool:
        """Whether the key was refused, which does not change."""
        return self._watch is not None and self._watch.final

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message; open the socket before, when there is none.

        Raises
        ------
        EndpointUnusable
            When it cannot connect.
        TransportError
            When the message cannot be sent.
        """
        connection = self._socket or self._open()
        try:
            send_frames(connection, frames)
        except zmq.ZMQError as error:
            raise TransportError(str(error)) from None

    def receive(self, deadline_s: float) -> list[Frame] | None:
        """Wait for a message; None when a refusal has come instead, or nothing in time.

        Raises
        ------
        TransportError
            When it cannot be received.
        """
        assert self._socket is not None
        try:
            parts = self._receive(self._socket, deadline_s)
        except zmq.ZMQError as error:
            raise TransportError(str(error)) from None
        return None if parts is None else list(map(usable, parts))

    def reset(self) -> None:
        """Close the socket; what is still unsent is dropped."""
        self._end_watch()
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = self._busy_poller = None
            self._patience_ms = -1

    def close(self) -> None:
        """Close the socket and its context."""
        self.reset()
        if self._context is not None:
            self._context.destroy(linger=0)
            self._context = None

    def forget(self) -> None:
        """Let go, in a fork, of what is the parent's: not even to close it may it be touched."""
        _OF_THE_PARENT.extend(
            item
            for item in (self._socket, self._watch and self._watch.socket, self._context)
            if item is not None
        )
        self._socket = self._watch = self._context = self._busy_poller = None
        self._patience_ms = -1

    def _receive(self, connection: zmq.Socket[bytes], deadline_s: float) -> list[zmq.Frame] | None:
        """Wait for a message; return None when a refusal has come instead, or nothing in time."""
        left_ms = milliseconds(deadline_s - time.monotonic())
        if left_ms == 0:
            return None
        if self._watch is not None:
            if not self._wait(connection, self._watch, deadline_s):
                return None
            self._end_watch()  # A handshake that went well needs no further watching.
        if left_ms != self._patience_ms:
            connection.rcvtimeo = self._patience_ms = left_ms
        busy_poller = self._busy_poller
        if busy_poller is not None and busy_poller.due() and not has_message(connection):
            busy_poller.watch()  # No more than a delay: what follows finds what there is.
        while True:
            try:
                return receive_parts(connection, 0)
            except zmq.Again:
                left_ms = milliseconds(deadline_s - time.monotonic())
                if left_ms == 0:
                    return None
                connection.rcvtimeo = self._patience_ms = left_ms

    def _wait(
        self, connection: zmq.Socket[bytes], watch: HandshakeWatch, deadline_s: float
    ) -> bool:
        """Wait for a message or the end of a handshake that failed; tell whether one has come."""
        poller = zmq.Poller()
        poller.register(connection, zmq.POLLIN)
        poller.register(watch.socket, zmq.POLLIN)
        while True:
            left_ms = milliseconds(deadline_s - time.monotonic())
            events = dict(poller.poll(left_ms))
            if connection in events:
                return True
            watch.look()
            if watch.final or left_ms == 0:
                return False

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _open(self) -> zmq.Socket[bytes]:
        if self._context is None:
            self._context = zmq.Context()
        try:
            connection, self._watch = open_dealer(
                self._context, self._endpoint, self._limits, self._curve
            )
        except (zmq.ZMQError, OSError) as error:
            raise EndpointUnusable(str(error)) from None
        self._socket = connection
        self._busy_poller = BusyPoller(descriptor_of(connection), limit_us=self._busy_poll_us)
        return connection
