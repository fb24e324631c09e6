"""Values of the wire, bytes and texts as Lean terms."""

from __future__ import annotations

import math
import struct

from lpb_server.wire.values import Value

__all__ = [
    "FORMATS",
    "lean_bits",
    "lean_entries",
    "lean_packed",
    "lean_string",
    "lean_value",
]

FORMATS = {"json": ".json", "msgpack": ".messagePack", "protobuf": ".protobuf"}
"""The wire's formats by the names that the protocol gives them."""


def lean_packed(data: bytes) -> str:
    """Write bytes as Lean's ``Packed``: their number, and one number literal."""
    return f"{{ length := {len(data)}, value := {int.from_bytes(data, 'big'):#x} }}"


def lean_value(value: Value) -> str:
    """Write a value of the wire's data model as a Lean term.

    Raises
    ------
    TypeError
        When it is of another type.
    """
    match value:
        case None:
            return ".null"
        case bool():
            return f".bool {'true' if value else 'false'}"
        case int():
            return f".int ({value})"
        case float():
            return f".float {lean_bits(value):#x}"
        case str():
            return f".string {lean_string(value)}"
        case list():
            return ".list [" + ", ".join(map(lean_value, value)) + "]"
        case dict():
            return f".map {lean_entries(value)}"
    raise TypeError(f"{type(value).__name__} is not in the data model")


def lean_entries(entries: dict[str, Value]) -> str:
    """Write a map's entries as a Lean list of pairs."""
    pairs = (f"({lean_string(key)}, {lean_value(value)})" for key, value in entries.items())
    return "[" + ", ".join(pairs) + "]"


def lean_bits(value: float) -> int:
    """Give the bits of a float, every NaN as the same."""
    if math.isnan(value):
        value = math.nan
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits


def lean_string(text: str) -> str:
    """Write a Lean string literal."""
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character < " " or character == "\x7f":
            out.append(f"\\x{ord(character):02x}")
        else:
            out.append(character)
    return '"' + "".join(out) + '"'
