"""The Python client: a Lazy Pirate over one DEALER socket.

Send, poll with a timeout, and on silence or garbage close the socket, wait, open a new one and
send the same bytes again, at most N times. All tries carry one id, so the server can tell a
repetition from a new request. A reply with another id is dropped and waiting goes on.
"""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self, cast

import numpy as np
import numpy.typing as npt
import zmq

from lpb_server.errors import (
    BridgeTimeout,
    ClientError,
    EndpointError,
    ProtocolError,
    RemoteError,
    WireError,
)
from lpb_server.wire.arrays import Array, encode_arrays
from lpb_server.wire.envelope import UNKNOWN_ID, Reply, Request, Timing
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.messages import decode_reply, encode_message
from lpb_server.wire.values import Frame, ValueMap

__all__ = [
    "AUTO_FORMAT",
    "DEFAULT_BACKOFF",
    "INLINE_LIMIT_ELEMENTS",
    "Backoff",
    "BridgeClient",
    "CallResult",
    "Exchange",
    "FormatName",
    "new_id",
]

FormatName = Literal["auto", "json", "msgpack", "protobuf"]

_ID_BYTES: Final = 16

AUTO_FORMAT: Final = WireFormat.MSGPACK
"""What ``auto`` stands for. The benchmark scenario "formats" (`lpb bench`) compares the formats:
MessagePack was the fastest at every size from an empty request to 16,384 inline elements, so the
size decides nothing but `INLINE_LIMIT_ELEMENTS`."""

INLINE_LIMIT_ELEMENTS: Final = 256
"""Up to how many elements a matrix stands inline in the header, in the scenario "formats": of 256
elements, 458 us inline and 506 us as an array frame; of 1,024, 858 us and 570 us."""


def new_id() -> str:
    """Return a correlation id of 128 random bits."""
    return secrets.token_hex(_ID_BYTES)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a request is sent again.

    Parameters
    ----------
    first_s : float
        Before the second try.
    factor : float
        By how much each wait is longer than the one before.
    limit_s : float
        The longest wait.
    jitter : float
        Which part of the wait is random, from 0 to 1, so that clients do not come back together.
    """

    first_s: float = 0.05
    factor: float = 2.0
    limit_s: float = 2.0
    jitter: float = 0.5

    def wait_s(self, failures: int, uniform: float) -> float:
        """Return the wait after that many failures, for a random number from 0 to 1."""
        full_s = min(self.first_s * self.factor ** min(failures - 1, 64), self.limit_s)
        return full_s * (1.0 - self.jitter * uniform)


DEFAULT_BACKOFF: Final = Backoff()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply, with the exact bytes of both.

    Parameters
    ----------
    request, reply : Request, Reply
        As they were understood; the reply may be an error.
    request_frames, reply_frames : tuple of bytes
        ``[header][array 0] …``, without routing frames.
    arrays : dict of str to ndarray
        The arrays of the reply.
    wire_format : WireFormat
        The format of the request's header.
    tries : int
        How many times the request was sent.
    """

    request: Request
    reply: Reply
    request_frames: tuple[bytes, ...]
    reply_frames: tuple[bytes, ...]
    arrays: dict[str, Array]
    wire_format: WireFormat
    tries: int


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call gave back.

    Parameters
    ----------
    result : dict
        The operation's result.
    arrays : dict of str to ndarray
        Its arrays, read-only.
    certificate : dict or None
        What a checker needs; None unless it was asked for.
    timing : Timing or None
        How long the server took; None for a certified reply.
    """

    result: ValueMap
    arrays: dict[str, Array]
    certificate: ValueMap | None
    timing: Timing | None


@dataclass(frozen=True, slots=True)
class _Answer:
    reply: Reply
    frames: list[Frame]
    arrays: dict[str, Array]
    tries: int


class BridgeClient:
    """Calls operations of a bridge server.

    It belongs to one thread and is a context manager. The socket is opened on first use.

    Parameters
    ----------
    endpoint : str
        Such as ``tcp://127.0.0.1:5555`` or ``ipc:///run/bridge``.
    format : str
        ``json``, ``msgpack``, ``protobuf``, or ``auto``, which chooses.
    timeout_s : float
        How long each try waits for its reply.
    tries : int
        How often a request is sent at most.
    backoff : Backoff
        The waits between tries.
    limits : Limits
        What a reply may cost.
    sleep : callable
        Waits that many seconds; for tests.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        format: FormatName = "auto",
        timeout_s: float = 10.0,
        tries: int = 3,
        backoff: Backoff = DEFAULT_BACKOFF,
        limits: Limits = DEFAULT_LIMITS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if tries < 1:
            raise ValueError("tries must be at least 1")
        if not timeout_s > 0:
            raise ValueError("timeout_s must be positive")
        self.endpoint = endpoint
        self.format: FormatName = format
        self.timeout_s = timeout_s
        self.tries = tries
        self.backoff = backoff
        self.limits = limits
        self._sleep = sleep
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; what is still unsent is dropped."""
        self._close_socket()
        if self._context is not None:
            self._context.term()
            self._context = None

    def ping(self) -> None:
        """Return when the server has answered.

        Raises
        ------
        ClientError
            When it has not.
        """
        self.call("ping")

    def matrix_sum(self, matrix: npt.ArrayLike, *, certify: bool = False) -> CallResult:
        """Sum a float64 matrix; its size decides whether it travels inline or as a frame.

        Parameters
        ----------
        matrix : array_like
            Two dimensions; converted to float64.
        certify : bool
            Whether to ask for a certificate.

        Raises
        ------
        ClientError
            When there is no result.
        """
        array = np.asarray(matrix, np.float64)
        if array.ndim == 2 and 0 < array.size <= INLINE_LIMIT_ELEMENTS:
            return self.call("matrix_sum", {"matrix": array.tolist()}, certify=certify)
        return self.call("matrix_sum", arrays={"matrix": array}, certify=certify)

    def call(
        self,
        op: str,
        params: ValueMap | None = None,
        arrays: Mapping[str, npt.ArrayLike] | None = None,
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
    ) -> CallResult:
        """Call an operation.

        Parameters
        ----------
        op : str
            Its name.
        params : dict, optional
            A map of the data model.
        arrays : mapping of str to array_like, optional
            Sent after the header without a copy, when they are little endian and in C order.
        certify : bool
            Whether to ask for a certificate.
        deadline_ms : int, optional
            The server drops the request when it has waited that long.

        Raises
        ------
        RemoteError
            When the server answered with an error.
        BridgeTimeout, ProtocolError, EndpointError
            When there is no usable answer.
        WireError
            When the request cannot be written.
        """
        request, frames, _ = self._prepare(op, params, arrays, certify, deadline_ms, None, None)
        answer = self._send_and_wait(frames, request.id)
        error = answer.reply.error
        if error is not None:
            raise RemoteError(
                error.code,
                error.message,
                cast("dict[str, Any]", error.details),
                endpoint=self.endpoint,
                tries=answer.tries,
            )
        reply = answer.reply
        return CallResult(reply.result or {}, answer.arrays, reply.certificate, reply.timing)

    def exchange(
        self,
        op: str,
        params: ValueMap | None = None,
        arrays: Mapping[str, npt.ArrayLike] | None = None,
        *,
        certify: bool = False,
        deadline_ms: int | None = None,
        format: FormatName | None = None,
        request_id: str | None = None,
    ) -> Exchange:
        """Call an operation and keep the exact bytes of both messages.

        Parameters
        ----------
        op, params, arrays, certify, deadline_ms
            As for `call`.
        format : str, optional
            The client's own by default.
        request_id : str, optional
            A new random one by default.

        Returns
        -------
        Exchange
            Its reply may be an error.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError, WireError
            As for `call`.
        """
        request, frames, wire_format = self._prepare(
            op, params, arrays, certify, deadline_ms, format, request_id
        )
        answer = self._send_and_wait(frames, request.id)
        return Exchange(
            request=request,
            reply=answer.reply,
            request_frames=tuple(map(bytes, frames)),
            reply_frames=tuple(map(bytes, answer.frames)),
            arrays=answer.arrays,
            wire_format=wire_format,
            tries=answer.tries,
        )

    def call_raw(self, frames: Sequence[Frame], request_id: str) -> list[bytes]:
        """Send frames as they are, and return the frames of the reply to that id.

        Raises
        ------
        BridgeTimeout, ProtocolError, EndpointError
            When no reply with that id comes.
        """
        return [bytes(frame) for frame in self._send_and_wait(frames, request_id).frames]

    def _prepare(
        self,
        op: str,
        params: ValueMap | None,
        arrays: Mapping[str, npt.ArrayLike] | None,
        certify: bool,
        deadline_ms: int | None,
        format: FormatName | None,
        request_id: str | None,
    ) -> tuple[Request, list[Frame], WireFormat]:
        headers, array_frames = encode_arrays(arrays or {})
        request = Request(
            id=request_id if request_id is not None else new_id(),
            op=op,
            params=params if params is not None else {},
            arrays=headers,
            deadline_ms=deadline_ms,
            certify=certify,
        )
        wire_format = _choose_format(format or self.format)
        return request, encode_message(request, wire_format, array_frames), wire_format

    def _send_and_wait(self, frames: Sequence[Frame], request_id: str) -> _Answer:
        failure: ClientError | None = None
        for number in range(1, self.tries + 1):
            if number > 1:
                self._close_socket()
                self._sleep(self.backoff.wait_s(number - 1, random.random()))
            result = self._try_once(frames, request_id, number)
            if isinstance(result, _Answer):
                return result
            failure = result
        # A late reply to this request must not wait on the socket for the next one.
        self._close_socket()
        assert failure is not None
        raise failure

    def _try_once(
        self, frames: Sequence[Frame], request_id: str, number: int
    ) -> _Answer | ClientError:
        """Send once and wait; return what ended the try."""
        dropped = ""
        deadline_s = time.monotonic() + self.timeout_s
        connection = self._open_socket(number)
        try:
            connection.send_multipart(frames, zmq.NOBLOCK, copy=False)
            while True:
                left_ms = (deadline_s - time.monotonic()) * 1000
                if left_ms <= 0 or not connection.poll(math.ceil(left_ms)):
                    return BridgeTimeout(
                        f"no reply within {self.timeout_s:g} s",
                        endpoint=self.endpoint,
                        tries=number,
                        cause=dropped,
                    )
                parts = connection.recv_multipart(zmq.NOBLOCK, copy=False)
                received: list[Frame] = [part.buffer for part in parts]
                if len(received) > 1 and len(received[0]) == 0:
                    del received[0]  # A REP or REQ-minded peer keeps the delimiter.
                message = decode_reply(received, self.limits)
                if message.reply.id == request_id:
                    return _Answer(message.reply, received, message.arrays, number)
                error = message.reply.error
                if message.reply.id == UNKNOWN_ID and error is not None:
                    return ProtocolError(
                        "the server could not read the request",
                        endpoint=self.endpoint,
                        tries=number,
                        cause=f"{error.code}: {error.message}",
                    )
                dropped = f"a reply with another id, {message.reply.id}, was dropped"
        except WireError as error:
            return ProtocolError(
                "the answer is no reply",
                endpoint=self.endpoint,
                tries=number,
                cause=error.message,
            )
        except zmq.ZMQError as error:
            return BridgeTimeout(
                "the request could not be sent or its reply received",
                endpoint=self.endpoint,
                tries=number,
                cause=str(error),
            )

    def _open_socket(self, number: int) -> zmq.Socket[bytes]:
        if self._socket is not None:
            return self._socket
        if self._context is None:
            self._context = zmq.Context()
        connection = self._context.socket(zmq.DEALER)
        try:
            connection.linger = 0
            connection.maxmsgsize = self.limits.frame_bytes
            connection.ipv6 = self.endpoint.startswith("tcp://[")
            connection.connect(self.endpoint)
        except (zmq.ZMQError, OSError) as error:
            connection.close(linger=0)
            raise EndpointError(
                "cannot connect", endpoint=self.endpoint, tries=number, cause=str(error)
            ) from None
        self._socket = connection
        return connection

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None


def _choose_format(name: FormatName) -> WireFormat:
    return AUTO_FORMAT if name == "auto" else WireFormat(name)
