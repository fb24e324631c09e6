"""Many requests in flight at once, on one connection, in an event loop.

Each request is sent as the Lazy Pirate does it: on silence or garbage the same frames are sent
again, with backoff, at most N times. What differs is that a connection serves many requests. One
that left a request without an answer gets no new ones, and is listened to until nothing waits for
it. The last of several tries has a connection of its own, so that a request that the server hangs
up at takes no other with it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

import zmq

from lpb_server.client.dealer import open_dealer, read_reply
from lpb_server.client.lazy_pirate import Answer
from lpb_server.client.loop_socket import LoopSocket
from lpb_server.errors import (
    BridgeTimeout,
    ClientClosed,
    ClientError,
    EndpointError,
    HandshakeError,
    ProtocolError,
    WireError,
)
from lpb_server.security.keys import ClientCurve
from lpb_server.sockets.backoff import Backoff
from lpb_server.sockets.durations import MOST_S
from lpb_server.sockets.frames import usable
from lpb_server.wire.arrays import Array
from lpb_server.wire.envelope import UNKNOWN_ID, Reply
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

__all__ = ["Pipeline"]

_HEARTBEAT_MS: Final = 10_000
"""How often ZeroMQ asks a silent server for a sign of life; without one it connects anew."""


class _Received(NamedTuple):
    """A reply that came in."""

    reply: Reply
    frames: list[Frame]
    arrays: dict[str, Array]


class _Failure(NamedTuple):
    """What ended a try; a final one ends the call."""

    kind: type[ClientError]
    message: str
    cause: str = ""
    final: bool = False


class _Waiting(NamedTuple):
    """A request in flight."""

    connection: LoopSocket
    outcome: asyncio.Future[_Received | _Failure]

    def settle(self, outcome: _Received | _Failure) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Pipeline:
    """Sends requests, and sorts the replies by their ids.

    It belongs to the event loop that it was made in.

    Parameters
    ----------
    endpoint : str
        Where to send.
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    curve : ClientCurve, optional
        For a server that wants it.
    """

    def __init__(
        self, endpoint: str, backoff: Backoff, limits: Limits, curve: ClientCurve | None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._endpoint, self._backoff, self._limits, self._curve = endpoint, backoff, limits, curve
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._current: LoopSocket | None = None
        self._open: set[LoopSocket] = set()
        self._waiting: dict[str, _Waiting] = {}
        self._closed = False

    def close(self) -> None:
        """Close every socket; what still waits ends with `ClientClosed`."""
        self._closed = True
        for waiting in self._waiting.values():
            waiting.settle(_Failure(ClientClosed, "the client was closed", final=True))
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._current = None
        self._context.destroy(linger=0)

    async def send(
        self, frames: Sequence[Frame], request_id: str, *, timeout_s: float, tries: int
    ) -> Answer:
        """Send a request, again and again, until its reply comes.

        Parameters
        ----------
        frames : sequence of frames
            ``[header][array 0] …``.
        request_id : str
            The id that the reply must have; no other request in flight has it.
        timeout_s : float
            How long each try waits; infinity is no limit.
        tries : int
            How often it is sent at most.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError, HandshakeError, ClientClosed
            What ended the last try. A refused key is not tried again.
        """
        number = 0
        while True:
            number += 1
            outcome = await self._try_once(frames, request_id, timeout_s, alone=1 < tries == number)
            if isinstance(outcome, _Received):
                return Answer(*outcome, number)
            if outcome.final or number == tries:
                raise outcome.kind(
                    outcome.message, endpoint=self._endpoint, tries=number, cause=outcome.cause
                )
            await asyncio.sleep(self._backoff.wait_s(number, random.random()))

    async def _try_once(
        self, frames: Sequence[Frame], request_id: str, timeout_s: float, *, alone: bool
    ) -> _Received | _Failure:
        """Send once and wait; return what ended the try."""
        if self._closed:
            return _Failure(ClientClosed, "the client was closed", final=True)
        try:
            connection = self._connection(alone=alone)
        except (zmq.ZMQError, OSError) as error:
            return _Failure(EndpointError, "cannot connect", str(error), final=True)
        waiting = _Waiting(connection, self.loop.create_future())
        self._waiting[request_id] = waiting
        connection.waiting += 1
        timer = None
        if timeout_s <= MOST_S:
            timer = self.loop.call_later(timeout_s, self._silent, waiting, timeout_s)
        try:
            connection.send(frames)
            return await waiting.outcome
        finally:
            if timer is not None:
                timer.cancel()
            del self._waiting[request_id]
            connection.waiting -= 1
            self._let_go(connection)

    # -- connections ----------------------------------------------------------------------------

    def _connection(self, *, alone: bool) -> LoopSocket:
        """Return the connection for a request, opened where there is none."""
        if self._current is not None and not alone:
            return self._current
        opened, watch = open_dealer(
            self._context, self._endpoint, self._limits, self._curve, _HEARTBEAT_MS
        )
        connection = LoopSocket(self.loop, opened, watch, self._heard, self._refused, self._broken)
        self._open.add(connection)
        if not alone:
            self._current = connection
        return connection

    def _retire(self, connection: LoopSocket) -> None:
        """Give a connection no new requests."""
        if connection is self._current:
            self._current = None

    def _let_go(self, connection: LoopSocket) -> None:
        """Close a connection that gets no new requests, when nothing waits for it."""
        if connection is not self._current and not connection.waiting:
            connection.close()
            self._open.discard(connection)

    # -- what happens on them -------------------------------------------------------------------

    def _heard(self, connection: LoopSocket, parts: list[zmq.Frame]) -> None:
        try:
            received = _Received(*read_reply(list(map(usable, parts)), self._limits))
        except WireError as error:
            return self._fail(
                connection, _Failure(ProtocolError, "the answer is no reply", error.message)
            )
        reply = received.reply
        waiting = self._waiting.get(reply.id)
        if waiting is not None:
            waiting.settle(received)
        elif reply.id == UNKNOWN_ID and reply.error is not None:
            cause = f"{reply.error.code}: {reply.error.message}"
            self._fail(
                connection, _Failure(ProtocolError, "the server could not read the request", cause)
            )
        return None  # A reply that nothing waits for any more is dropped.

    def _silent(self, waiting: _Waiting, timeout_s: float) -> None:
        self._retire(waiting.connection)
        refused = waiting.connection.failure
        if refused:
            waiting.settle(_Failure(HandshakeError, refused))
        else:
            waiting.settle(_Failure(BridgeTimeout, f"no reply within {timeout_s:g} s"))

    def _refused(self, connection: LoopSocket) -> None:
        self._fail(connection, _Failure(HandshakeError, connection.failure, final=True))

    def _broken(self, connection: LoopSocket, reason: str) -> None:
        message = "the request could not be sent or its reply received"
        self._fail(connection, _Failure(BridgeTimeout, message, reason))

    def _fail(self, connection: LoopSocket, failure: _Failure) -> None:
        """End the tries that wait for a connection: none of them knows whose fault it was."""
        self._retire(connection)
        for waiting in self._waiting.values():
            if waiting.connection is connection:
                waiting.settle(failure)
