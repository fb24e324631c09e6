"""A file in which the engine looks up symbols: a hash table that is searched where it lies.

All numbers are 32 bits, little endian::

    number of slots (a power of two)
    slots: hash, value, offset of the name, its length        a value of 0 is an empty slot
    the names, in UTF-8

A symbol's slot is the first from its hash on, taken modulo the number of slots, that holds it;
an empty slot ends the search. The hash is FNV-1a. See ``engine/symbols.js``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

__all__ = ["symbol_index"]

_SLOT = struct.Struct("<IIII")


def symbol_index(values: Mapping[str, int]) -> bytes:
    """Write symbols and their values, which must be positive."""
    count = 1
    while count < 2 * len(values):  # at least half of the slots are empty
        count *= 2
    slots: list[bytes | None] = [None] * count
    names = bytearray()
    for name, value in values.items():
        text = name.encode()
        code = _hash(text)
        place = code % count
        while slots[place] is not None:
            place = (place + 1) % count
        slots[place] = _SLOT.pack(code, value, len(names), len(text))
        names += text
    empty = bytes(_SLOT.size)
    return b"".join([struct.pack("<I", count), *(slot or empty for slot in slots), names])


def _hash(text: bytes) -> int:
    code = 0x811C9DC5
    for byte in text:
        code = (code ^ byte) * 0x01000193 & 0xFFFFFFFF
    return code
