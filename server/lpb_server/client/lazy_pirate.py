"""The Lazy Pirate: one DEALER socket that sends a request until it is answered.

Send, poll with a timeout, and on silence or garbage close the socket, wait, open a new one and
send the same frames again, at most N times. A reply with another id is dropped and waiting goes on.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import zmq

from lpb_server.client.dealer import open_dealer, read_reply
from lpb_server.client.handshake import HandshakeWatch
from lpb_server.errors import (
    BridgeTimeout,
    ClientError,
    EndpointError,
    HandshakeError,
    ProtocolError,
    WireError,
)
from lpb_server.security.keys import ClientCurve
from lpb_server.sockets.backoff import Backoff
from lpb_server.sockets.busy_polling import BusyPoller
from lpb_server.sockets.durations import milliseconds
from lpb_server.sockets.frames import (
    descriptor_of,
    has_message,
    receive_parts,
    send_frames,
)
from lpb_server.wire.arrays import Array
from lpb_server.wire.envelope import UNKNOWN_ID, Reply
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

__all__ = ["Answer", "LazyPirate"]


_OF_THE_PARENT: Final[list[object]] = []
"""Kept, so that nothing closes it when it is no longer used."""


class Answer(msgspec.Struct):
    """A reply to the request that was sent.

    Parameters
    ----------
    reply : Reply
        As it was understood.
    frames : list of frames
        ``[header][array 0] …``, without routing frames.
    arrays : dict of str to ndarray
        Its arrays, read-only.
    tries : int
        How many times the request was sent.
    """

    reply: Reply
    frames: list[Frame]
    arrays: dict[str, Array]
    tries: int


class LazyPirate:
    """Sends requests, one at a time, and waits for their replies.

    It belongs to one thread. The socket is opened on first use.

    Parameters
    ----------
    endpoint : str
        Where to send.
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    sleep : callable
        Waits that many seconds.
    curve : ClientCurve, optional
        For a server that wants it.
    busy_poll_us : int
        For how long it polls busily for a reply before it sleeps.
    """

    def __init__(
        self,
        endpoint: str,
        backoff: Backoff,
        limits: Limits,
        sleep: Callable[[float], None],
        curve: ClientCurve | None = None,
        busy_poll_us: int = 0,
    ) -> None:
        self._endpoint = endpoint
        self._busy_poll_us = busy_poll_us
        self._curve = curve
        self._watch: HandshakeWatch | None = None
        self._backoff = backoff
        self._limits = limits
        self._sleep = sleep
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._patience_ms = -1  # What the socket is set to.
        self._busy_poller: BusyPoller | None = None

    def close(self) -> None:
        """Close the socket; what is still unsent is dropped."""
        self._close_socket()
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

    def send(
        self, frames: Sequence[Frame], request_id: str, *, timeout_s: float, tries: int
    ) -> Answer:
        """Send a request, again and again, until its reply comes.

        Parameters
        ----------
        frames : sequence of frames
            ``[header][array 0] …``.
        request_id : str
            The id that the reply must have.
        timeout_s : float
            How long each try waits.
        tries : int
            How often it is sent at most.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError, HandshakeError
            What ended the last try. A refused key is not tried again.
        """
        failure: ClientError | None = None
        for number in range(1, tries + 1):
            if number > 1:
                self._close_socket()
                self._sleep(self._backoff.wait_s(number - 1, random.random()))
            result = self._try_once(frames, request_id, number, timeout_s)
            if isinstance(result, Answer):
                return result
            failure = result
            if self._watch is not None and self._watch.final:
                break
        # A late reply to this request must not wait on the socket for the next one.
        self._close_socket()
        assert failure is not None
        raise failure

    def _try_once(
        self, frames: Sequence[Frame], request_id: str, number: int, timeout_s: float
    ) -> Answer | ClientError:
        """Send once and wait; return what ended the try."""
        dropped = ""
        deadline_s = time.monotonic() + timeout_s
        connection = self._socket or self._open_socket(number)
        try:
            send_frames(connection, frames)
            while True:
                parts = self._receive(connection, deadline_s)
                if parts is None:
                    if self._watch is not None and self._watch.failure:
                        return HandshakeError(
                            self._watch.failure, endpoint=self._endpoint, tries=number
                        )
                    return BridgeTimeout(
                        f"no reply within {timeout_s:g} s",
                        endpoint=self._endpoint,
                        tries=number,
                        cause=dropped,
                    )
                reply, received, arrays = read_reply(parts, self._limits)
                if reply.id == request_id:
                    return Answer(reply, received, arrays, number)
                error = reply.error
                if reply.id == UNKNOWN_ID and error is not None:
                    return ProtocolError(
                        "the server could not read the request",
                        endpoint=self._endpoint,
                        tries=number,
                        cause=f"{error.code}: {error.message}",
                    )
                dropped = f"a reply with another id, {reply.id}, was dropped"
        except WireError as error:
            return ProtocolError(
                "the answer is no reply",
                endpoint=self._endpoint,
                tries=number,
                cause=error.message,
            )
        except zmq.ZMQError as error:
            return BridgeTimeout(
                "the request could not be sent or its reply received",
                endpoint=self._endpoint,
                tries=number,
                cause=str(error),
            )

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

    def _open_socket(self, number: int) -> zmq.Socket[bytes]:
        if self._context is None:
            self._context = zmq.Context()
        try:
            connection, self._watch = open_dealer(
                self._context, self._endpoint, self._limits, self._curve
            )
        except (zmq.ZMQError, OSError) as error:
            raise EndpointError(
                "cannot connect", endpoint=self._endpoint, tries=number, cause=str(error)
            ) from None
        self._socket = connection
        self._busy_poller = BusyPoller(descriptor_of(connection), limit_us=self._busy_poll_us)
        return connection

    def _close_socket(self) -> None:
        self._end_watch()
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = self._busy_poller = None
            self._patience_ms = -1
