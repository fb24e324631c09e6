"""Headers of plain values in MessagePack and JSON, each read and written in one call.

A small call says and gives back a map of numbers and texts. `msgspec` reads such a header straight
into its fields, checking their types and names, and writes it again: when that gives the same
bytes, every form is minimal, the keys stand in their order, and none stands twice. Anything else,
valid or not, is left to the formats and schemas, which say what is wrong with it. A test holds the
two ways against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from lpb_server.wire.envelope import (
    DTYPE_NAMES,
    SCHEMA_VERSION,
    ArrayHeader,
    Reply,
    Request,
    Timing,
)
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.json_format import FLOAT_KEY
from lpb_server.wire.limits import DEFAULT_LIMITS, REQUEST_LIMITS, Limits
from lpb_server.wire.values import MAX_INT, MIN_INT, Frame, ValueMap

__all__ = ["read_plain_reply", "read_plain_request", "write_plain_reply", "write_plain_request"]

_LONGEST_BYTES: Final = 4096
_DEEPEST: Final = 5
"""The header, its arrays, one of these, its shape, and a dimension."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_TEXT: Final = frozenset({str})
_ID_LENGTH: Final = 64

_LEAST_FLOAT: Final = 1e-4
_FLOAT_LIMIT: Final = 1e16
"""JSON has no one form of a float. Between these Python and `msgspec` write the same one."""

_PlainMap: TypeAlias = dict[str, str | int | float | bool | None]


class _PlainReply(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The fields of such a reply, in canonical order."""

    schema_version: Literal[2]
    id: str
    status: Literal["ok"]
    result: _PlainMap
    certificate: _PlainMap | UnsetType = UNSET
    timing: Timing | UnsetType = UNSET


_Header = TypeVar("_Header")


class _Codec(NamedTuple, Generic[_Header]):
    wire_format: WireFormat
    decode: Callable[[bytes], _Header]
    encode: Callable[[_Header], bytes]


def _codecs(
    header: type[_Header], keys: range
) -> tuple[dict[int, _Codec[_Header]], dict[WireFormat, _Codec[_Header]]]:
    """Give a kind of header's codecs by the first byte of what is read, and by the format.

    MessagePack's first byte says how many keys there are.
    """
    msgpack: _Codec[_Header] = _Codec(
        WireFormat.MSGPACK, msgspec.msgpack.Decoder(header).decode, msgspec.msgpack.Encoder().encode
    )
    json: _Codec[_Header] = _Codec(
        WireFormat.JSON, msgspec.json.Decoder(header).decode, msgspec.json.Encoder().encode
    )
    by_first_byte = {**{0x80 + count: msgpack for count in keys}, ord("{"): json}
    return by_first_byte, {codec.wire_format: codec for codec in (msgpack, json)}


_REQUESTS_READ, _REQUESTS_WRITTEN = _codecs(Request, range(4, 8))
_REPLIES_READ, _REPLIES_WRITTEN = _codecs(_PlainReply, range(4, 7))


def read_plain_request(header: Frame, limits: Limits) -> tuple[Request, WireFormat] | None:
    """Read a request of plain parameters, with any arrays; None for all else.

    Parameters
    ----------
    header : frame
        Any bytes whatever.
    limits : Limits
        What is refused.
    """
    read = _read(_REQUESTS_READ, header, limits)
    if read is None:
        return None
    request, wire_format = read
    if not (_is_plain(request.params) and _is_id(request.id) and _are_arrays(request.arrays)):
        return None
    if wire_format is WireFormat.JSON and not _is_request_same_in_json(request):
        return None
    return read


def write_plain_request(request: Request, wire_format: WireFormat) -> bytes | None:
    """Write a request of plain parameters, with any arrays; None for all else."""
    codec = _REQUESTS_WRITTEN.get(wire_format)
    if codec is None or type(request.id) is not str or type(request.op) is not str:
        return None
    params, deadline_ms = request.params, request.deadline_ms
    if type(request.certify) is not bool:
        return None
    if deadline_ms is not None and not (type(deadline_ms) is int and 0 < deadline_ms <= MAX_INT):
        return None
    if type(params) is not dict or not _is_plain(params):
        return None
    if wire_format is WireFormat.JSON and not _is_map_same_in_json(params):
        return None
    if request.arrays and not all(map(_is_plain_array, request.arrays)):
        return None
    return _write(codec, request)


def read_plain_reply(header: Frame, limits: Limits) -> tuple[Reply, WireFormat] | None:
    """Read a reply of plain values, without arrays; None for all else.

    Parameters
    ----------
    header : frame
        Any bytes whatever.
    limits : Limits
        What is refused.
    """
    read = _read(_REPLIES_READ, header, limits)
    if read is None:
        return None
    found, wire_format = read
    if not _is_id(found.id):
        return None
    if wire_format is WireFormat.JSON and not _is_reply_same_in_json(found):
        return None
    timing, certificate = found.timing, found.certificate
    reply = Reply(
        found.id,
        cast(ValueMap, found.result),
        (),
        None if certificate is UNSET else cast(ValueMap, certificate),
        None,
        None if timing is UNSET else timing,
    )
    return reply, wire_format


def write_plain_reply(reply: Reply, wire_format: WireFormat) -> bytes | None:
    """Write a reply of plain values, without arrays; None for all else."""
    codec = _REPLIES_WRITTEN.get(wire_format)
    result, timing = reply.result, reply.timing
    if codec is None or result is None or reply.error is not None or reply.arrays:
        return None
    if type(reply.id) is not str or not _is_plain(result):
        return None
    certificate = reply.certificate
    if certificate is not None and not _is_plain(certificate):
        return None
    said = _PlainReply(
        SCHEMA_VERSION,
        reply.id,
        "ok",
        cast(_PlainMap, result),
        UNSET if certificate is None else cast(_PlainMap, certificate),
        UNSET if timing is None else timing,
    )
    if wire_format is WireFormat.JSON and not _is_reply_same_in_json(said):
        return None
    return _write(codec, said)


def _read(
    codecs: dict[int, _Codec[_Header]], header: Frame, limits: Limits
) -> tuple[_Header, WireFormat] | None:
    if type(header) is not bytes or not 0 < len(header) <= _LONGEST_BYTES:
        return None
    if not (limits is REQUEST_LIMITS or limits is DEFAULT_LIMITS or _is_within(limits, header)):
        return None
    codec = codecs.get(header[0])
    if codec is None:
        return None
    try:
        found = codec.decode(header)
        same = codec.encode(found) == header
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    return (found, codec.wire_format) if same else None


def _write(codec: _Codec[_Header], header: _Header) -> bytes | None:
    try:
        return codec.encode(header)
    except (ValueError, OverflowError):  # Texts that are not Unicode, integers beyond 64 bits.
        return None


def _is_within(limits: Limits, header: bytes) -> bool:
    least = min(limits.header_bytes, limits.string_bytes, limits.values)
    return len(header) <= least and limits.depth >= _DEEPEST


def _is_id(name: str) -> bool:
    """Tell whether a text is such an id as clients draw. Others may be one as well."""
    return name.isascii() and name.isalnum() and len(name) <= _ID_LENGTH


def _is_plain(part: dict[str, Any]) -> bool:
    return _TEXT.issuperset(map(type, part)) and _PLAIN.issuperset(map(type, part.values()))


def _are_arrays(headers: tuple[ArrayHeader, ...]) -> bool:
    """Tell whether headers that were read are those of a message's arrays."""
    if not headers:
        return True
    distinct = len(headers) == 1 or len({header.name for header in headers}) == len(headers)
    return distinct and DTYPE_NAMES.issuperset([header.dtype for header in headers])


def _is_plain_array(header: ArrayHeader) -> bool:
    """Tell whether a header that is to be written has the types that it should."""
    return type(header.name) is type(header.dtype) is str and all(
        type(size) is int and 0 <= size <= MAX_INT for size in (header.frames, *header.shape)
    )


def _is_request_same_in_json(request: Request) -> bool:
    deadline_ms = request.deadline_ms
    return (
        _is_map_same_in_json(request.params)
        and (deadline_ms is None or deadline_ms <= MAX_INT)
        and all(map(_is_plain_array, request.arrays))
    )


def _is_reply_same_in_json(said: _PlainReply) -> bool:
    """Tell whether `msgspec`'s JSON of a reply is the protocol's.

    Its own knows neither the special floats nor a bound of integers.
    """
    certificate, timing = said.certificate, said.timing
    return (
        _is_map_same_in_json(said.result)
        and (certificate is UNSET or _is_map_same_in_json(certificate))
        and (timing is UNSET or max(timing.queue_us, timing.compute_us) <= MAX_INT)
    )


def _is_map_same_in_json(part: dict[str, Any]) -> bool:
    if FLOAT_KEY in part:
        return False
    for item in part.values():
        if type(item) is float:
            if item and not _LEAST_FLOAT <= abs(item) < _FLOAT_LIMIT:
                return False
        elif type(item) is int and not MIN_INT <= item <= MAX_INT:
            return False
    return True
