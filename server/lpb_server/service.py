"""The service: request frames in, reply frames out; no sockets, no threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lpb_server.errors import ErrorCode, RequestError
from lpb_server.operations.registry import Registry
from lpb_server.wire.arrays import decode_arrays, encode_arrays
from lpb_server.wire.envelope import (
    UNKNOWN_ID,
    ErrorInfo,
    Reply,
    Request,
    Timing,
    readable_id,
)
from lpb_server.wire.formats import WireFormat, decode_header, detect_format
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.messages import check_frames, encode_message
from lpb_server.wire.values import Frame

__all__ = ["Service"]

_LOG = logging.getLogger(__name__)
_MICROSECONDS = 1_000_000


@dataclass(slots=True)
class _Addressee:
    """What an error reply needs to know of its request, as far as that could be read."""

    wire_format: WireFormat = WireFormat.JSON
    request_id: str = UNKNOWN_ID


class Service:
    """Answers requests.

    Parameters
    ----------
    registry : Registry
        The operations on offer.
    limits : Limits
        What a request may cost.
    clock : callable
        Monotonic seconds; for the timing in replies.
    """

    def __init__(
        self,
        registry: Registry,
        limits: Limits = DEFAULT_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._limits = limits
        self._clock = clock

    def handle(self, frames: Sequence[Frame], queued_s: float = 0.0) -> list[Frame]:
        """Answer one request.

        Parameters
        ----------
        frames : sequence of frames
            ``[header][array 0][array 1] …``; any bytes whatever.
        queued_s : float
            How long the request has waited already, in seconds.

        Returns
        -------
        list of frames
            The reply, in the request's format: ``[header][array 0] …``. It never raises: what
            goes wrong is an error reply.
        """
        addressee = _Addressee()
        try:
            return self._answer(frames, queued_s, addressee)
        except RequestError as error:
            return _error_reply(addressee, error.code, error.message, error)
        except Exception as error:
            _LOG.exception("request %s failed inside the server", addressee.request_id)
            return _error_reply(
                addressee, ErrorCode.INTERNAL, f"the server failed: {type(error).__name__}"
            )

    def refuse(self, frames: Sequence[Frame], code: ErrorCode, message: str) -> list[Frame]:
        """Answer a request with an error, without running it: a full queue, a lost worker."""
        addressee = _Addressee()
        try:
            self._open(frames, addressee)
        except RequestError as error:
            return _error_reply(addressee, error.code, error.message, error)
        return _error_reply(addressee, code, message)

    def _open(self, frames: Sequence[Frame], addressee: _Addressee) -> Request:
        if frames:
            addressee.wire_format = detect_format(frames[0]) or WireFormat.JSON
        check_frames(frames, self._limits)
        _, value = decode_header(frames[0], self._limits)
        addressee.request_id = readable_id(value)
        request = Request.from_value(value)
        addressee.request_id = request.id  # An older version's id appears only now.
        return request

    def _answer(
        self, frames: Sequence[Frame], queued_s: float, addressee: _Addressee
    ) -> list[Frame]:
        request = self._open(frames, addressee)
        arrays = decode_arrays(request.arrays, frames[1:], self._limits)
        found = self._registry.find(request.op)
        if request.deadline_ms is not None and queued_s * 1000 >= request.deadline_ms:
            raise RequestError(
                ErrorCode.DEADLINE_EXCEEDED,
                f"the request waited past its deadline of {request.deadline_ms} ms; not run",
                {"deadline_ms": request.deadline_ms},
            )
        found.check(request.params, arrays, certify=request.certify)
        started_s = self._clock()
        outcome = found.function(request.params, arrays)
        certificate = None
        if request.certify and found.certifier is not None:
            certificate = found.certifier(request.params, arrays, outcome)
        compute_us = round((self._clock() - started_s) * _MICROSECONDS)
        # A certified reply is a function of its request: every byte of it can be checked.
        timing = None
        if not request.certify:
            timing = Timing(round(queued_s * _MICROSECONDS), compute_us)
        try:
            headers, array_frames = encode_arrays(outcome.arrays)
            reply = Reply(request.id, outcome.result, headers, certificate, timing=timing)
            return encode_message(reply, addressee.wire_format, array_frames)
        except RequestError as error:
            # What the caller sent was fine; what the operation made of it cannot be sent.
            raise RuntimeError(f"{request.op} gave a result that cannot be sent") from error


def _error_reply(
    addressee: _Addressee, code: ErrorCode, message: str, error: RequestError | None = None
) -> list[Frame]:
    details = error.details if error is not None else {}
    info = ErrorInfo(code, message, details)
    return encode_message(Reply(addressee.request_id, error=info), addressee.wire_format)
