"""Replies of plain values, read and written in one call: held against the formats."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lpb_server.errors import WireError
from lpb_server.wire import Reply, WireFormat
from lpb_server.wire.envelope import Timing
from lpb_server.wire.formats import decode_header, encode_header
from lpb_server.wire.limits import DEFAULT_LIMITS
from lpb_server.wire.messages import decode_reply
from lpb_server.wire.plain_headers import read_plain_reply, write_plain_reply
from plain_support import FORMATS, ID, counts, is_written_alike_by_all, maps, spoil

REPLY = Reply(ID, {"sum": 1.25}, timing=Timing(3, 70_000))

timings = st.none() | st.builds(Timing, counts, counts)
replies = st.builds(
    lambda name, result, certificate, timing: Reply(
        name, result, certificate=certificate, timing=timing
    ),
    st.text("abcXYZ019", min_size=1, max_size=64),
    maps,
    st.none() | maps,
    timings,
)


def the_long_way(header: bytes) -> Reply:
    return Reply.from_value(decode_header(header)[1])


def same(one: Reply, other: Reply) -> bool:
    """NaN is not equal to itself: compare how they are written."""
    written = [encode_header(WireFormat.MSGPACK, reply.to_value()) for reply in (one, other)]
    return written[0] == written[1] and type(one.timing) is type(other.timing)


@pytest.mark.parametrize("wire_format", FORMATS)
@given(reply=replies)
def test_written_and_read_as_the_formats_do(wire_format: WireFormat, reply: Reply) -> None:
    said = reply.result or {}, reply.certificate or {}
    if wire_format is WireFormat.JSON and not is_written_alike_by_all(*said):
        assert write_plain_reply(reply, wire_format) is None
        return
    header = encode_header(wire_format, reply.to_value())
    assert write_plain_reply(reply, wire_format) == header
    found = read_plain_reply(header, DEFAULT_LIMITS)
    if len(header) <= 4096:
        assert found is not None
        assert found[1] is wire_format
        assert same(found[0], the_long_way(header))


@pytest.mark.parametrize("wire_format", FORMATS)
@given(reply=replies, data=st.data())
def test_of_spoiled_bytes_it_says_nothing_else_than_the_formats(
    wire_format: WireFormat, reply: Reply, data: st.DataObject
) -> None:
    try:
        header = bytearray(encode_header(wire_format, reply.to_value()))
    except WireError:  # A reserved key.
        assume(False)
    spoil(header, data)
    found = read_plain_reply(bytes(header), DEFAULT_LIMITS)
    if found is not None:
        assert same(found[0], the_long_way(bytes(header)))


VALUE = REPLY.to_value()
NOT_PLAIN: dict[str, Any] = {
    "a list in the result": {**VALUE, "result": {"x": [1]}},
    "a map in the result": {**VALUE, "result": {"x": {}}},
    "bytes": {**VALUE, "result": {"x": b"abc"}},
    "an extension": {**VALUE, "result": {"x": msgpack.ExtType(5, b"abc")}},
    "a time": {**VALUE, "result": {"x": msgpack.Timestamp(1, 2)}},
    "a key that is no text": {**VALUE, "result": {1: 2}},
    "another version": {**VALUE, "schema_version": 1},
    "a version that is a float": {**VALUE, "schema_version": 2.0},
    "an error": {**VALUE, "status": "error"},
    "no result": {key: item for key, item in VALUE.items() if key != "result"},
    "a key that is not known": {**VALUE, "more": 1},
    "a time before its beginning": {**VALUE, "timing": {"queue_us": -1, "compute_us": 0}},
    "half a timing": {**VALUE, "timing": {"queue_us": 1}},
    "a bad id": {**VALUE, "id": "a b"},
    "an empty id": {**VALUE, "id": ""},
    "a long id": {**VALUE, "id": "a" * 65},
    "another order": dict(reversed(list(VALUE.items()))),
    "arrays": {**VALUE, "arrays": []},
}


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_leaves_all_else_to_the_formats(name: str) -> None:
    assert read_plain_reply(msgpack.packb(NOT_PLAIN[name]), DEFAULT_LIMITS) is None
    try:
        text = json.dumps(NOT_PLAIN[name], separators=(",", ":"))
    except TypeError:  # Nothing that JSON has.
        return
    if name != "a key that is no text":  # JSON makes a text of it.
        assert read_plain_reply(text.encode(), DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    "value",
    [
        *("18446744073709551616", "-9223372036854775809", "1e400", "1e16", "0.00001", "NaN"),
        *("01", "1.50", "-0", '"\\u0041"', '"\\ud800"', '"\\/"', " 1", '{"$float":"NaN"}'),
    ],
)
def test_leaves_what_json_writes_in_several_ways_to_the_formats(value: str) -> None:
    header = encode_header(WireFormat.JSON, VALUE)
    assert read_plain_reply(header, DEFAULT_LIMITS) == (REPLY, WireFormat.JSON)
    spoiled = header.replace(b"1.25", value.encode())
    assert read_plain_reply(spoiled, DEFAULT_LIMITS) is None
    assert read_plain_reply(header.replace(b"70000", b"9" * 30), DEFAULT_LIMITS) is None
    reserved = header.replace(b'{"sum":1.25}', b'{"$float":"NaN"}')
    assert read_plain_reply(reserved, DEFAULT_LIMITS) is None


def test_leaves_longer_forms_and_repeated_keys_to_the_formats() -> None:
    header = msgpack.packb(VALUE)
    longer = header.replace(b"\x03", b"\xcc\x03", 1)  # queue_us as a number of two bytes
    assert the_long_way(longer) == REPLY
    twice = b"\x86" + header[1:] + msgpack.packb("id") + msgpack.packb(ID)
    for spoiled in (longer, twice, header + b"\x00", header[:-1], b""):
        assert read_plain_reply(spoiled, DEFAULT_LIMITS) is None


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize(
    "limits",
    [
        replace(DEFAULT_LIMITS, depth=2),
        replace(DEFAULT_LIMITS, string_bytes=20),
        replace(DEFAULT_LIMITS, header_bytes=20),
    ],
)
def test_the_limits_hold(limits: Any, wire_format: WireFormat) -> None:
    header = write_plain_reply(REPLY, wire_format)
    assert header is not None
    assert read_plain_reply(header, limits) is None
    with pytest.raises(WireError):
        decode_reply([header], limits)


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", b"x", 1j, [1]])
def test_does_not_write_what_is_not_plain(value: Any, wire_format: WireFormat) -> None:
    assert write_plain_reply(Reply(ID, {"x": value}), wire_format) is None
    assert write_plain_reply(Reply(ID, {"x": 1}, certificate={"x": value}), wire_format) is None


@pytest.mark.parametrize("wire_format", FORMATS)
def test_does_not_write_keys_that_are_no_text(wire_format: WireFormat) -> None:
    keys: Any = {1: 2}
    assert write_plain_reply(Reply(ID, keys), wire_format) is None


def test_protobuf_is_left_to_its_own_format() -> None:
    assert write_plain_reply(REPLY, WireFormat.PROTOBUF) is None
