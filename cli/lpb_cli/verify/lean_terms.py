"""Values of the wire, arrays, bytes and texts as Lean terms."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from lpb_server.wire.envelope import ArrayHeader
from lpb_server.wire.values import Value

__all__ = [
    "FORMATS",
    "lean_arrays",
    "lean_bits",
    "lean_entries",
    "lean_packed",
    "lean_string",
    "lean_value",
]

FORMATS = {"json": ".json", "msgpack": ".messagePack", "protobuf": ".protobuf"}

_CHUNK_BYTES = 64 * 8
"""`Float64.chunkSize` doubles: what one number literal holds."""

_PACKED_FROM = 4
"""Lists of so many floats and more are written packed: Lean reads them in no time."""


def lean_packed(data: bytes) -> str:
    """Write bytes as a `Packed`: their number, and one number."""
    return f"⟨{len(data)}, {hex(int.from_bytes(data, 'big'))}⟩"


def lean_chunks(data: bytes) -> str:
    """Write bytes as `Float64.joinChunks` takes them: little-endian numbers of 64 doubles.

    A `nat_lit` is the number itself. A number alone is `OfNat.ofNat` of it: Lean looks for an
    instance, and reads the digits several times, which takes three quarters of its time.
    """
    chunks = (data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES))
    numbers = (f"nat_lit {int.from_bytes(chunk, 'little'):#x}" for chunk in chunks)
    return "[" + ", ".join(numbers) + "]"


def lean_arrays(headers: Sequence[ArrayHeader], frames: Sequence[bytes]) -> str:
    """Write arrays with the bytes of their frames as a list of `NamedArray`.

    Parameters
    ----------
    headers
        What the frames hold, in order.
    frames
        All frames that follow the message's header.
    """
    written, start = [], 0
    for header in headers:
        own = [bytes(frame) for frame in frames[start : start + header.frames]]
        start += header.frames
        fields = {
            "name": lean_string(header.name),
            "dtype": f".{header.dtype}",
            "shape": str(list(header.shape)),
            "chunks": lean_chunks(b"".join(own)),
            "frames": str(list(map(len, own))),
        }
        written.append("{ " + ", ".join(f"{key} := {term}" for key, term in fields.items()) + " }")
    return "[" + ", ".join(written) + "]"


def lean_value(value: Value) -> str:
    """Write a value of the data model as a Lean term.

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
            return _list(value)
        case dict():
            return f".map {lean_entries(value)}"
    raise TypeError(f"{type(value).__name__} is not in the data model")


def _list(items: list[Value]) -> str:
    floats = _floats(items)
    if len(floats) >= _PACKED_FROM:
        return f".floatList {len(floats)} {_doubles(floats)}"
    rows = [_floats(row) if isinstance(row, list) else [] for row in items]
    width = len(rows[0]) if rows else 0
    if width and width * len(rows) >= _PACKED_FROM and all(len(row) == width for row in rows):
        elements = [element for row in rows for element in row]
        return f".floatRows {len(rows)} {width} {_doubles(elements)}"
    return ".list [" + ", ".join(map(lean_value, items)) + "]"


def _floats(items: list[Value]) -> list[float]:
    """Return the items when all of them are floats, else nothing."""
    floats = [item for item in items if isinstance(item, float)]
    return floats if len(floats) == len(items) else []


def _doubles(floats: list[float]) -> str:
    return lean_chunks(struct.pack(f"<{len(floats)}d", *floats))


def lean_entries(entries: Mapping[str, Value]) -> str:
    """Write a map's entries as a Lean list of pairs."""
    pairs = (f"({lean_string(key)}, {lean_value(value)})" for key, value in entries.items())
    return "[" + ", ".join(pairs) + "]"


def lean_bits(value: float) -> int:
    """Give the bits of a float."""
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
