"""The message ``Header`` of ``bridge.proto``: its fields, and reading it strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.protobuf_reader import (
    Room,
    read_bool,
    read_length,
    read_map,
    read_string,
    read_varint,
    unexpected,
)
from lpb_server.wire.values import Value, ValueMap

__all__ = ["GENERATED", "HEADER_FIELDS", "FieldKind", "MessageField", "read_header"]

GENERATED: Final[Any] = import_module("lpb_server.wire.bridge_pb2")
"""The generated classes; they are made at run time, so a type checker cannot see them."""

_VARINT: Final = 0
_BYTES: Final = 2

_KEY_ORDER: Final = (
    "schema_version",
    "id",
    "op",
    "params",
    "status",
    "result",
    "arrays",
    "deadline_ms",
    "certify",
    "certificate",
    "error",
    "timing",
)
"""The canonical order of the keys of requests and replies, which field numbers do not give."""


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


def read_header(data: bytes, values: int) -> ValueMap:
    """Read the message ``Header`` to the map that the other formats have.

    Parameters
    ----------
    data : bytes
        Any bytes whatever.
    values : int
        How many values its lists and maps may hold.

    Raises
    ------
    WireError
        For anything but exactly one header.
    """
    header = _read_fields(data, 0, len(data), MAX_DEPTH, HEADER_FIELDS, Room(values))
    return {key: header[key] for key in _KEY_ORDER if key in header}


def _read_fields(
    data: bytes,
    position: int,
    end: int,
    depth: int,
    fields: Mapping[int, MessageField],
    room: Room,
) -> ValueMap:
    found: dict[int, Any] = {}
    while position < end:
        room.take()
        tag, position = read_varint(data, position, end)
        number, wire_type = tag >> 3, tag & 7
        field = fields.get(number)
        if field is None:
            raise unexpected(tag, "the header")
        packed = field.repeated and field.wire_type == _VARINT and wire_type == _BYTES
        if wire_type != field.wire_type and not packed:
            raise unexpected(tag, "the header")
        if number in found and not field.repeated:
            raise WireError(f"the Protobuf field {field.name} stands twice")
        if packed:
            start, position = read_length(data, position, end)
            while start < position:
                room.take()
                value, start = read_varint(data, start, position)
                found.setdefault(number, []).append(value)
            found.setdefault(number, [])
            continue
        item, position = _read_field(data, position, end, depth, field, room)
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
    data: bytes, position: int, end: int, depth: int, field: MessageField, room: Room
) -> tuple[Value, int]:
    if field.kind is FieldKind.NUMBER:
        return read_varint(data, position, end)
    if field.kind is FieldKind.BOOL:
        return read_bool(data, position, end)
    start, position = read_length(data, position, end)
    if field.kind is FieldKind.STRING:
        return read_string(data, start, position), position
    if field.kind is FieldKind.MAP:
        return read_map(data, start, position, depth - 1, room), position
    return _read_fields(data, start, position, depth - 1, field.fields, room), position
