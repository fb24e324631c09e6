"""How the vectors file writes a value, so that nothing depends on a JSON reader's numbers.

=========  =====================================================================
null       ``null``
bool       ``true``, ``false``
int        ``{"int": "-5"}``, in decimal
float      ``{"float": "3ff0000000000000"}``, the 64 bits in hexadecimal
string     ``"text"``
list       ``[…]``
map        ``{"map": [["key", value], …]}``, in order
=========  =====================================================================
"""

from __future__ import annotations

import struct
from typing import Any

from lpb_server.wire.values import Value, float_bits

__all__ = ["from_notation", "to_notation"]


def to_notation(value: Value) -> Any:
    """Write a value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": f"{float_bits(value):016x}"}
    if isinstance(value, list):
        return [to_notation(item) for item in value]
    return {"map": [[key, to_notation(item)] for key, item in value.items()]}


def from_notation(written: Any) -> Value:
    """Read what `to_notation` wrote.

    Raises
    ------
    ValueError
        For anything else.
    """
    match written:
        case None | bool() | str():
            return written
        case list():
            return [from_notation(item) for item in written]
        case {"int": str(text)}:
            return int(text)
        case {"float": str(text)}:
            number: float = struct.unpack(">d", bytes.fromhex(text))[0]
            return number
        case {"map": list(entries)}:
            return {key: from_notation(item) for key, item in entries}
    raise ValueError(f"no value: {written!r}")
