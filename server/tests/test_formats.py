"""Every format keeps every value, refuses what it must, and survives any bytes."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire import json_format, msgpack_format, protobuf_format
from lpb_server.wire.formats import WireFormat, decode_header, detect_format, encode_header
from lpb_server.wire.limits import Limits
from lpb_server.wire.protobuf_header import GENERATED
from lpb_server.wire.values import MAX_INT, MIN_INT, Value, check_value, same_value

scalars = (
    st.none()
    | st.booleans()
    | st.integers(MIN_INT, MAX_INT)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter("$float".__ne__)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=30,
)
bit_patterns = st.integers(0, 2**64 - 1)


def double(bits: int) -> float:
    number: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return number


def outcome(decode: Callable[[bytes], Any], data: bytes) -> Any:
    """Return what a decoder makes of bytes: a value or its refusal; anything else escapes."""
    try:
        return decode(data)
    except WireError as error:
        return error


@given(values)
def test_json_round_trip_and_bytes(value: Value) -> None:
    data = json_format.encode(value)
    assert same_value(json_format.decode(data), value)
    if "$float" not in data.decode():
        assert data == json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@given(values)
def test_msgpack_round_trip_and_bytes(value: Value) -> None:
    data = msgpack_format.encode(value)
    assert same_value(msgpack_format.decode(data), value)
    assert data == msgpack.packb(value, use_bin_type=True)


@given(values)
def test_protobuf_round_trip_and_the_library_agrees(value: Value) -> None:
    data = protobuf_format.encode_value(value)
    assert same_value(protobuf_format.decode_value(data), value)
    message = GENERATED.Value.FromString(data)
    assert message.SerializeToString() == data
    assert same_value(from_message(message), value)


def from_message(message: Any) -> Value:
    """Read a value with the library alone, as a foreign implementation would."""
    kind = message.WhichOneof("kind")
    if kind == "null":
        return None
    if kind == "list":
        return [from_message(item) for item in message.list.items]
    if kind == "map":
        return {entry.key: from_message(entry.value) for entry in message.map.entries}
    value: Value = getattr(message, kind)
    return value


@given(bit_patterns)
@example(0x7FF0000000000001)
@example(0xFFF7FFFFFFFFFFFF)
@example(1 << 63)
@example(1)
def test_every_bit_pattern_survives(bits: int) -> None:
    value: Value = [double(bits), {"x": double(bits)}]
    assert same_value(msgpack_format.decode(msgpack_format.encode(value)), value)
    assert same_value(protobuf_format.decode_value(protobuf_format.encode_value(value)), value)
    back = json_format.decode(json_format.encode(value))
    if math.isnan(double(bits)):
        assert isinstance(back, list)
        assert isinstance(back[0], float)
        assert math.isnan(back[0])
    else:
        assert same_value(back, value)


@pytest.mark.parametrize("value", ["s" * 65536, "", "\U0010ffff" * 70000, list(range(70000))])
def test_large_values(value: Value) -> None:
    for module in (json_format, msgpack_format):
        assert module.decode(module.encode(value)) == value
    assert protobuf_format.decode_value(protobuf_format.encode_value(value)) == value


def test_large_map() -> None:
    value: Value = {str(index): index for index in range(66000)}
    assert msgpack_format.decode(msgpack_format.encode(value)) == value


@pytest.mark.parametrize("module", [json_format, msgpack_format])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_wire_error(module: ModuleType, data: bytes) -> None:
    value = outcome(module.decode, data)
    if isinstance(value, WireError):
        assert value.code is ErrorCode.BAD_MESSAGE
    else:
        check_value(value)
        assert same_value(module.decode(module.encode(value)), value)


@given(st.binary(max_size=200))
def test_any_bytes_as_protobuf(data: bytes) -> None:
    for decode in (protobuf_format.decode_value, protobuf_format.decode_header):
        value = outcome(decode, data)
        if isinstance(value, WireError):
            assert value.code is ErrorCode.BAD_MESSAGE
        else:
            check_value(value)


@given(values, st.data())
def test_damaged_messages_are_a_value_or_a_wire_error(value: Value, data: st.DataObject) -> None:
    for encode, decode in (
        (json_format.encode, json_format.decode),
        (msgpack_format.encode, msgpack_format.decode),
        (protobuf_format.encode_value, protobuf_format.decode_value),
    ):
        damaged = bytearray(encode(value))
        position = data.draw(st.integers(0, len(damaged) - 1))
        damaged[position] = data.draw(st.integers(0, 255))
        result = outcome(decode, bytes(damaged))
        if isinstance(result, WireError):
            assert result.message
        else:
            check_value(result)


@given(st.text(max_size=50))
def test_any_text_as_json(text: str) -> None:
    value = outcome(json_format.decode, text.encode("utf-8", "surrogatepass"))
    if not isinstance(value, WireError):
        check_value(value)


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 1_000_000, b"-" + b"9" * 5000],
    ids=["lists", "maps", "digits", "negative digits"],
)
def test_hostile_json_is_refused_quickly(data: bytes) -> None:
    with pytest.raises(WireError):
        json_format.decode(data)


@pytest.mark.parametrize(
    "data",
    [b"\x91" * 100_000, b"\xdd\x00\x01\x00\x00" * 20_000, b"\x81\xa1a" * 100_000],
    ids=["lists", "lists that claim much", "maps"],
)
def test_hostile_msgpack_is_refused_quickly(data: bytes) -> None:
    with pytest.raises(WireError):
        msgpack_format.decode(data)


def test_hostile_protobuf_is_refused_quickly() -> None:
    # Each level is the field `list` with the field `items`; the lengths are those of a longer
    # message, so the nesting is found before its end is.
    with pytest.raises(WireError):
        protobuf_format.decode_value(b"\x3a\xff\xff\xff\x7f\x0a\xff\xff\xff\x7f" * 10_000)


def test_reserved_key_cannot_be_encoded_in_json() -> None:
    with pytest.raises(WireError, match="reserved"):
        json_format.encode({"a": {"$float": "NaN"}})
    assert msgpack_format.decode(msgpack_format.encode({"$float": 1})) == {"$float": 1}


def test_memoryviews_are_read() -> None:
    assert json_format.decode(memoryview(b"[1]")) == [1]
    assert msgpack_format.decode(memoryview(b"\x91\x01")) == [1]
    assert protobuf_format.decode_value(memoryview(b"\x18\x02")) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"{}", WireFormat.JSON),
        (b" \r\n\t{", WireFormat.JSON),
        (b"\x80", WireFormat.MSGPACK),
        (b"\x8f", WireFormat.MSGPACK),
        (b"\xde", WireFormat.MSGPACK),
        (b"\xdf", WireFormat.MSGPACK),
        (b"\x08", WireFormat.PROTOBUF),
        (b"", None),
        (b"   ", None),
        (b"[]", None),
        (b"\x90", None),
        (b"\x7f", None),
        (b" \x80", None),
        (b"\xef\xbb\xbf{", None),
    ],
)
def test_the_first_byte_tells_the_format(header: bytes, expected: WireFormat | None) -> None:
    assert detect_format(header) is expected


@given(st.binary(max_size=100))
@settings(max_examples=300)
def test_any_bytes_as_a_header(data: bytes) -> None:
    result = outcome(decode_header, data)
    if isinstance(result, WireError):
        assert result.code is ErrorCode.BAD_MESSAGE
    else:
        assert isinstance(result[1], dict)


def test_header_limit() -> None:
    limits = Limits(header_bytes=2)
    assert decode_header(b"{}", limits) == (WireFormat.JSON, {})
    with pytest.raises(WireError) as caught:
        decode_header(b"{} ", limits)
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "header",
    [
        {"x": 1},
        {"schema_version": True},
        {"schema_version": -1},
        {"schema_version": 2, "certify": 1},
        {"id": 1},
        {"params": []},
        {"arrays": {}},
        {"arrays": [1]},
        {"arrays": [{"shape": [-1]}]},
        {"timing": 1},
    ],
)
def test_what_protobuf_has_no_place_for(header: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        encode_header(WireFormat.PROTOBUF, header)


@pytest.mark.parametrize(
    "data",
    [
        b"\x82\xa1a\x01\xa1a\x02",  # the same key twice
        b"\x81\xa1a\xc4\x00",  # an empty bin
        b"\x81\xa1a\xc4\x01x",
        b"\x81\xa1a\xd6\xff\x00\x00\x00\x01",  # a timestamp, which the library knows
        b"\x81\xa1a\xc7\x0c\xff" + bytes(12),
        b"\x81\xa1a\xd4\x05x",  # an extension
        b"\x81\x01\x02",  # a key that is no string
        b"\x81\xc4\x01a\x02",
        b"\x81\xa1a\xa2\xed\xa0",  # half a surrogate
        b"\x81\xa1a\xcd\x00\x01",  # valid, but not minimal
        b"\x81\xa1a\xca\x3f\x80\x00\x00",  # valid, but 32 bits
        b"\x91" * 64 + b"\x01",  # a level too deep
        b"\x81\xa1a\x01\x02",  # bytes after the value
        b"\x81\xa1a",  # cut short
        b"\xdd\x7f\xff\xff\xff",  # a claim of two thousand million elements
    ],
)
def test_the_fast_way_leaves_all_but_our_own_encoding_to_the_careful_one(data: bytes) -> None:
    assert msgpack_format._decode_plain(data) is None


@given(values, st.randoms(use_true_random=False))
def test_the_fast_way_reads_what_the_careful_one_reads(value: Value, source: Any) -> None:
    data = bytearray(msgpack_format.encode({"a": value}))
    if source.random() < 0.7:
        data[source.randrange(len(data))] = source.randrange(256)
    found = msgpack_format._decode_plain(bytes(data))
    if found is not None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(msgpack_format, "_SMALL_BYTES", 0)
            assert same_value(found, msgpack_format.decode(data))
