"""Headers of a megabyte, of hostile shapes: each is answered in a small part of a second."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import msgpack
import pytest
from lpb_server.broker.broker import Broker
from lpb_server.client import BridgeClient
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.settings.config import PoolConfig, ServerConfig
from lpb_server.wire import (
    REQUEST_LIMITS,
    Limits,
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.validation import compile_schema

Serve = Callable[..., AbstractContextManager[BridgeServer]]

SIZE = 1 << 20
CPU_S = 0.5
"""Where nothing else runs the worst takes 0.06 s; before there was a bound, up to 27 s."""

SERVICE = Service(default_registry())


def js(params: str = "{}", more: str = "", op: str = "echo") -> bytes:
    return f'{{"schema_version":2,"id":"x","op":"{op}","params":{params}{more}}}'.encode()


def filled(item: str) -> str:
    return "[" + ",".join([item] * (SIZE // (len(item) + 1))) + "]"


def json_headers() -> Iterator[tuple[str, bytes]]:
    keys = ",".join(f'"{number:06d}":1' for number in range(SIZE // 11))
    header = '{"name":"%06d","dtype":"f8","shape":[0],"frames":1}'
    distinct = [header % number for number in range(SIZE // len(header))]
    yield "arrays", js(more=f',"arrays":[{",".join(distinct)}]')
    yield "arrays, one twice", js(more=f',"arrays":[{",".join([*distinct, distinct[-1]])}]')
    few = ",".join([*distinct[:3000], distinct[2999]])
    yield "three thousand arrays, one twice", js(more=f',"arrays":[{few}]')
    few = ",".join([*distinct[:3000], header.replace("f8", "f9") % 1])
    yield "three thousand arrays, one wrong", js(more=f',"arrays":[{few}]')
    for item in ("null", "1", "{}", "[]", '{"name":"a","dtype":"zz","shape":[],"frames":1}'):
        yield f"arrays of {item}", js(more=f',"arrays":{filled(item)}')
    for item in ("1", "-1", "null", "1.5"):
        shape = f'[{{"name":"a","dtype":"f8","shape":{filled(item)},"frames":1}}]'
        yield f"a shape of {item}", js(more=f',"arrays":{shape}')
    yield "keys", js(more=f",{keys}")
    yield "one key", js(more="," + ",".join(['"a":1'] * (SIZE // 6)))
    for item in ("1", "1.5", "1e5", "{}", "[]", '""', '{"$float":"NaN"}', "NaN", '{"a":1}', '"é"'):
        yield f"params of {item}", js(f'{{"a":{filled(item)}}}')
    for deep in ("[" * 60 + "]" * 60, '{"a":' * 60 + "1" + "}" * 60):
        yield "deep params", js(f'{{"a":{filled(deep)}}}')
    yield "brackets", js('{"a":' + "[" * (SIZE // 2) + "]" * (SIZE // 2) + "}")
    yield "open brackets", b'{"a":' + b"[" * SIZE
    for text in ("1" * SIZE, "1." + "1" * SIZE, "1e" + "1" * SIZE, f'"{"x" * SIZE}"'):
        yield "one long scalar", js(f'{{"a":{text}}}')
    for escape in ("\\n", "\\u00e9", "\\ud800", ",[{"):
        yield "one long string", js('{"a":"' + escape * (SIZE // len(escape)) + '"}')
    yield "spaces", b" " * SIZE
    yield "spaces before", b" " * SIZE + js()
    for rows in ("null", "[]", "[1]", "{}", "[{}]", "[1],[1,2]"):
        yield f"matrix of {rows}", js(f'{{"matrix":{filled(rows)}}}', op="matrix_sum")
        old = '{"schema_version":1,"matrix":%s,"model":{"name":"a","version":"b"}}'
        yield f"version 1 of {rows}", (old % filled(rows)).encode()
    for row in ("null", "{}", '{"$float":"NaN"}', "1e300,1e-300"):
        text = f'{{"matrix":[{filled(row)}]}}'
        yield f"row of {row}", js(text, ',"certify":true', op="matrix_sum")
    yield "params of other names", js(f"{{{keys}}}", op="ping")


def msgpack_headers() -> Iterator[tuple[str, bytes]]:
    begin = b"\x84" + msgpack.packb({"schema_version": 2, "id": "x", "op": "echo"})[1:]
    begin += b"\xa6params"
    items = (
        *(b"\xc0", b"\x01", b"\x80", b"\x90", b"\xa0", b"\xca" + bytes(4), b"\xcb" + bytes(8)),
        *(b"\xc4\0", b"\xd4\x05\0", b"\xd6\xff" + bytes(4), b"\xa1\xff", b"\x81\xa0\xc0"),
        *(b"\x81\x01\xc0", b"\xcf" + b"\xff" * 8, b"\x91" * 60 + b"\xc0"),
    )
    for item in items:
        count = SIZE // len(item)
        yield item.hex(), begin + b"\x81\xa1a\xdd" + struct.pack(">I", count) + item * count
    yield "claims", begin + b"\x81\xa1a" + b"\xdd\xff\xff\xff\xff" * (SIZE // 5)
    yield "deep", begin + b"\x91" * SIZE
    yield "one key", begin + b"\xdf" + struct.pack(">I", SIZE // 2) + b"\xa0\xc0" * (SIZE // 2)
    yield "more after", begin + b"\x80" + b"\xc0" * SIZE


def field(tag: int, content: bytes) -> bytes:
    length, size = b"", len(content)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([tag]) + length + bytes([size]) + content


def protobuf_headers() -> Iterator[tuple[str, bytes]]:
    begin = b"\x08\x02" + field(0x12, b"x") + field(0x1A, b"echo")
    deep = b"\x18\x01"
    for _ in range(60):
        deep = field(0x3A, field(0x0A, deep))
    entry = field(0x42, field(0x0A, field(0x12, b"\x08\x01")))
    items = (
        *(b"\x08\x01", b"\x18\x01", b"\x29" + bytes(8), b"\x32\0", b"\x3a\0", b"\x42\0", b""),
        *(entry, b"\x18" + b"\x80" * 9 + b"\x01", deep),
    )
    for item in items:
        packed = field(0x0A, item)
        values = field(0x3A, packed * (SIZE // len(packed)))
        params = field(0x0A, field(0x0A, b"a") + field(0x12, values))
        yield item[:8].hex(), begin + field(0x22, params)
    begin += field(0x22, b"")
    yield "empty arrays", begin + b"\x2a\0" * (SIZE // 2)
    array = b"\x0a\x01a\x12\x02f8"
    yield "arrays", begin + field(0x2A, array) * (SIZE // 9)
    yield "packed shape", begin + field(0x2A, array + field(0x1A, b"\x01" * SIZE))
    yield "shape", begin + field(0x2A, array + b"\x18\x01" * (SIZE // 2))
    yield "empty shapes", begin + field(0x2A, array + b"\x1a\0" * (SIZE // 2))


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(header, id=f"{name}-{place}")
        for headers in (json_headers, msgpack_headers, protobuf_headers)
        for place, (name, header) in enumerate(headers())
    ],
)
def test_a_megabyte_of_header_is_answered_soon(header: bytes) -> None:
    started_s = time.thread_time()
    reply = SERVICE.handle([header, *[b""] * (3001 if b'"arrays"' in header else 0)])
    assert time.thread_time() - started_s < CPU_S
    error = decode_reply(reply).reply.error
    if error is not None:
        assert error.code in ("bad_message", "too_large", "invalid_params", "unknown_operation")
        assert len(error.message) < 1000


@pytest.mark.parametrize("wire_format", WireFormat)
def test_the_values_of_a_header_are_counted(wire_format: WireFormat) -> None:
    params: dict[str, Any] = {"a": [["x,[{"] * 10] * 10, "b": [[], {}, [[]]], "c": {'"\\': "\\"}}
    header = encode_message(Request("x", "echo", params), wire_format)[0]
    # Four entries of the header, three of its params, 10 + 100, 4 and 1.
    for values, code in ((122, None), (121, "too_large")):
        service = Service(default_registry(), Limits(values=values))
        error = decode_reply(service.handle([header])).reply.error
        assert (None if error is None else str(error.code)) == code


def test_an_inline_matrix_of_fifteen_thousand_numbers_fits() -> None:
    matrix: Any = [[0.1] * 120] * 125
    for wire_format in WireFormat:
        frames = encode_message(Request("x", "matrix_sum", {"matrix": matrix}), wire_format)
        assert decode_reply(SERVICE.handle(frames)).reply.error is None


def test_a_header_beyond_its_bytes_is_refused_before_it_is_read() -> None:
    text = "x" * REQUEST_LIMITS.header_bytes
    reply = decode_reply(SERVICE.handle([js(f'{{"a":"{text}"}}')])).reply
    assert reply.error is not None
    assert reply.error.code == "too_large"


@pytest.mark.parametrize(
    ("schema", "value", "path", "rule"),
    [
        ({"items": {"type": "integer"}}, [*range(1000), "x", None], "/1000", "type"),
        ({"maxItems": 5, "items": {"type": "integer"}}, [1] * 1000, "", "maxItems"),
        (
            {"properties": {"a": {"items": {"$ref": "#/$defs/b"}}}, "$defs": {"b": {"minimum": 1}}},
            {"a": [*range(1, 1000), 0]},
            "/a/999",
            "minimum",
        ),
        ({"additionalProperties": False}, {str(n): n for n in range(1000)}, "", None),
        ({"items": {"anyOf": [{"type": "integer"}]}}, [*range(1000), "x"], "/1000", "anyOf"),
        (
            {"properties": {"a": {"items": {"items": {"const": 1}}}}, "required": ["b"]},
            {"a": [[1] * 1000]},
            "",
            "required",
        ),
        (
            {"properties": {"a": {"items": {"const": 1}}, "b": {"$ref": "#/properties/a"}}},
            {"b": [*[1] * 1000, 2]},
            "/b/1000",
            "const",
        ),
    ],
)
def test_a_large_value_s_first_problem_is_found(
    schema: dict[str, Any], value: Any, path: str, rule: str | None
) -> None:
    problem = compile_schema(schema).problem(value)
    assert problem is not None
    assert (problem.path, problem.rule) == (path, rule or "additionalProperties")
    assert len(problem.message) <= 200


def test_a_broker_that_was_busy_hears_its_workers_before_it_judges_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take = Broker._take

    def slow(self: Broker, *message: Any) -> None:
        time.sleep(1.5)  # Longer than a worker may be silent.
        take(self, *message)

    service = Service(default_registry())
    pool = PoolConfig(workers=1, heartbeat_s=0.2, liveness_s=1.0)
    ready = threading.Event()
    broker = Broker(service.purity, ServerConfig("tcp://127.0.0.1:*"), pool)

    def run() -> None:
        with broker:
            broker.serve(ready.set)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        with BridgeClient(broker.endpoint, timeout_s=20, tries=1) as client:
            client.ping()
            monkeypatch.setattr(Broker, "_take", slow)
            client.ping()
            monkeypatch.undo()
            client.ping()
    finally:
        broker.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert "silent" not in caplog.text
    assert broker.metrics.restarts() == 0
