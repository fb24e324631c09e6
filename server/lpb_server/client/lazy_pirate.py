"""The Lazy Pirate: a request is sent until it is answered.

Send, wait with a timeout, and on silence or garbage drop the connection, wait, make a new one and
send the same frames again, at most N times. A reply with another id is dropped and waiting goes on.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from lpb_server.client.dealer import read_reply
from lpb_server.client.transport import EndpointUnusable, Transport, TransportError
from lpb_server.errors import (
    BridgeTimeout,
    ClientError,
    EndpointError,
    HandshakeError,
    ProtocolError,
    WireError,
)
from lpb_server.sockets.backoff import Backoff
from lpb_server.wire.envelope import UNKNOWN_ID, Reply
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

if TYPE_CHECKING:
    from lpb_server.wire.arrays import Array

__all__ = ["Answer", "LazyPirate"]


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

    Parameters
    ----------
    transport : Transport
        What carries them.
    endpoint : str
        Where to, for errors.
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    sleep : callable
        Waits that many seconds.
    """

    def __init__(
        self,
        transport: Transport,
        endpoint: str,
        backoff: Backoff,
        limits: Limits,
        sleep: Callable[[float], None],
    ) -> None:
        self.transport = transport
        self._endpoint = endpoint
        self._backoff = backoff
        self._limits = limits
        self._sleep = sleep

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
                self.transport.reset()
                self._sleep(self._backoff.wait_s(number - 1, random.random()))
            result = self._try_once(frames, request_id, number, timeout_s)
            if isinstance(result, Answer):
                return result
            failure = result
            if self.transport.final:
                break
        # A late reply to this request must not wait for the next one.
        self.transport.reset()
        assert failure is not None
        raise failure

    def _try_once(
        self, frames: Sequence[Frame], request_id: str, number: int, timeout_s: float
    ) -> Answer | ClientError:
        """Send once and wait; return what ended the try."""
        dropped = ""
        deadline_s = time.monotonic() + timeout_s
        transport = self.transport
        try:
            transport.send(frames)
            while True:
                parts = transport.receive(deadline_s)
                if parts is None:
                    if transport.refusal:
                        return HandshakeError(
                            transport.refusal, endpoint=self._endpoint, tries=number
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
        except EndpointUnusable as error:
            raise EndpointError(
                "cannot connect", endpoint=self._endpoint, tries=number, cause=str(error)
            ) from None
        except TransportError as error:
            return BridgeTimeout(
                "the request could not be sent or its reply received",
                endpoint=self._endpoint,
                tries=number,
                cause=str(error),
            )
