"""Requests of plain parameters, read and written in one call: held against the formats."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lpb_server.errors import WireError
from lpb_server.wire import WireFormat
from lpb_server.wire.arrays import DTYPES
from lpb_server.wire.envelope import DTYPE_NAMES, ArrayHeader, Request
from lpb_server.wire.formats import decode_header, encode_header
from lpb_server.wire.limits import REQUEST_LIMITS
from lpb_server.wire.messages import decode_request
from lpb_server.wire.plain_headers import read_plain_request, write_plain_request
from plain_support import FORMATS, ID, counts, is_written_alike_by_all, maps, spoil

headers = st.builds(
    ArrayHeader,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128),
    st.sampled_from(sorted(DTYPES)),
    st.lists(counts, max_size=32).map(tuple),
    st.integers(1, 2**64 - 1),
)
requests = st.builds(
    Request,
    st.text("abcXYZ019", min_size=1, max_size=64),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=128),
    maps,
    st.lists(headers, max_size=3, unique_by=lambda header: header.name).map(tuple),
    st.none() | st.integers(1, 2**64 - 1),
    st.booleans(),
)


def request_the_long_way(header: bytes) -> Request:
    return Request.from_value(decode_header(header)[1])


def same_requests(one: Request, other: Request) -> bool:
    written = [encode_header(WireFormat.MSGPACK, request.to_value()) for request in (one, other)]
    return written[0] == written[1] and one.arrays == other.arrays


@pytest.mark.parametrize("wire_format", FORMATS)
@given(request=requests)
def test_requests_are_written_and_read_as_the_formats_do(
    wire_format: WireFormat, request: Request
) -> None:
    if wire_format is WireFormat.JSON and not is_written_alike_by_all(request.params):
        assert write_plain_request(request, wire_format) is None
        return
    header = encode_header(wire_format, request.to_value())
    assert write_plain_request(request, wire_format) == header
    found = read_plain_request(header, REQUEST_LIMITS)
    if len(header) <= 4096:
        assert found is not None
        assert found[1] is wire_format
        assert same_requests(found[0], request_the_long_way(header))


@pytest.mark.parametrize("wire_format", FORMATS)
@given(request=requests, data=st.data())
def test_of_a_spoiled_request_it_says_nothing_else_than_the_formats(
    wire_format: WireFormat, request: Request, data: st.DataObject
) -> None:
    try:
        header = bytearray(encode_header(wire_format, request.to_value()))
    except WireError:  # A reserved key.
        assume(False)
    spoil(header, data)
    found = read_plain_request(bytes(header), REQUEST_LIMITS)
    if found is not None:
        assert same_requests(found[0], request_the_long_way(bytes(header)))


ARRAY = {"name": "x", "dtype": "f8", "shape": [2, 3], "frames": 1}
ASKED = Request(ID, "sum", {"a": 1}, (ArrayHeader("x", "f8", (2, 3)),), 5, True).to_value()
NO_PLAIN_REQUEST: dict[str, Any] = {
    "a list in the parameters": {**ASKED, "params": {"x": [1]}},
    "a key that is no text": {**ASKED, "params": {1: 2}},
    "the first version": {**ASKED, "schema_version": 1},
    "a key that is not known": {**ASKED, "more": 1},
    "no parameters": {key: item for key, item in ASKED.items() if key != "params"},
    "an empty operation": {**ASKED, "op": ""},
    "a long operation": {**ASKED, "op": "a" * 129},
    "a bad id": {**ASKED, "id": "a b"},
    "a long id": {**ASKED, "id": "a" * 65},
    "a deadline of zero": {**ASKED, "deadline_ms": 0},
    "no deadline, said": {**ASKED, "deadline_ms": None},
    "a certificate not asked for, said": {**ASKED, "certify": False},
    "a truth that is a number": {**ASKED, "certify": 1},
    "no arrays, said": {**ASKED, "arrays": []},
    "an array twice": {**ASKED, "arrays": [ARRAY, ARRAY]},
    "a nameless array": {**ASKED, "arrays": [{**ARRAY, "name": ""}]},
    "another dtype": {**ASKED, "arrays": [{**ARRAY, "dtype": "f2"}]},
    "a dimension below zero": {**ASKED, "arrays": [{**ARRAY, "shape": [-1]}]},
    "33 dimensions": {**ASKED, "arrays": [{**ARRAY, "shape": [1] * 33}]},
    "no frames": {**ASKED, "arrays": [{**ARRAY, "frames": 0}]},
    "frames left out": {**ASKED, "arrays": [{k: v for k, v in ARRAY.items() if k != "frames"}]},
    "more about an array": {**ASKED, "arrays": [{**ARRAY, "more": 1}]},
    "another order": dict(reversed(list(ASKED.items()))),
}


@pytest.mark.parametrize("name", NO_PLAIN_REQUEST)
def test_leaves_all_other_requests_to_the_formats(name: str) -> None:
    assert read_plain_request(msgpack.packb(ASKED), REQUEST_LIMITS) is not None
    assert read_plain_request(msgpack.packb(NO_PLAIN_REQUEST[name]), REQUEST_LIMITS) is None
    text = json.dumps(NO_PLAIN_REQUEST[name], separators=(",", ":"))
    if name != "a key that is no text":  # JSON makes a text of it.
        assert read_plain_request(text.encode(), REQUEST_LIMITS) is None


@pytest.mark.parametrize("place", [b'"deadline_ms":5', b'"frames":1', b'"shape":[2', b'"a":1'])
def test_leaves_large_integers_in_json_to_the_formats(place: bytes) -> None:
    header = encode_header(WireFormat.JSON, ASKED)
    assert place in header
    assert read_plain_request(header, REQUEST_LIMITS) is not None
    assert read_plain_request(header.replace(place, place + b"0" * 30), REQUEST_LIMITS) is None


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize(
    "limits",
    [
        replace(REQUEST_LIMITS, string_bytes=2),
        replace(REQUEST_LIMITS, header_bytes=20),
        replace(REQUEST_LIMITS, values=2),
    ],
)
def test_the_limits_of_requests_hold(limits: Any, wire_format: WireFormat) -> None:
    header = encode_header(wire_format, ASKED)
    assert read_plain_request(header, limits) is None
    with pytest.raises(WireError):
        decode_request([header, b""], limits)


@pytest.mark.parametrize("wire_format", FORMATS)
@pytest.mark.parametrize(
    "change",
    [
        {"params": {"x": 2**64}},
        {"params": {"x": [1]}},
        {"params": {1: 1}},
        {"op": "\ud800"},
        {"deadline_ms": True},
        {"deadline_ms": 0},
        {"certify": 1},
        {"arrays": (ArrayHeader("x", "f8", (2**64,)),)},
        {"arrays": (ArrayHeader("x", "f8", (-1,)),)},
        {"arrays": (ArrayHeader("x", "f8", (True,)),)},
    ],
)
def test_does_not_write_a_request_that_is_not_plain(
    change: dict[str, Any], wire_format: WireFormat
) -> None:
    request = Request(ID, "sum", {"a": 1})
    assert write_plain_request(request, wire_format) is not None
    assert write_plain_request(msgspec.structs.replace(request, **change), wire_format) is None


def test_the_names_of_dtypes_are_those_of_arrays() -> None:
    assert set(DTYPES) == DTYPE_NAMES
