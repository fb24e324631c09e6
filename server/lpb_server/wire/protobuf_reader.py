"""The strict Protobuf reader: bytes → values, for the messages of ``bridge.proto``.

It is our own because the library cannot be strict: it reads at most 100 messages deep (a map
nested 64 deep is 192) unless that limit is lifted for the whole process, which leaves the C stack
to whoever sends the bytes; it merges a field that stands twice, and keeps unknown ones silently.

Fields may stand in any order and varints need not be minimal. Refused are unknown fields, wrong
wire types, a singular field that stands twice, a Value that holds no field or several, a null that
is not true, and a bool beyond 1. Every length is compared with the bytes that are left before
anything is taken.
"""

from __future__ import annotations

import struct
from typing import Final

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import MAX_INT, Value, ValueMap, too_many_values

__all__ = [
    "Room",
    "read_bool",
    "read_length",
    "read_map",
    "read_string",
    "read_value",
    "read_varint",
    "unexpected",
]

_DOUBLE: Final = struct.Struct("<d")


class Room:
    """For how many more values a message has room.

    Parameters
    ----------
    values : int
        How many lists and maps may hold, all together.
    """

    def __init__(self, values: int) -> None:
        self._values = values
        self._left = values

    def take(self) -> None:
        """Count one value.

        Raises
        ------
        WireError
            ``too_large`` when there is no room for it.
        """
        self._left -= 1
        if self._left < 0:
            raise too_many_values(self._values)


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Read a number of at most 64 bits; return it and where it ends."""
    result = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result > MAX_INT:
                break
            return result, position
        shift += 7
        if shift >= 70:
            break
    else:
        raise WireError("the Protobuf message is cut short inside a varint")
    raise WireError("a Protobuf varint has more than 64 bits")


def read_length(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Return where a length-delimited field begins and ends."""
    length, position = read_varint(data, position, end)
    if length > end - position:
        raise WireError(f"a Protobuf field claims {length} bytes, and {end - position} are left")
    return position, position + length


def read_bool(data: bytes, position: int, end: int) -> tuple[bool, int]:
    """Read a bool; return it and where it ends."""
    number, position = read_varint(data, position, end)
    if number > 1:
        raise WireError("a Protobuf bool is neither 0 nor 1")
    return number == 1, position


def _read_double(data: bytes, position: int, end: int) -> tuple[float, int]:
    if end - position < _DOUBLE.size:
        raise WireError("the Protobuf message is cut short inside a double")
    number: float = _DOUBLE.unpack_from(data, position)[0]
    return number, position + _DOUBLE.size


def read_string(data: bytes, position: int, end: int) -> str:
    """Read the string between two positions."""
    try:
        return data[position:end].decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("a Protobuf string is not UTF-8") from None


def read_value(data: bytes, position: int, end: int, depth: int, room: Room) -> Value:
    """Read the message ``Value`` between two positions.

    Parameters
    ----------
    data : bytes
        Where it lies.
    position, end : int
        Where it begins and ends.
    depth : int
        How deep it may nest.
    room : Room
        For how many values there is room.

    Raises
    ------
    WireError
        For anything but exactly one value.
    """
    if depth < 1:
        raise WireError(f"the value nests deeper than {MAX_DEPTH} levels", {"limit": MAX_DEPTH})
    tag, position = read_varint(data, position, end) if position < end else (0, position)
    value: Value
    if tag == 0x29:
        value, position = _read_double(data, position, end)
    elif tag == 0x18:
        number, position = read_varint(data, position, end)
        value = (number >> 1) ^ -(number & 1)
    elif tag in (0x32, 0x3A, 0x42):
        start, position = read_length(data, position, end)
        if tag == 0x32:
            value = read_string(data, start, position)
        elif tag == 0x3A:
            value = _read_list(data, start, position, depth, room)
        else:
            value = read_map(data, start, position, depth, room)
    elif tag in (0x08, 0x10):
        value, position = read_bool(data, position, end)
        if tag == 0x08:
            if not value:
                raise WireError("a Protobuf null must be true")
            value = None
    elif tag == 0x20:
        value, position = read_varint(data, position, end)
    elif tag == 0:
        raise WireError("a Protobuf Value holds no field")
    else:
        raise unexpected(tag, "Value")
    if position != end:
        raise WireError("a Protobuf Value holds more than one field")
    return value


def _read_list(data: bytes, position: int, end: int, depth: int, room: Room) -> list[Value]:
    items: list[Value] = []
    while position < end:
        tag, position = read_varint(data, position, end)
        if tag != 0x0A:
            raise unexpected(tag, "List")
        room.take()
        start, position = read_length(data, position, end)
        items.append(read_value(data, start, position, depth - 1, room))
    return items


def read_map(data: bytes, position: int, end: int, depth: int, room: Room) -> ValueMap:
    """Read the message ``Map`` between two positions."""
    if depth < 1:
        raise WireError(f"the value nests deeper than {MAX_DEPTH} levels", {"limit": MAX_DEPTH})
    entries: ValueMap = {}
    while position < end:
        tag, position = read_varint(data, position, end)
        if tag != 0x0A:
            raise unexpected(tag, "Map")
        room.take()
        start, position = read_length(data, position, end)
        key, value = _read_entry(data, start, position, depth - 1, room)
        if key in entries:
            raise WireError(f"the key {key[:64]!r} stands twice in one map")
        entries[key] = value
    return entries


def _read_entry(data: bytes, position: int, end: int, depth: int, room: Room) -> tuple[str, Value]:
    keys: list[str] = []
    values: list[Value] = []
    while position < end:
        tag, position = read_varint(data, position, end)
        if tag not in (0x0A, 0x12):
            raise unexpected(tag, "Entry")
        start, position = read_length(data, position, end)
        if tag == 0x0A:
            keys.append(read_string(data, start, position))
        else:
            values.append(read_value(data, start, position, depth, room))
    if len(keys) > 1 or len(values) != 1:
        raise WireError("a Protobuf map entry must have one key and one value")
    return keys[0] if keys else "", values[0]  # proto3 leaves an empty key out.


def unexpected(tag: int, where: str) -> WireError:
    """Return the error for a field that a message does not have, or not so."""
    return WireError(f"Protobuf field {tag >> 3} of wire type {tag & 7} is unknown in {where}")
