"""The cases of the vectors file that are valid: what is encoded, what only decoders meet."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import TypeAlias

from lpb_server.errors import ErrorCode
from lpb_server.wire.envelope import ArrayHeader, ErrorInfo, Reply, Request, Timing
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import MAX_INT, MIN_INT, Value

__all__ = ["accepted_cases", "header_cases", "value_cases"]

_JSON, _MSGPACK, _PROTOBUF = WireFormat.JSON, WireFormat.MSGPACK, WireFormat.PROTOBUF
_ALL = tuple(WireFormat)

_Accepted: TypeAlias = tuple[str, WireFormat, str, bytes, Value]


def _double(bits: int) -> float:
    value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return value


def _nested(depth: int, *, maps: bool = False) -> Value:
    value: Value = None
    for _ in range(depth - 1):
        value = {"k": value} if maps else [value]
    return value


def value_cases() -> Iterator[tuple[str, Value, tuple[WireFormat, ...]]]:
    """Yield values, with the formats that keep them."""
    yield "null", None, _ALL
    yield "false", False, _ALL
    yield "true", True, _ALL
    edges = {0, MIN_INT, MAX_INT, MAX_INT // 2, MAX_INT // 2 + 1, 53}
    for bits in (5, 7, 8, 15, 16, 31, 32, 53, 63):
        edges |= {1 << bits, (1 << bits) - 1, -(1 << bits), -(1 << bits) - 1}
    for number in sorted(edge for edge in edges if MIN_INT <= edge <= MAX_INT):
        yield f"int {number}", number, _ALL
    for bits in (
        0x0000000000000000,  # 0.0
        0x8000000000000000,  # -0.0
        0x0000000000000001,  # the least subnormal
        0x800FFFFFFFFFFFFF,  # the greatest subnormal, negative
        0x0010000000000000,  # the least normal
        0x7FEFFFFFFFFFFFFF,  # the greatest
        0x3FF0000000000000,  # 1.0: a float, not an int
        0xBFE8000000000000,
        0x3FB999999999999A,  # 0.1
        0x3FD5555555555555,  # 1/3
        0x4340000000000000,  # 2^53
        0x4341C37937E08000,  # 1e16: JSON changes to an exponent here
        0x430C6BF526340000,  # 1e15
        0x3F1A36E2EB1C432D,  # 1e-4
        0x3EE4F8B588E368F1,  # 1e-5: and here
        0x54B249AD2594C37D,  # 1e100
        0x44B52D02C7E14AF7,  # 1e23, halfway between neighbours
        0x400921FB54442D18,  # pi
    ):
        yield f"float {bits:016x}", _double(bits), _ALL
    yield "infinity", math.inf, _ALL
    yield "minus infinity", -math.inf, _ALL
    yield "not a number", _double(0x7FF8000000000000), _ALL
    for bits in (0x7FF0000000000001, 0xFFF8000000000000, 0x7FF8DEADBEEF0001, 0xFFFFFFFFFFFFFFFF):
        yield f"not a number {bits:016x}", _double(bits), (_MSGPACK, _PROTOBUF)
    yield "string, empty", "", _ALL
    yield "string, escapes", '"\\/\b\f\n\r\t\x00\x1f\x7f', _ALL
    yield "string, two to four bytes a character", "é€𝄞\u2028\ufeff\U0010ffff\ud7ff\ue000", _ALL
    for length in (1, 31, 32, 255, 256):
        yield f"string of {length}", "s" * length, _ALL
    yield "string of 16 characters and 32 bytes", "ü" * 16, _ALL
    yield "list, empty", [], _ALL
    yield "map, empty", {}, _ALL
    for length in (1, 15, 16):
        yield f"list of {length}", list(range(length)), _ALL
        yield f"map of {length}", {f"k{index}": index for index in range(length)}, _ALL
    yield "map, order kept, empty key", {"b": 1, "a": 2, "": 3, "é": 4}, _ALL
    yield "mixed", {"a": [1, 1.0, True, None, "x", {"b": []}], "c": {"d": {"e": -0.0}}}, _ALL
    yield "matrix", [[1.5, -2.25, 0.1], [1e300, 5e-324, -0.0]], _ALL
    yield f"lists nested {MAX_DEPTH} deep", _nested(MAX_DEPTH), _ALL
    yield f"maps nested {MAX_DEPTH} deep", _nested(MAX_DEPTH, maps=True), _ALL


def header_cases() -> Iterator[tuple[str, Request | Reply, str]]:
    """Yield requests and replies."""
    yield "ping", Request("1", "ping"), "request"
    long_id = "AZaz09._:-" * 6 + "abcd"
    yield (
        "everything",
        Request(
            long_id,
            "matrix_sum",
            {"scale": 1.0, "ünï": [None, True, -1]},
            (ArrayHeader("matrix", "f8", (2, 3)), ArrayHeader("mask", "b1", (), 1)),
            30_000,
            True,
        ),
        "request",
    )
    yield (
        "every dtype",
        Request(
            "dtypes",
            "echo",
            {},
            tuple(
                ArrayHeader(dtype, dtype, shape, frames)
                for dtype, shape, frames in (
                    ("f8", (1,), 1),
                    ("f4", (0,), 1),
                    ("i8", (2, 0, 3), 1),
                    ("i4", (1 << 20,), 4),
                    ("u8", (1, 1, 1, 1), 1),
                    ("b1", (300,), 1),
                )
            ),
        ),
        "request",
    )
    inline: dict[str, Value] = {"matrix": [[1, 2.5], [-0.0, 0.1]]}
    yield "inline matrix", Request("m", "matrix_sum", inline), "request"
    yield "pong", Reply("1", {"pong": True}, timing=Timing(0, 12)), "reply"
    certificate: dict[str, Value] = {
        "kind": "sum_error_bound",
        "count": 2,
        "error": 0.0,
        "error_bound": 4.440892098500626e-16,
        "nonnegative": True,
    }
    yield "certified", Reply("c", {"sum": 3.0}, certificate=certificate), "reply"
    yield (
        "certificate with an array",
        Reply(
            "a",
            {"x": 0.5},
            (ArrayHeader("solution", "f8", (2,)), ArrayHeader("inverse", "f8", (2, 2))),
            {"kind": "enclosure", "bound": 0.25, "arrays": ["inverse"]},
        ),
        "reply",
    )
    yield "empty certificate", Reply("c", {}, certificate={}), "reply"
    arrays = (ArrayHeader("x", "f8", (131072, 3), 3),)
    yield "arrays", Reply("a", {}, arrays, timing=Timing(MAX_INT, 0)), "reply"
    for code in ErrorCode:
        yield f"error {code}", Reply("e", error=ErrorInfo(str(code), "what happened")), "reply"
    details: dict[str, Value] = {"minimum": 1, "maximum": 2}
    info = ErrorInfo(str(ErrorCode.UNSUPPORTED_SCHEMA_VERSION), "", details)
    yield "error with details and no id", Reply("?", error=info), "reply"


def accepted_cases() -> Iterator[_Accepted]:
    """Yield bytes that no encoder of ours writes, and what a decoder makes of them."""
    yield "white space", _JSON, "value", b' \t\r\n{ "a" : [ 1 , 2 ] } \n', {"a": [1, 2]}
    yield "minus zero is an int", _JSON, "value", b"-0", 0
    yield "a float by its exponent", _JSON, "value", b"[1E2,1e+2,10.0e-1]", [100.0, 100.0, 1.0]
    yield "underflow", _JSON, "value", b"[1e-400,-1e-400]", [0.0, -0.0]
    yield "escapes", _JSON, "value", b'"\\u0041\\ud834\\udd1e\\/\\u00E9"', "A𝄞/é"
    yield "halfway, ties to even", _JSON, "value", b"9007199254740993.0", 9007199254740992.0
    for name, text, value in _ACCEPTED_MSGPACK:
        yield name, _MSGPACK, "value", bytes.fromhex(text), value
    for name, text, value in _ACCEPTED_PROTOBUF:
        yield name, _PROTOBUF, "value", bytes.fromhex(text), value
    yield (
        "fields in another order",
        _PROTOBUF,
        "header",
        bytes.fromhex("08022200") + b"\x1a\x04ping\x12\x011",
        {"schema_version": 2, "id": "1", "op": "ping", "params": {}},
    )
    yield (
        "keys in another order",
        _JSON,
        "header",
        b'{"params":{},"op":"ping","id":"1","schema_version":2}',
        {"params": {}, "op": "ping", "id": "1", "schema_version": 2},
    )


_ACCEPTED_MSGPACK: tuple[tuple[str, str, Value], ...] = (
    ("long forms of an int", "93cc01d100ffd30000000000000001", [1, 255, 1]),
    ("long form of a negative int", "d3ffffffffffffffff", -1),
    ("32-bit float", "ca3dcccccd", 0.10000000149011612),
    ("32-bit infinity", "caff800000", -math.inf),
    ("long form of a string", "db0000000161", "a"),
    ("long form of a list", "dd0000000101", [1]),
    ("long form of a map", "df00000001a16101", {"a": 1}),
)

_ACCEPTED_PROTOBUF: tuple[tuple[str, str, Value], ...] = (
    ("entry with its value first", "42090a07120218020a0161", {"a": 1}),
    ("empty key left out", "42060a0412021802", {"": 1}),
    ("empty key written", "42080a060a0012021802", {"": 1}),
    ("uint below 2^63", "2005", 5),
    ("varint that is not minimal", "18828000", 1),
)
