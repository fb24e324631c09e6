"""The three formats of a header, and how its first byte tells which one it is."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire import json_format, msgpack_format, protobuf_format
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.values import Frame, Value, ValueMap

__all__ = ["WireFormat", "decode_header", "detect_format", "encode_header"]

_JSON_SPACE = b" \t\n\r"


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
    for byte in header:
        if byte in _JSON_SPACE:
            continue
        if byte == 0x7B:  # {
            return WireFormat.JSON
        break
    first = header[0] if len(header) else 0xC1
    if 0x80 <= first <= 0x8F or first in (0xDE, 0xDF):
        return WireFormat.MSGPACK
    return WireFormat.PROTOBUF if first == 0x08 else None


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
    value = _DECODERS[wire_format](header)
    if not isinstance(value, dict):
        raise WireError("the header is not a map")
    return wire_format, value


def encode_header(wire_format: WireFormat, header: ValueMap) -> bytes:
    """Encode a header map.

    Raises
    ------
    WireError
        When the map cannot be written in this format.
    """
    return _ENCODERS[wire_format](header)


_DECODERS: Final[dict[WireFormat, Callable[[Frame], Value]]] = {
    WireFormat.JSON: json_format.decode,
    WireFormat.MSGPACK: msgpack_format.decode,
    WireFormat.PROTOBUF: protobuf_format.decode_header,
}
_ENCODERS: Final[dict[WireFormat, Callable[[ValueMap], bytes]]] = {
    WireFormat.JSON: json_format.encode,
    WireFormat.MSGPACK: msgpack_format.encode,
    WireFormat.PROTOBUF: protobuf_format.encode_header,
}
