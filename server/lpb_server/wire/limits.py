"""The limits of the wire: what is refused before memory is taken for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

__all__ = ["DEFAULT_LIMITS", "MAX_DEPTH", "Limits"]

MAX_DEPTH: Final = 64
"""Nesting depth of a value; a scalar has depth 1. Part of the protocol: a server can be set to
less, and not to more."""

_MIB = 1 << 20
_MOST = {"most": (1 << 63) - 1}
"""What a C int of 64 bits takes, ZeroMQ's limit of a message among them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may cost.

    Parameters
    ----------
    header_bytes : int
        Size of the header frame.
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

    header_bytes: int = field(default=64 * _MIB, metadata=_MOST)
    frame_bytes: int = field(default=2048 * _MIB, metadata=_MOST)
    frames: int = 4096
    array_bytes: int = field(default=2048 * _MIB, metadata=_MOST)
    elements: int = field(default=2048 * _MIB, metadata=_MOST)
    depth: int = field(default=MAX_DEPTH, metadata={"least": 5, "most": MAX_DEPTH})
    string_bytes: int = field(default=16 * _MIB, metadata=_MOST)


DEFAULT_LIMITS: Final = Limits()
