"""Replies of plain values in MessagePack and JSON, each read and written in one call.

What a small call gives back is a map of numbers and texts. `msgspec` reads such a reply straight
into its fields, checking their types and names, and writes it again: when that gives the same
bytes, every form is minimal, the keys stand in their order, and none stands twice. Anything else,
valid or not, is left to the formats and schemas, which say what is wrong with it. A test holds the
two ways against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeAlias, cast

import msgspec
from msgspec import UNSET, UnsetType

from lpb_server.wire.envelope import SCHEMA_VERSION, Reply, Timing
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.json_format import FLOAT_KEY
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.values import MAX_INT, MIN_INT, Frame, ValueMap

__all__ = ["read_plain_reply", "write_plain_reply"]

_LONGEST_BYTES: Final = 4096
_DEEPEST: Final = 3
"""The header, the result in it, and a value in that."""

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


class _Codec(NamedTuple):
    wire_format: WireFormat
    decode: Callable[[bytes], _PlainReply]
    encode: Callable[[_PlainReply], bytes]


_MSGPACK: Final = _Codec(
    WireFormat.MSGPACK,
    msgspec.msgpack.Decoder(_PlainReply).decode,
    msgspec.msgpack.Encoder().encode,
)
_JSON: Final = _Codec(
    WireFormat.JSON, msgspec.json.Decoder(_PlainReply).decode, msgspec.json.Encoder().encode
)
_BY_FIRST_BYTE: Final = {**dict.fromkeys(range(0x84, 0x87), _MSGPACK), ord("{"): _JSON}
"""MessagePack's maps of four to six keys, and JSON's of any number."""

_BY_FORMAT: Final = {codec.wire_format: codec for codec in (_MSGPACK, _JSON)}


def read_plain_reply(header: Frame, limits: Limits) -> tuple[Reply, WireFormat] | None:
    """Read a reply of plain values; None for all else.

    Parameters
    ----------
    header : frame
        Any bytes whatever.
    limits : Limits
        What is refused.
    """
    if (
        type(header) is not bytes
        or not 0 < len(header) <= _LONGEST_BYTES
        or (limits is not DEFAULT_LIMITS and not _is_within(limits, len(header)))
    ):
        return None
    codec = _BY_FIRST_BYTE.get(header[0])
    if codec is None:
        return None
    try:
        found = codec.decode(header)
        if codec.encode(found) != header:
            return None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    name, timing = found.id, found.timing
    if not (name.isascii() and name.isalnum() and len(name) <= _ID_LENGTH):
        return None
    if codec is _JSON and not _is_same_in_json(found):
        return None
    reply = Reply(
        name,
        cast(ValueMap, found.result),
        (),
        None if found.certificate is UNSET else cast(ValueMap, found.certificate),
        None,
        None if timing is UNSET else timing,
    )
    return reply, codec.wire_format


def _is_within(limits: Limits, size: int) -> bool:
    return size <= min(limits.header_bytes, limits.string_bytes) and limits.depth >= _DEEPEST


def write_plain_reply(reply: Reply, wire_format: WireFormat) -> bytes | None:
    """Write a reply of plain values; None for all else."""
    codec = _BY_FORMAT.get(wire_format)
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
    if codec is _JSON and not _is_same_in_json(said):
        return None
    try:
        return codec.encode(said)
    except (ValueError, OverflowError):  # Texts that are not Unicode, integers beyond 64 bits.
        return None


def _is_plain(part: ValueMap) -> bool:
    return _TEXT.issuperset(map(type, part)) and _PLAIN.issuperset(map(type, part.values()))


def _is_same_in_json(said: _PlainReply) -> bool:
    """Tell whether `msgspec`'s JSON of a reply is the protocol's.

    Its own knows neither the special floats nor a bound of integers.
    """
    certificate, timing = said.certificate, said.timing
    return (
        _is_map_same_in_json(said.result)
        and (certificate is UNSET or _is_map_same_in_json(certificate))
        and (timing is UNSET or max(timing.queue_us, timing.compute_us) <= MAX_INT)
    )


def _is_map_same_in_json(part: _PlainMap) -> bool:
    if FLOAT_KEY in part:
        return False
    for item in part.values():
        if type(item) is float:
            if item and not _LEAST_FLOAT <= abs(item) < _FLOAT_LIMIT:
                return False
        elif type(item) is int and not MIN_INT <= item <= MAX_INT:
            return False
    return True
