"""Replies of plain values in MessagePack, each read and written in one call.

What a small call gives back is a map of numbers and texts. `msgspec` reads such a reply straight
into its fields, checking their types and names, and writes it again: when that gives the same
bytes, every form is minimal, the keys stand in their order, and none stands twice. Anything else,
valid or not, is left to the formats and schemas, which say what is wrong with it. A test holds the
two ways against each other.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, UnsetType

from lpb_server.wire.envelope import SCHEMA_VERSION, Reply, Timing
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.values import Frame, ValueMap

__all__ = ["read_plain_reply", "write_plain_reply"]

_LONGEST_BYTES: Final = 4096
_DEEPEST: Final = 3
"""The header, the result in it, and a value in that."""

_FIRST_BYTES: Final = range(0x84, 0x87)
"""Maps of four to six keys."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_TEXT: Final = frozenset({str})
_ID_LENGTH: Final = 64

_PlainMap: TypeAlias = dict[str, str | int | float | bool | None]


class _PlainReply(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The fields of such a reply, in canonical order."""

    schema_version: Literal[2]
    id: str
    status: Literal["ok"]
    result: _PlainMap
    certificate: _PlainMap | UnsetType = UNSET
    timing: Timing | UnsetType = UNSET


_decode: Final = msgspec.msgpack.Decoder(_PlainReply).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def read_plain_reply(header: Frame, limits: Limits) -> Reply | None:
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
        or header[0] not in _FIRST_BYTES
        or (limits is not DEFAULT_LIMITS and not _is_within(limits, len(header)))
    ):
        return None
    try:
        found = _decode(header)
        if _encode(found) != header:
            return None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    name, certificate, timing = found.id, found.certificate, found.timing
    if not (name.isascii() and name.isalnum() and len(name) <= _ID_LENGTH):
        return None
    return Reply(
        name,
        cast(ValueMap, found.result),
        (),
        None if certificate is UNSET else cast(ValueMap, certificate),
        None,
        None if timing is UNSET else timing,
    )


def _is_within(limits: Limits, size: int) -> bool:
    return size <= min(limits.header_bytes, limits.string_bytes) and limits.depth >= _DEEPEST


def write_plain_reply(reply: Reply) -> bytes | None:
    """Write a reply of plain values; None for all else."""
    result, timing = reply.result, reply.timing
    if result is None or reply.error is not None or reply.arrays or not _is_plain(result):
        return None
    if type(reply.id) is not str:
        return None
    certificate = reply.certificate
    if certificate is not None and not _is_plain(certificate):
        return None
    try:
        return _encode(
            _PlainReply(
                SCHEMA_VERSION,
                reply.id,
                "ok",
                cast(_PlainMap, result),
                UNSET if certificate is None else cast(_PlainMap, certificate),
                UNSET if timing is None else timing,
            )
        )
    except (ValueError, OverflowError):  # Texts that are not Unicode, integers beyond 64 bits.
        return None


def _is_plain(part: ValueMap) -> bool:
    return _TEXT.issuperset(map(type, part)) and _PLAIN.issuperset(map(type, part.values()))
