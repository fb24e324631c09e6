"""The limits of the wire: what is refused before memory is taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

__all__ = ["DEFAULT_LIMITS", "MAX_DEPTH", "REQUEST_LIMITS", "Count", "LargeCount", "Limits"]

MAX_DEPTH: Final = 64
"""Nesting depth of a value; a scalar has depth 1. Part of the protocol: a server can be set to
less, and not to more."""

_MIB = 1 << 20

Count: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 31) - 1)]
"""What a C int takes."""

LargeCount: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
"""What a C int of 64 bits takes, ZeroMQ's limit of a message among them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may cost; the defaults are a server's, for requests.

    Parameters
    ----------
    header_bytes : int
        Size of the header frame. Large arrays travel in frames of their own; those that stand in
        the header's params have to fit here, and into `values`.
    values : int
        Values in a header: the elements of its lists and the entries of its maps, all together.
    frame_bytes : int
        Size of any one frame; ZeroMQ drops the connection of a peer that sends more.
    frames : int
        Frames in one message, the header included.
    array_bytes : int
        Size of all arrays of one message together.
    elements : int
        Elements of one array.
    depth : int
        How deep a header nests, a scalar being 1 deep; the protocol allows 64 at most.
    string_bytes : int
        Size of one string in a header, in UTF-8.
    """

    header_bytes: LargeCount = 4 * _MIB
    values: LargeCount = 16 << 10
    frame_bytes: LargeCount = 2048 * _MIB
    frames: Count = 4096
    array_bytes: LargeCount = 2048 * _MIB
    elements: LargeCount = 2048 * _MIB
    depth: Annotated[int, Meta(ge=5, le=MAX_DEPTH)] = MAX_DEPTH
    string_bytes: LargeCount = 4 * _MIB


REQUEST_LIMITS: Final = Limits()
"""Of what anybody may send to a server: reading such a header takes some hundredths of a second."""

DEFAULT_LIMITS: Final = Limits(header_bytes=64 * _MIB, values=64 * _MIB, string_bytes=16 * _MIB)
"""Of replies: whoever asked for a large one waits for it."""
