"""Replies of plain values in MessagePack, each read and written in one call.

What a small call gives back is a map of numbers and texts. `msgspec` reads such a reply straight
into its fields, checking their types and names, and writes it again: when that gives the same
bytes, every form is minimal, the keys stand in their order, and none stands twice. Anything else,
valid or not, is left to the formats and schemas, which say what is wrong with it. A test holds the
two ways against each other.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from lpb_server.wire.envelope import SCHEMA_VERSION, Reply, Timing
from lpb_server.wire.limits import Limits
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

_Microseconds = Annotated[int, Meta(ge=0)]


class _PlainTiming(msgspec.Struct, forbid_unknown_fields=True):
    queue_us: _Microseconds
    compute_us: _Microseconds


class _PlainReply(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The fields of such a reply, in canonical order."""

    schema_version: Literal[2]
    id: str
    status: Literal["ok"]
    result: dict[str, Any]
    certificate: dict[str, Any] | UnsetType = UNSET
    timing: _PlainTiming | UnsetType = UNSET


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
        or len(header) > limits.header_bytes
        or len(header) > limits.string_bytes
        or limits.depth < _DEEPEST
    ):
        return None
    try:
        found = _decode(header)
        if _encode(found) != header:
            return None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    name, timing = found.id, found.timing
    certificate = found.certificate if found.certificate is not UNSET else None
    if not (name.isascii() and name.isalnum() and len(name) <= _ID_LENGTH):
        return None
    # Bytes, extensions and times are values to msgspec, and none of the data model's.
    if not _PLAIN.issuperset(map(type, found.result.values())):
        return None
    if certificate is not None and not _PLAIN.issuperset(map(type, certificate.values())):
        return None
    return Reply(
        name,
        found.result,
        (),
        certificate,
        None,
        Timing(timing.queue_us, timing.compute_us) if timing is not UNSET else None,
    )


def write_plain_reply(reply: Reply) -> bytes | None:
    """Write a reply of plain values; None for all else."""
    result, timing = reply.result, reply.timing
    if result is None or reply.error is not None or reply.arrays or not _is_plain(result):
        return None
    if type(reply.id) is not str:
        return None
    certificate: dict[str, Any] | UnsetType = UNSET
    if reply.certificate is not None:
        if not _is_plain(reply.certificate):
            return None
        certificate = reply.certificate
    try:
        return _encode(
            _PlainReply(
                SCHEMA_VERSION,
                reply.id,
                "ok",
                result,
                certificate,
                _PlainTiming(timing.queue_us, timing.compute_us) if timing is not None else UNSET,
            )
        )
    except (ValueError, OverflowError):  # Texts that are not Unicode, integers beyond 64 bits.
        return None


def _is_plain(part: ValueMap) -> bool:
    return _TEXT.issuperset(map(type, part)) and _PLAIN.issuperset(map(type, part.values()))
