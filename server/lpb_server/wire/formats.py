"""The three formats of a header, and how its first byte tells which one it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire import json_format, msgpack_format
from lpb_server.wire.limits import DEFAULT_LIMITS, MAX_DEPTH, Limits
from lpb_server.wire.values import Frame, Value, ValueMap

__all__ = [
    "WireFormat",
    "check_bounds",
    "decode_header",
    "detect_format",
    "encode_header",
]

_JSON_MAP: Final = re.compile(rb"[ \t\n\r]*\{").match


class WireFormat(StrEnum):
    """How a header is written."""

    JSON = "json"
    MSGPACK = "msgpack"
    PROTOBUF = "protobuf"


def detect_format(header: Frame) -> WireFormat | None:
    """Tell the format of a header from its first byte.

    Returns
    -------
    WireFormat or None
        None when no header begins so.
    """
    first = header[0] if len(header) else 0xC1
    if 0x80 <= first <= 0x8F or first in (0xDE, 0xDF):
        return WireFormat.MSGPACK
    if first == 0x08:
        return WireFormat.PROTOBUF
    return WireFormat.JSON if _JSON_MAP(header) else None


def decode_header(header: Frame, limits: Limits = DEFAULT_LIMITS) -> tuple[WireFormat, ValueMap]:
    """Decode a header frame.

    Returns
    -------
    tuple of WireFormat and dict
        The format it came in, and its map.

    Raises
    ------
    WireError
        ``too_large`` or ``bad_message``.
    """
    if len(header) > limits.header_bytes:
        raise WireError(
            f"the header has {len(header)} bytes, more than {limits.header_bytes}",
            {"limit_bytes": limits.header_bytes},
            code=ErrorCode.TOO_LARGE,
        )
    wire_format = detect_format(header)
    if wire_format is None:
        raise WireError("the header is neither a JSON, a MessagePack nor a Protobuf map")
    value = _DECODERS[wire_format](header, limits.values)
    if not isinstance(value, dict):
        raise WireError("the header is not a map")
    return wire_format, value


def check_bounds(header: Frame, value: ValueMap, limits: Limits) -> None:
    """Refuse a decoded header that nests too deeply or holds a string that is too long.

    Parameters
    ----------
    header : frame
        Its bytes: `decode_header` has seen that there are not too many, so that what they were
        decoded into has taken memory in proportion.
    value : dict
        What it was decoded into.
    limits : Limits
        What is refused.

    Raises
    ------
    WireError
        ``too_large``.
    """
    if limits.depth < MAX_DEPTH or len(header) > limits.string_bytes:
        _check_part(value, limits.depth, limits)


def _check_part(value: Value, depth: int, limits: Limits) -> None:
    if depth < 1:
        raise WireError(
            f"the header nests deeper than {limits.depth} levels",
            {"limit_depth": limits.depth},
            code=ErrorCode.TOO_LARGE,
        )
    if isinstance(value, str):
        if len(value) * 4 > limits.string_bytes < len(value.encode()):
            raise WireError(
                f"a string in the header has more than {limits.string_bytes} bytes",
                {"limit_bytes": limits.string_bytes},
                code=ErrorCode.TOO_LARGE,
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_part(key, depth, limits)
            _check_part(item, depth - 1, limits)
    elif isinstance(value, list):
        for item in value:
            _check_part(item, depth - 1, limits)


def encode_header(wire_format: WireFormat, header: ValueMap, *, checked: bool = False) -> bytes:
    """Encode a header map.

    Parameters
    ----------
    wire_format : WireFormat
        How.
    header : dict
        The map.
    checked : bool
        Whether it is known to lie inside the data model.

    Raises
    ------
    WireError
        When the map cannot be written in this format.
    """
    return (_CHECKED_ENCODERS if checked else _ENCODERS)[wire_format](header)


# Protocol Buffers take longer to import than both others: a client that has no use for them does
# without.


def _decode_protobuf(header: Frame, values: int) -> Value:
    from lpb_server.wire import protobuf_format

    return protobuf_format.decode_header(header, values)


def _encode_protobuf(header: ValueMap) -> bytes:
    from lpb_server.wire import protobuf_format

    return protobuf_format.encode_header(header)


def _encode_checked_protobuf(header: ValueMap) -> bytes:
    from lpb_server.wire import protobuf_format

    return protobuf_format.encode_checked_header(header)


_DECODERS: Final[dict[WireFormat, Callable[[Frame, int], Value]]] = {
    WireFormat.JSON: json_format.decode,
    WireFormat.MSGPACK: msgpack_format.decode,
    WireFormat.PROTOBUF: _decode_protobuf,
}
_ENCODERS: Final[dict[WireFormat, Callable[[ValueMap], bytes]]] = {
    WireFormat.JSON: json_format.encode,
    WireFormat.MSGPACK: msgpack_format.encode,
    WireFormat.PROTOBUF: _encode_protobuf,
}
_CHECKED_ENCODERS: Final[dict[WireFormat, Callable[[ValueMap], bytes]]] = {
    WireFormat.JSON: json_format.encode_checked,
    WireFormat.MSGPACK: msgpack_format.encode_checked,
    WireFormat.PROTOBUF: _encode_checked_protobuf,
}
