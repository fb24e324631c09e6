"""Headers that differ from earlier ones in their ids alone: neither written nor read anew.

Who calls an operation over and over sends the same header each time, but for 32 letters. What has
been encoded once is put together from its two pieces; what has been decoded and validated once is
found by all its bytes but those of the id, and the id is held against its own rule. Everything
else, so every header that is not exactly as our own encoder writes it, is read in full. Parameters
are the caller's own values: only headers without any are kept.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from lpb_server.wire.envelope import ArrayHeader, Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

__all__ = ["keep_header", "keep_request", "known_header", "known_request"]

_ID_LENGTH: Final = 32
"""Of the ids that clients draw. Others are read in full."""

_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{32}").fullmatch

_LONGEST: Final = 512
_MOST: Final = 256
"""How many headers of up to how many bytes are kept; when there are more, all are forgotten."""

_MSGPACK: Final = b"\xaeschema_version\x02\xa2id\xd9\x20"
_BEGINNINGS: Final = {
    **{first: bytes([first]) + _MSGPACK for first in range(0x84, 0x88)},
    0x7B: b'{"schema_version":2,"id":"',
    0x08: b"\x08\x02\x12\x20",
}
"""What stands before the id, by first byte: MessagePack with four to seven keys, JSON, Protobuf."""

_STARTS: Final = {first: len(beginning) for first, beginning in _BEGINNINGS.items()}


_Shape: TypeAlias = tuple[WireFormat, str, bool, tuple[ArrayHeader, ...]]
"""What decides a header's bytes beside its id."""

_Known: TypeAlias = tuple[str, tuple[ArrayHeader, ...], int | None, bool, WireFormat, Limits]
"""What a header said, in which format, and within what limits."""

_read: Final[dict[bytes, _Known]] = {}
_written: Final[dict[_Shape, tuple[bytes, bytes]]] = {}


def known_request(header: Frame, limits: Limits) -> tuple[Request, WireFormat] | None:
    """Return what a header says, when one with the same bytes beside its id has been read before.

    Parameters
    ----------
    header : frame
        Any bytes whatever.
    limits : Limits
        What is refused; those of the earlier header must have been the very same.
    """
    if type(header) is not bytes or not _ID_LENGTH < len(header) <= _LONGEST:
        return None
    start = _STARTS.get(header[0])
    if start is None:
        return None
    end = start + _ID_LENGTH
    known = _read.get(header[:start] + header[end:])
    if known is None:
        return None
    op, arrays, deadline_ms, certify, wire_format, bounds = known
    name = header[start:end]
    if bounds is not limits or not (name.isalnum() or _ID(name)):
        return None
    return Request(name.decode(), op, {}, arrays, deadline_ms, certify), wire_format


def keep_request(header: Frame, request: Request, wire_format: WireFormat, limits: Limits) -> None:
    """Keep what a header has been found to say, when it is one that can be found again."""
    if type(header) is not bytes or len(header) > _LONGEST or request.params:
        return
    beginning = _BEGINNINGS.get(header[0], b"?")
    start, name = len(beginning), request.id.encode()
    end = start + _ID_LENGTH
    if not header.startswith(beginning) or header[start:end] != name or header.count(name) != 1:
        return
    if len(_read) >= _MOST:
        _read.clear()
    said = request.op, request.arrays, request.deadline_ms, request.certify, wire_format, limits
    _read[header[:start] + header[end:]] = said


def known_header(request: Request, wire_format: WireFormat) -> bytes | None:
    """Return the header of a request like one that has been written before."""
    pieces = _written.get((wire_format, request.op, request.certify, request.arrays))
    if pieces is None or request.params != {} or request.deadline_ms is not None:
        return None
    name = request.id
    if type(name) is not str or len(name) != _ID_LENGTH or not name.isalnum():
        return None
    return pieces[0] + name.encode() + pieces[1] if name.isascii() else None


def keep_header(request: Request, wire_format: WireFormat, header: bytes) -> None:
    """Keep how a request was written, when one like it can be written in the same way."""
    name = request.id.encode()
    if request.params != {} or request.deadline_ms is not None or type(request.op) is not str:
        return
    if len(name) != _ID_LENGTH or len(header) > _LONGEST or header.count(name) != 1:
        return
    if len(_written) >= _MOST:
        _written.clear()
    before, _, after = header.partition(name)
    _written[wire_format, request.op, request.certify, request.arrays] = before, after
