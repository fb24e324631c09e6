"""Whole messages: frames ↔ request or reply with its arrays.

The order of the frames of a message, without routing frames::

    [header][array 0][array 1] …
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.envelope import ArrayHeader, Reply, Request
from lpb_server.wire.formats import WireFormat, check_bounds, decode_header, encode_header
from lpb_server.wire.limits import DEFAULT_LIMITS, MAX_DEPTH, REQUEST_LIMITS, Limits
from lpb_server.wire.plain_headers import (
    read_plain_reply,
    write_plain_reply,
    write_plain_request,
)
from lpb_server.wire.values import MAX_INT, Frame, ValueMap, check_value

if TYPE_CHECKING:  # NumPy takes longer to import than the rest of a client, which may do without.
    from lpb_server.wire.arrays import Array

__all__ = [
    "Message",
    "check_array_count",
    "check_frames",
    "decode_reply",
    "decode_request",
    "encode_message",
]


class Message(msgspec.Struct):
    """A reply as it came: its header, its arrays, and the format of the header."""

    reply: Reply
    wire_format: WireFormat
    arrays: dict[str, Array] = {}


def encode_message(
    envelope: Request | Reply, wire_format: WireFormat, array_frames: Sequence[Frame] = ()
) -> list[Frame]:
    """Write a request or reply as frames.

    Parameters
    ----------
    envelope : Request or Reply
        Its array headers must describe the frames.
    wire_format : WireFormat
        The format of the header.
    array_frames : sequence of frames
        The frames of all arrays, in order.

    Raises
    ------
    WireError
        When a value is outside the data model.
    """
    if isinstance(envelope, Request):
        header = write_plain_request(envelope, wire_format)
    else:
        header = write_plain_reply(envelope, wire_format)
    if header is None:
        checked = _looked_through(envelope)
        header = encode_header(wire_format, envelope.to_value(), checked=checked)
    return [header, *array_frames]


def _looked_through(envelope: Request | Reply) -> bool:
    """Check the parts of an envelope that are not bound to lie inside the data model.

    Returns
    -------
    bool
        Whether that was all there is to check: the encoder looks at the whole map otherwise.

    Raises
    ------
    WireError
        When a part lies outside.
    """
    if isinstance(envelope, Request):
        if envelope.deadline_ms is not None or not _plain(envelope.op):
            return False
        maps: tuple[ValueMap | None, ...] = (envelope.params,)
    else:
        if envelope.error is not None:
            return False
        maps = (envelope.result, envelope.certificate)
    if not _plain(envelope.id):
        return False
    if envelope.arrays and not all(map(_plain_header, envelope.arrays)):
        return False
    for part in maps:
        if part is not None:
            check_value(part, MAX_DEPTH - 1)
    return True


def _plain(text: str) -> bool:
    return type(text) is str and text.isascii()


def _plain_header(header: ArrayHeader) -> bool:
    return (
        _plain(header.name)
        and _plain(header.dtype)
        and all(
            type(size) is int and 0 <= size <= MAX_INT for size in (header.frames, *header.shape)
        )
    )


def check_frames(frames: Sequence[Frame], limits: Limits = DEFAULT_LIMITS) -> None:
    """Refuse a message without a header, or with too many frames.

    Raises
    ------
    WireError
        ``bad_message`` or ``too_large``.
    """
    if not frames:
        raise WireError("the message has no frames")
    if len(frames) > limits.frames:
        raise WireError(
            f"the message has {len(frames)} frames, more than {limits.frames}",
            {"limit_frames": limits.frames},
            code=ErrorCode.TOO_LARGE,
        )


def check_array_count(value: ValueMap, frames: Sequence[Frame]) -> None:
    """Refuse a header that names more arrays than frames have come, before any is looked at.

    Raises
    ------
    WireError
        ``bad_message``.
    """
    arrays = value.get("arrays")
    if isinstance(arrays, list) and len(arrays) > len(frames) - 1:
        raise WireError(
            f"the header names {len(arrays)} arrays, and {len(frames) - 1} array frames came",
            {"expected": len(arrays), "received": len(frames) - 1},
        )


def decode_request(
    frames: Sequence[Frame], limits: Limits = REQUEST_LIMITS
) -> tuple[Request, dict[str, Array], WireFormat]:
    """Read a request of any supported schema version, with its arrays.

    Raises
    ------
    WireError
        ``bad_message``, ``unsupported_schema_version`` or ``too_large``.
    """
    check_frames(frames, limits)
    wire_format, value = decode_header(frames[0], limits)
    check_bounds(frames[0], value, limits)
    check_array_count(value, frames)
    request = Request.from_value(value)
    return request, _arrays(request.arrays, frames[1:], limits), wire_format


def decode_reply(frames: Sequence[Frame], limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a reply with its arrays.

    Raises
    ------
    WireError
        When the frames are no reply.
    """
    check_frames(frames, limits)
    plain = read_plain_reply(frames[0], limits) if len(frames) == 1 else None
    if plain is not None:
        return Message(*plain)
    wire_format, value = decode_header(frames[0], limits)
    check_bounds(frames[0], value, limits)
    check_array_count(value, frames)
    reply = Reply.from_value(value)
    return Message(reply, wire_format, _arrays(reply.arrays, frames[1:], limits))


def _arrays(
    headers: Sequence[ArrayHeader], frames: Sequence[Frame], limits: Limits
) -> dict[str, Array]:
    if not headers and not frames:
        return {}
    from lpb_server.wire.arrays import decode_arrays

    return decode_arrays(headers, frames, limits)
