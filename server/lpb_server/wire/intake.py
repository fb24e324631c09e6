"""A request taken in: its header checked, its arrays not yet; or the reply that refuses it.

This is as much of a request as whoever passes it on needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from lpb_server.errors import ErrorCode, RequestError
from lpb_server.wire.envelope import UNKNOWN_ID, ErrorInfo, Reply, Request, readable_id
from lpb_server.wire.formats import WireFormat, check_bounds, decode_header, detect_format
from lpb_server.wire.limits import REQUEST_LIMITS, Limits
from lpb_server.wire.messages import check_array_count, check_frames, encode_message
from lpb_server.wire.plain_headers import read_plain_request
from lpb_server.wire.refusal import Refusal
from lpb_server.wire.values import Frame, ValueMap

__all__ = ["Opened", "Rejected", "open_request"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that is no request.

    Parameters
    ----------
    reply : list of frames
        The error reply to it.
    """

    reply: list[Frame]


class Opened(msgspec.Struct):
    """A request whose header is valid.

    Parameters
    ----------
    request : Request
        As it was understood, migrated to the newest version.
    wire_format : WireFormat
        The format that its reply takes.
    frames : sequence of frames
        ``[header][array 0] …`` as they came.
    migrated : bool
        Whether it came in an older schema version; then its id was not drawn by the client.
    """

    request: Request
    wire_format: WireFormat
    frames: Sequence[Frame]
    migrated: bool = False

    def refuse(
        self, code: ErrorCode, message: str, details: Mapping[str, Any] | None = None
    ) -> list[Frame]:
        """Return the frames of an error reply to it."""
        return _error_reply(self.wire_format, self.request.id, code, message, details)

    def past_deadline(self, queued_s: float) -> list[Frame] | None:
        """Return the error reply when it has waited too long; None when it may run."""
        deadline_ms = self.request.deadline_ms
        if deadline_ms is None or queued_s * 1000 < deadline_ms:
            return None
        return self.refuse(
            ErrorCode.DEADLINE_EXCEEDED,
            f"the request waited past its deadline of {deadline_ms} ms; not run",
            {"deadline_ms": deadline_ms},
        )


def open_request(frames: Sequence[Frame], limits: Limits = REQUEST_LIMITS) -> Opened | Rejected:
    """Read the header of a message.

    Parameters
    ----------
    frames : sequence of frames
        ``[header][array 0][array 1] …``; any bytes whatever.
    limits : Limits
        What is refused.
    """
    value: ValueMap = {}
    try:
        check_frames(frames, limits)
        plain = read_plain_request(frames[0], limits)
        if plain is not None and len(plain[0].arrays) < len(frames):
            return Opened(*plain, frames)
        wire_format, value = decode_header(frames[0], limits)
        check_bounds(frames[0], value, limits)
        check_array_count(value, frames)
        request = Request.from_value(value)
    except RequestError as error:
        wire_format = (detect_format(frames[0]) if frames else None) or WireFormat.JSON
        request_id = readable_id(value)
        return Rejected(
            _error_reply(wire_format, request_id, error.code, error.message, error.details)
        )
    except MemoryError:
        wire_format = detect_format(frames[0]) or WireFormat.JSON
        message = "there is no memory left to read this header"
        return Rejected(_error_reply(wire_format, UNKNOWN_ID, ErrorCode.TOO_LARGE, message, None))
    return Opened(request, wire_format, frames, migrated="id" not in value)


def _error_reply(
    wire_format: WireFormat,
    request_id: str,
    code: ErrorCode,
    message: str,
    details: Mapping[str, Any] | None,
) -> list[Frame]:
    info = ErrorInfo(code, message, dict(details or {}))
    return Refusal(encode_message(Reply(request_id, error=info), wire_format), code)
