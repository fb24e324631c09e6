from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.errors import WireError
from lpb_server.wire import Reply, WireFormat
from lpb_server.wire.envelope import Timing
from lpb_server.wire.formats import decode_header, encode_header
from lpb_server.wire.limits import DEFAULT_LIMITS
from lpb_server.wire.messages import decode_reply
from lpb_server.wire.plain_replies import read_plain_reply, write_plain_reply

ID = "0123456789abcdef0123456789ABCDEF"
REPLY = Reply(ID, {"sum": 1.25}, timing=Timing(3, 70_000))

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
maps = st.dictionaries(names, plain, max_size=20)
counts = st.integers(0, 2**64 - 1)
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
    wire_format, value = decode_header(header)
    assert wire_format is WireFormat.MSGPACK
    return Reply.from_value(value)


def same(one: Reply, other: Reply) -> bool:
    """NaN is not equal to itself: compare how they are written."""
    written = [encode_header(WireFormat.MSGPACK, reply.to_value()) for reply in (one, other)]
    return written[0] == written[1] and type(one.timing) is type(other.timing)


@given(replies)
def test_written_and_read_as_the_formats_do(reply: Reply) -> None:
    header = encode_header(WireFormat.MSGPACK, reply.to_value())
    assert write_plain_reply(reply) == header
    found = read_plain_reply(header, DEFAULT_LIMITS)
    if len(header) <= 4096:
        assert found is not None
        assert same(found, the_long_way(header))


@given(replies, st.data())
def test_of_spoiled_bytes_it_says_nothing_else_than_the_formats(
    reply: Reply, data: st.DataObject
) -> None:
    header = bytearray(encode_header(WireFormat.MSGPACK, reply.to_value()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(header) - 1))
        match data.draw(st.sampled_from(["change", "insert", "remove"])):
            case "change":
                header[place] = data.draw(st.integers(0, 255))
            case "insert":
                header.insert(place, data.draw(st.integers(0, 255)))
            case _ if len(header) > 1:
                del header[place]
    found = read_plain_reply(bytes(header), DEFAULT_LIMITS)
    if found is not None:
        assert same(found, the_long_way(bytes(header)))


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
    header = msgpack.packb(NOT_PLAIN[name])
    assert read_plain_reply(header, DEFAULT_LIMITS) is None


def test_leaves_longer_forms_and_repeated_keys_to_the_formats() -> None:
    header = msgpack.packb(VALUE)
    longer = header.replace(b"\x03", b"\xcc\x03", 1)  # queue_us as a number of two bytes
    assert the_long_way(longer) == REPLY
    twice = b"\x86" + header[1:] + msgpack.packb("id") + msgpack.packb(ID)
    for spoiled in (longer, twice, header + b"\x00", header[:-1], b""):
        assert read_plain_reply(spoiled, DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    "limits",
    [
        replace(DEFAULT_LIMITS, depth=2),
        replace(DEFAULT_LIMITS, string_bytes=20),
        replace(DEFAULT_LIMITS, header_bytes=20),
    ],
)
def test_the_limits_hold(limits: Any) -> None:
    header = write_plain_reply(REPLY)
    assert header is not None
    assert read_plain_reply(header, limits) is None
    with pytest.raises(WireError):
        decode_reply([header], limits)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", b"x", 1j, [1]])
def test_does_not_write_what_is_not_plain(value: Any) -> None:
    assert write_plain_reply(Reply(ID, {"x": value})) is None
    assert write_plain_reply(Reply(ID, {"x": 1}, certificate={"x": value})) is None


def test_does_not_write_keys_that_are_no_text() -> None:
    keys: Any = {1: 2}
    assert write_plain_reply(Reply(ID, keys)) is None
