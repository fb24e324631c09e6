"""The cases of the vectors file: what is encoded, and what only decoders meet."""

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

__all__ = ["accepted_cases", "header_cases", "invalid_cases", "value_cases"]

_JSON, _MSGPACK, _PROTOBUF = WireFormat.JSON, WireFormat.MSGPACK, WireFormat.PROTOBUF
_ALL = tuple(WireFormat)
_BAD = ErrorCode.BAD_MESSAGE

_Accepted: TypeAlias = tuple[str, WireFormat, str, bytes, Value]
_Invalid: TypeAlias = tuple[str, WireFormat, str, bytes, ErrorCode]


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
    yield (
        "inline matrix",
        Request("m", "matrix_sum", {"matrix": [[1, 2.5], [-0.0, 0.1]]}),
        "request",
    )
    yield "pong", Reply("1", {"pong": True}, timing=Timing(0, 12)), "reply"
    certificate: dict[str, Value] = {
        "kind": "sum_error_bound",
        "count": 2,
        "error": 0.0,
        "error_bound": 4.440892098500626e-16,
        "nonnegative": True,
    }
    yield "certified", Reply("c", {"sum": 3.0}, certificate=certificate), "reply"
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
    yield (
        "long forms of an int",
        _MSGPACK,
        "value",
        bytes.fromhex("93cc01d100ffd30000000000000001"),
        [
            1,
            255,
            1,
        ],
    )
    yield "long form of a negative int", _MSGPACK, "value", bytes.fromhex("d3ffffffffffffffff"), -1
    yield "32-bit float", _MSGPACK, "value", bytes.fromhex("ca3dcccccd"), 0.10000000149011612
    yield "32-bit infinity", _MSGPACK, "value", bytes.fromhex("caff800000"), -math.inf
    yield "long form of a string", _MSGPACK, "value", bytes.fromhex("db0000000161"), "a"
    yield "long form of a list", _MSGPACK, "value", bytes.fromhex("dd0000000101"), [1]
    yield "long form of a map", _MSGPACK, "value", bytes.fromhex("df00000001a16101"), {"a": 1}
    yield (
        "entry with its value first",
        _PROTOBUF,
        "value",
        bytes.fromhex("42090a07120218020a0161"),
        {"a": 1},
    )
    yield "empty key left out", _PROTOBUF, "value", bytes.fromhex("42060a0412021802"), {"": 1}
    yield "empty key written", _PROTOBUF, "value", bytes.fromhex("42080a060a0012021802"), {"": 1}
    yield "uint below 2^63", _PROTOBUF, "value", bytes.fromhex("2005"), 5
    yield "varint that is not minimal", _PROTOBUF, "value", bytes.fromhex("18828000"), 1
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


def invalid_cases() -> Iterator[_Invalid]:
    """Yield bytes that every decoder refuses, with the code of the refusal."""
    for name, text in _INVALID_JSON.items():
        yield name, _JSON, "value", text, _BAD
    yield "lists too deep", _JSON, "value", b"[" * 64 + b"1" + b"]" * 64, _BAD
    for name, text in _INVALID_MSGPACK.items():
        yield name, _MSGPACK, "value", bytes.fromhex(text), _BAD
    yield "lists too deep", _MSGPACK, "value", b"\x91" * 64 + b"\x01", _BAD
    yield "maps too deep", _MSGPACK, "value", b"\x81\xa1k" * 64 + b"\x01", _BAD
    for name, text in _INVALID_PROTOBUF.items():
        yield name, _PROTOBUF, "value", bytes.fromhex(text), _BAD
    deep = b"\x18\x02"
    for _ in range(64):
        deep = _field(0x3A, _field(0x0A, deep))
    yield "lists too deep", _PROTOBUF, "value", deep, _BAD
    for name, text, code in _INVALID_REQUESTS:
        yield name, _JSON, "request", text.encode(), code
    for name, text in _INVALID_REPLIES.items():
        yield name, _JSON, "reply", text.encode(), _BAD
    for name, text in _INVALID_PROTOBUF_REQUESTS.items():
        yield name, _PROTOBUF, "request", bytes.fromhex(text), _BAD


def _field(tag: int, content: bytes) -> bytes:
    length, digits = len(content), []
    while length >= 0x80:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([tag, *digits, length]) + content


_INVALID_JSON = {
    "empty": b"",
    "bare NaN": b"NaN",
    "bare Infinity": b"[-Infinity]",
    "overflow": b"1e999",
    "int too large": b"18446744073709551616",
    "int too small": b"-9223372036854775809",
    "leading zero": b"01",
    "leading plus": b"+1",
    "point without digits": b"1.",
    "point without an int": b".5",
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'"\\udc00x"',
    "surrogates in the wrong order": b'"\\udd1e\\ud834"',
    "not UTF-8": b'"\xff"',
    "overlong UTF-8": b'"\xc0\x80"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "control character": b'"\n"',
    "unknown escape": b'"\\x41"',
    "repeated key": b'{"a":1,"a":2}',
    "repeated key by an escape": b'{"a":1,"\\u0061":2}',
    "key that is no string": b"{1:2}",
    "trailing comma": b"[1,]",
    "comment": b"[1/*x*/]",
    "two values": b"1 2",
    "cut short": b'{"a":',
    "byte order mark": b"\xef\xbb\xbf1",
    "unknown special float": b'{"$float":"nan"}',
    "special float that is no string": b'{"$float":1}',
    "special float beside another key": b'{"$float":"NaN","a":1}',
}

_INVALID_MSGPACK = {
    "empty": "",
    "bin": "c40161",
    "empty bin": "c400",
    "ext": "d40161",
    "timestamp": "d6ff00000000",
    "reserved byte": "c1",
    "key that is no string": "810102",
    "key that is bin": "81c4016101",
    "repeated key": "82a16101a16102",
    "not UTF-8": "a1ff",
    "surrogate in UTF-8": "a3eda080",
    "bytes after the value": "0101",
    "int cut short": "cd01",
    "float cut short": "cb3ff0",
    "string cut short": "a26f",
    "list cut short": "9201",
    "map cut short": "81a161",
    "list that claims 2^32-1 elements": "ddffffffff01",
    "map that claims 2^32-1 entries": "dfffffffffa16101",
    "string that claims 2^32-1 bytes": "dbffffffff61",
}

_INVALID_PROTOBUF = {
    "value without a field": "",
    "null that is false": "0800",
    "bool beyond 1": "1002",
    "unknown field": "4801",
    "wrong wire type": "1a0101",
    "field 0": "0001",
    "two fields": "18021804",
    "varint cut short": "1880",
    "varint of 65 bits": "2080808080808080808002",
    "varint of 11 bytes": "208080808080808080808000",
    "double cut short": "290000",
    "string cut short": "320561",
    "not UTF-8": "3201ff",
    "list with an unknown field": "3a021001",
    "list with an empty value": "3a020a00",
    "map entry without a value": "42050a030a0161",
    "map entry with two keys": "420c0a0a0a01610a016212021802",
    "map entry with two values": "420b0a090a01610a0012021802",
    "repeated key": "42120a070a016112021802" + "0a070a016112021804",
    "group": "1b1c",
}
_INVALID_PROTOBUF["map entry with two values"] = "420d0a0b0a01611202180212021802"

_INVALID_REQUESTS = (
    ("empty map", "{}", _BAD),
    ("no map", "[]", _BAD),
    ("no version", '{"id":"1","op":"ping","params":{}}', _BAD),
    ("version no int", '{"schema_version":"2","id":"1","op":"ping","params":{}}', _BAD),
    ("version a float", '{"schema_version":2.0,"id":"1","op":"ping","params":{}}', _BAD),
    (
        "version 0",
        '{"schema_version":0,"id":"1","op":"ping","params":{}}',
        ErrorCode.UNSUPPORTED_SCHEMA_VERSION,
    ),
    ("version 3", '{"schema_version":3}', ErrorCode.UNSUPPORTED_SCHEMA_VERSION),
    ("no id", '{"schema_version":2,"op":"ping","params":{}}', _BAD),
    ("empty id", '{"schema_version":2,"id":"","op":"ping","params":{}}', _BAD),
    ("id of 65", f'{{"schema_version":2,"id":"{"x" * 65}","op":"ping","params":{{}}}}', _BAD),
    ("id with a space", '{"schema_version":2,"id":"a b","op":"ping","params":{}}', _BAD),
    ("id with a line end", '{"schema_version":2,"id":"a\\n","op":"ping","params":{}}', _BAD),
    ("id not ASCII", '{"schema_version":2,"id":"é","op":"ping","params":{}}', _BAD),
    ("unknown key", '{"schema_version":2,"id":"1","op":"ping","params":{},"x":1}', _BAD),
    ("no params", '{"schema_version":2,"id":"1","op":"ping"}', _BAD),
    ("params no map", '{"schema_version":2,"id":"1","op":"ping","params":[]}', _BAD),
    ("deadline 0", '{"schema_version":2,"id":"1","op":"ping","params":{},"deadline_ms":0}', _BAD),
    ("certify no bool", '{"schema_version":2,"id":"1","op":"ping","params":{},"certify":1}', _BAD),
    *(
        (
            f"array with {name}",
            '{"schema_version":2,"id":"1","op":"echo","params":{},"arrays":[' + header + "]}",
            _BAD,
        )
        for name, header in {
            "another dtype": '{"name":"x","dtype":"c16","shape":[1],"frames":1}',
            "a negative dimension": '{"name":"x","dtype":"f8","shape":[-1],"frames":1}',
            "no frames": '{"name":"x","dtype":"f8","shape":[1],"frames":0}',
            "a missing key": '{"name":"x","dtype":"f8","shape":[1]}',
            "a name that stands twice": '{"name":"x","dtype":"f8","shape":[1],"frames":1},'
            '{"name":"x","dtype":"f8","shape":[1],"frames":1}',
        }.items()
    ),
)

_INVALID_REPLIES = {
    "another version": '{"schema_version":1,"id":"1","status":"ok","result":{}}',
    "another status": '{"schema_version":2,"id":"1","status":"fine","result":{}}',
    "ok without a result": '{"schema_version":2,"id":"1","status":"ok"}',
    "ok with an error": '{"schema_version":2,"id":"1","status":"ok","result":{},'
    '"error":{"code":"internal","message":"","details":{}}}',
    "error without one": '{"schema_version":2,"id":"1","status":"error"}',
    "error with a result": '{"schema_version":2,"id":"1","status":"error","result":{},'
    '"error":{"code":"internal","message":"","details":{}}}',
    "unknown code": '{"schema_version":2,"id":"1","status":"error",'
    '"error":{"code":"oops","message":"","details":{}}}',
    "timing cut short": '{"schema_version":2,"id":"1","status":"ok","result":{},'
    '"timing":{"queue_us":1}}',
}

_INVALID_PROTOBUF_REQUESTS = {
    "only a version": "0802",
    "unknown field": "0802120131" + "1a0470696e67" + "2200" + "680a",
    "id twice": "0802120131120132" + "1a0470696e67" + "2200",
    "cut short": "08021201",
}
