"""The vectors file: it is what the encoders write, and the decoders agree with every line."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from lpb_server.conformance import from_notation, load_vectors, to_notation
from lpb_server.conformance.vectors import build_vectors, render_vectors
from lpb_server.errors import WireError
from lpb_server.wire import (
    Reply,
    Request,
    Value,
    WireFormat,
    json_format,
    msgpack_format,
    protobuf_format,
    same_value,
)
from lpb_server.wire.formats import decode_header, encode_header

VECTORS = load_vectors()
ENCODERS = {
    "json": json_format.encode,
    "msgpack": msgpack_format.encode,
    "protobuf": protobuf_format.encode_value,
}
DECODERS = {
    "json": json_format.decode,
    "msgpack": msgpack_format.decode,
    "protobuf": protobuf_format.decode_value,
}


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [f"{item.get('format', '')} {item['name']}".strip() for item in items]


def test_the_file_is_what_the_generator_writes() -> None:
    assert load_vectors() == build_vectors()
    shipped = (files("lpb_server") / "conformance" / "vectors.json").read_text("utf-8")
    assert shipped == render_vectors()


def test_names_are_unique() -> None:
    for section in ("values", "requests", "replies", "accepted", "invalid"):
        names = [(item["name"], item.get("format"), item.get("as")) for item in VECTORS[section]]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("vector", VECTORS["values"], ids=ids(VECTORS["values"]))
def test_values(vector: dict[str, Any]) -> None:
    value = from_notation(vector["value"])
    assert to_notation(value) == vector["value"]
    formats = [name for name in ENCODERS if name in vector]
    assert len(formats) >= 2
    for name in formats:
        data = bytes.fromhex(vector[name])
        assert ENCODERS[name](value) == data
        assert same_value(DECODERS[name](data), value)


@pytest.mark.parametrize("section", ["requests", "replies"])
def test_headers(section: str) -> None:
    envelope = Request if section == "requests" else Reply
    for vector in VECTORS[section]:
        value = from_notation(vector["value"])
        assert isinstance(value, dict)
        for wire_format in WireFormat:
            data = bytes.fromhex(vector[wire_format])
            found, decoded = decode_header(data)
            assert found is wire_format
            assert same_value(decoded, value), vector["name"]
            assert encode_header(wire_format, envelope.from_value(decoded).to_value()) == data


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=ids(VECTORS["accepted"]))
def test_accepted(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    decoded: Value
    if vector["as"] == "header":
        wire_format, decoded = decode_header(data)
        assert wire_format == vector["format"]
    else:
        decoded = DECODERS[vector["format"]](data)
    assert same_value(decoded, from_notation(vector["value"]))


def read_as(what: str, format_name: str, data: bytes) -> None:
    if what == "value":
        DECODERS[format_name](data)
    else:
        envelope = Request if what == "request" else Reply
        envelope.from_value(decode_header(data)[1])


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=ids(VECTORS["invalid"]))
def test_invalid(vector: dict[str, Any]) -> None:
    with pytest.raises(WireError) as caught:
        read_as(vector["as"], vector["format"], bytes.fromhex(vector["bytes"]))
    assert caught.value.code == vector["error"]
    assert caught.value.message


def test_notation_refuses_anything_else() -> None:
    with pytest.raises(ValueError, match="no value"):
        from_notation({"double": "0"})
