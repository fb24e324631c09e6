"""The cases of the vectors file that every decoder refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lpb_server.errors import ErrorCode
from lpb_server.wire.formats import WireFormat

__all__ = ["Invalid", "invalid_cases"]

_JSON, _MSGPACK, _PROTOBUF = WireFormat.JSON, WireFormat.MSGPACK, WireFormat.PROTOBUF
_BAD = ErrorCode.BAD_MESSAGE

Invalid: TypeAlias = tuple[str, WireFormat, str, bytes, ErrorCode]
"""Name, format, what it is read as (value, request or reply), bytes, code of the refusal."""


def invalid_cases() -> Iterator[Invalid]:
    """Yield bytes that every decoder refuses, with the code of the refusal."""
    for name, data in _INVALID_JSON.items():
        yield name, _JSON, "value", data, _BAD
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
    "map entry with two values": "420d0a0b0a01611202180212021802",
    "repeated key": "42120a070a016112021802" + "0a070a016112021804",
    "group": "1b1c",
}

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
