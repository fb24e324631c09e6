"""Protocol Buffers: the messages of ``bridge.proto``.

Encoding goes through the generated classes, decoding through our own strict reader. Only headers
travel; a value alone, as the message ``Value``, is there for tests and conformance vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.protobuf_header import (
    GENERATED,
    HEADER_FIELDS,
    FieldKind,
    MessageField,
    read_header,
)
from lpb_server.wire.protobuf_reader import Room, read_value
from lpb_server.wire.values import UNBOUNDED, Frame, Value, ValueMap, check_value

__all__ = [
    "decode_header",
    "decode_value",
    "encode_checked_header",
    "encode_header",
    "encode_value",
]

_FIRST_UINT: Final = 1 << 63


def decode_value(data: Frame) -> Value:
    """Decode the message ``Value``.

    Raises
    ------
    WireError
        For anything but exactly one value that lies inside the data model.
    """
    value = read_value(bytes(data), 0, len(data), MAX_DEPTH, Room(UNBOUNDED))
    check_value(value)
    return value


def decode_header(data: Frame, values: int = UNBOUNDED) -> ValueMap:
    """Decode the message ``Header`` to the map that the other formats have.

    Parameters
    ----------
    data : frame
        Any bytes whatever.
    values : int
        How many values it may hold, in lists and maps.

    Raises
    ------
    WireError
        For anything but exactly one header that lies inside the data model; ``too_large`` when it
        holds too many.
    """
    header = read_header(bytes(data), values)
    check_value(header)
    return header


def encode_value(value: Value) -> bytes:
    """Encode a value as the message ``Value``.

    Raises
    ------
    WireError
        When it is outside the data model.
    """
    check_value(value)
    message = GENERATED.Value()
    _fill_value(message, value)
    return bytes(message.SerializeToString(deterministic=True))


def encode_header(header: ValueMap) -> bytes:
    """Encode a request or reply map as the message ``Header``.

    Raises
    ------
    WireError
        When it is outside the data model, or ``Header`` has no place for a part of it.
    """
    check_value(header)
    return encode_checked_header(header)


def encode_checked_header(header: ValueMap) -> bytes:
    """Encode a map that is known to lie inside the data model.

    Raises
    ------
    WireError
        When ``Header`` has no place for a part of it.
    """
    message = GENERATED.Header()
    try:
        _fill_fields(message, header, HEADER_FIELDS)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise WireError(f"the header does not fit the Protobuf message: {error}") from None
    return bytes(message.SerializeToString(deterministic=True))


def _fill_value(message: Any, value: Value) -> None:
    if value is None:
        message.null = True
    elif isinstance(value, bool):
        message.bool = value
    elif isinstance(value, int):
        if value < _FIRST_UINT:
            message.int = value
        else:
            message.uint = value
    elif isinstance(value, float):
        message.float = value
    elif isinstance(value, str):
        message.string = value
    elif isinstance(value, list):
        message.list.SetInParent()
        add = message.list.items.add
        for item in value:
            _fill_value(add(), item)
    else:
        _fill_map(message.map, value)


def _fill_map(message: Any, entries: ValueMap) -> None:
    message.SetInParent()
    for key, item in entries.items():
        entry = message.entries.add()
        entry.key = key
        _fill_value(entry.value, item)


def _fill_fields(message: Any, values: ValueMap, fields: Mapping[int, MessageField]) -> None:
    by_name = {field.name: field for field in fields.values()}
    for name, value in values.items():
        field = by_name[name]
        if field.repeated:
            if not isinstance(value, list):
                raise TypeError(f"{name} must be a list")
            target = getattr(message, name)
            if field.kind is not FieldKind.MESSAGE:
                target.extend(value)
                continue
            for item in value:
                _fill_message(target.add(), item, field)
        elif field.kind in (FieldKind.MAP, FieldKind.MESSAGE):
            _fill_message(getattr(message, name), value, field)
        elif isinstance(value, bool) is not (field.kind is FieldKind.BOOL):
            raise TypeError(f"{name} has the wrong type")  # The library takes true for 1.
        else:
            setattr(message, name, value)


def _fill_message(message: Any, value: Value, field: MessageField) -> None:
    if not isinstance(value, dict):
        raise TypeError(f"{field.name} must be a map")
    if field.kind is FieldKind.MAP:
        _fill_map(message, value)
    else:
        message.SetInParent()
        _fill_fields(message, value, field.fields)
