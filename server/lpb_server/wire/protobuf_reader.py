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
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import MAX_INT, Value, ValueMap

__all__ = ["GENERATED", "HEADER_FIELDS", "FieldKind", "MessageField", "read_header", "read_value"]

GENERATED: Final[Any] = import_module("lpb_server.wire.bridge_pb2")
"""The generated classes; they are made at run time, so a type checker cannot see them."""

_DOUBLE: Final = struct.Struct("<d")

_VARINT: Final = 0
_BYTES: Final = 2


class FieldKind(Enum):
    """What a field of a message with named fields holds."""

    NUMBER = auto()
    BOOL = auto()
    STRING = auto()
    MAP = auto()
    MESSAGE = auto()


_SCALARS: Final = {
    FieldDescriptor.TYPE_UINT32: FieldKind.NUMBER,
    FieldDescriptor.TYPE_UINT64: FieldKind.NUMBER,
    FieldDescriptor.TYPE_BOOL: FieldKind.BOOL,
    FieldDescriptor.TYPE_STRING: FieldKind.STRING,
}


@dataclass(frozen=True, slots=True)
class MessageField:
    """One field of a message with named fields.

    Parameters
    ----------
    name : str
        Its name, which is its key in the header map.
    kind : FieldKind
        What it holds.
    repeated : bool
        Whether it may stand more than once.
    default : value or None
        What stands in the map when the field is absent; None when the key is absent too.
    fields : mapping of int to MessageField
        The fields of a `MESSAGE`, by number.
    """

    name: str
    kind: FieldKind
    repeated: bool
    default: Value
    fields: Mapping[int, MessageField]

    @property
    def wire_type(self) -> int:
        """The wire type of one occurrence that is not packed."""
        return _VARINT if self.kind in (FieldKind.NUMBER, FieldKind.BOOL) else _BYTES


def _fields_of(message: Descriptor) -> dict[int, MessageField]:
    return {field.number: _field_of(field) for field in message.fields}


def _field_of(field: FieldDescriptor) -> MessageField:
    if field.message_type is None:
        kind = _SCALARS[field.type]
        default: Value = None
        if field.is_repeated:
            default = []
        elif not field.has_presence:  # proto3 leaves these out when they are zero or empty.
            default = field.default_value
        return MessageField(field.name, kind, field.is_repeated, default, {})
    if field.message_type.name == "Map":
        return MessageField(field.name, FieldKind.MAP, field.is_repeated, None, {})
    nested = _fields_of(field.message_type)
    return MessageField(field.name, FieldKind.MESSAGE, field.is_repeated, None, nested)


HEADER_FIELDS: Final[Mapping[int, MessageField]] = _fields_of(GENERATED.Header.DESCRIPTOR)
"""The fields of the message ``Header``, by number, as the generated code has them."""


def read_header(data: bytes) -> ValueMap:
    """Read the message ``Header`` to the map that the other formats have.

    Raises
    ------
    WireError
        For anything but exactly one header.
    """
    return _read_fields(data, 0, len(data), MAX_DEPTH, HEADER_FIELDS)


def _read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
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


def _read_length(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Return where a length-delimited field begins and ends."""
    length, position = _read_varint(data, position, end)
    if length > end - position:
        raise WireError(f"a Protobuf field claims {length} bytes, and {end - position} are left")
    return position, position + length


def _read_bool(data: bytes, position: int, end: int) -> tuple[bool, int]:
    number, position = _read_varint(data, position, end)
    if number > 1:
        raise WireError("a Protobuf bool is neither 0 nor 1")
    return number == 1, position


def _read_double(data: bytes, position: int, end: int) -> tuple[float, int]:
    if end - position < _DOUBLE.size:
        raise WireError("the Protobuf message is cut short inside a double")
    number: float = _DOUBLE.unpack_from(data, position)[0]
    return number, position + _DOUBLE.size


def _read_string(data: bytes, position: int, end: int) -> str:
    try:
        return data[position:end].decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("a Protobuf string is not UTF-8") from None


def read_value(data: bytes, position: int, end: int, depth: int) -> Value:
    """Read the message ``Value`` between two positions.

    Parameters
    ----------
    data : bytes
        Where it lies.
    position, end : int
        Where it begins and ends.
    depth : int
        How deep it may nest.

    Raises
    ------
    WireError
        For anything but exactly one value.
    """
    if depth < 1:
        raise WireError(f"the value nests deeper than {MAX_DEPTH} levels", {"limit": MAX_DEPTH})
    tag, position = _read_varint(data, position, end) if position < end else (0, position)
    value: Value
    if tag == 0x29:
        value, position = _read_double(data, position, end)
    elif tag == 0x18:
        number, position = _read_varint(data, position, end)
        value = (number >> 1) ^ -(number & 1)
    elif tag in (0x32, 0x3A, 0x42):
        start, position = _read_length(data, position, end)
        if tag == 0x32:
            value = _read_string(data, start, position)
        elif tag == 0x3A:
            value = _read_list(data, start, position, depth)
        else:
            value = _read_map(data, start, position, depth)
    elif tag in (0x08, 0x10):
        value, position = _read_bool(data, position, end)
        if tag == 0x08:
            if not value:
                raise WireError("a Protobuf null must be true")
            value = None
    elif tag == 0x20:
        value, position = _read_varint(data, position, end)
    elif tag == 0:
        raise WireError("a Protobuf Value holds no field")
    else:
        raise _unexpected(tag, "Value")
    if position != end:
        raise WireError("a Protobuf Value holds more than one field")
    return value


def _read_list(data: bytes, position: int, end: int, depth: int) -> list[Value]:
    items: list[Value] = []
    while position < end:
        tag, position = _read_varint(data, position, end)
        if tag != 0x0A:
            raise _unexpected(tag, "List")
        start, position = _read_length(data, position, end)
        items.append(read_value(data, start, position, depth - 1))
    return items


def _read_map(data: bytes, position: int, end: int, depth: int) -> ValueMap:
    if depth < 1:
        raise WireError(f"the value nests deeper than {MAX_DEPTH} levels", {"limit": MAX_DEPTH})
    entries: ValueMap = {}
    while position < end:
        tag, position = _read_varint(data, position, end)
        if tag != 0x0A:
            raise _unexpected(tag, "Map")
        start, position = _read_length(data, position, end)
        key, value = _read_entry(data, start, position, depth - 1)
        if key in entries:
            raise WireError(f"the key {key[:64]!r} stands twice in one map")
        entries[key] = value
    return entries


def _read_entry(data: bytes, position: int, end: int, depth: int) -> tuple[str, Value]:
    keys: list[str] = []
    values: list[Value] = []
    while position < end:
        tag, position = _read_varint(data, position, end)
        if tag not in (0x0A, 0x12):
            raise _unexpected(tag, "Entry")
        start, position = _read_length(data, position, end)
        if tag == 0x0A:
            keys.append(_read_string(data, start, position))
        else:
            values.append(read_value(data, start, position, depth))
    if len(keys) > 1 or len(values) != 1:
        raise WireError("a Protobuf map entry must have one key and one value")
    return keys[0] if keys else "", values[0]  # proto3 leaves an empty key out.


def _unexpected(tag: int, where: str) -> WireError:
    return WireError(f"Protobuf field {tag >> 3} of wire type {tag & 7} is unknown in {where}")


def _read_fields(
    data: bytes, position: int, end: int, depth: int, fields: Mapping[int, MessageField]
) -> ValueMap:
    found: dict[int, Any] = {}
    while position < end:
        tag, position = _read_varint(data, position, end)
        number, wire_type = tag >> 3, tag & 7
        field = fields.get(number)
        if field is None:
            raise _unexpected(tag, "the header")
        packed = field.repeated and field.wire_type == _VARINT and wire_type == _BYTES
        if wire_type != field.wire_type and not packed:
            raise _unexpected(tag, "the header")
        if number in found and not field.repeated:
            raise WireError(f"the Protobuf field {field.name} stands twice")
        if packed:
            start, position = _read_length(data, position, end)
            while start < position:
                value, start = _read_varint(data, start, position)
                found.setdefault(number, []).append(value)
            found.setdefault(number, [])
            continue
        item, position = _read_field(data, position, end, depth, field)
        if field.repeated:
            found.setdefault(number, []).append(item)
        else:
            found[number] = item
    result: ValueMap = {}
    for number, field in fields.items():
        if number in found:
            result[field.name] = found[number]
        elif field.default is not None:
            result[field.name] = [] if field.repeated else field.default
    return result


def _read_field(
    data: bytes, position: int, end: int, depth: int, field: MessageField
) -> tuple[Value, int]:
    if field.kind is FieldKind.NUMBER:
        return _read_varint(data, position, end)
    if field.kind is FieldKind.BOOL:
        return _read_bool(data, position, end)
    start, position = _read_length(data, position, end)
    if field.kind is FieldKind.STRING:
        return _read_string(data, start, position), position
    if field.kind is FieldKind.MAP:
        return _read_map(data, start, position, depth - 1), position
    return _read_fields(data, start, position, depth - 1, field.fields), position
