"""The client against a real server."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from client_support import ServeScript, honest, impatient, raising
from lpb_server.client import (
    AUTO_FORMAT,
    INLINE_LIMIT_ELEMENTS,
    BridgeClient,
    FormatName,
)
from lpb_server.errors import (
    RemoteError,
    WireError,
)
from lpb_server.wire import (
    WireFormat,
    decode_request,
)
from lpb_server.wire.arrays import DTYPES
from lpb_server.wire.formats import decode_header

FORMATS: list[FormatName] = ["auto", "json", "msgpack", "protobuf"]


@pytest.mark.parametrize("format", FORMATS)
def test_calls(endpoint: str, format: FormatName) -> None:
    with BridgeClient(endpoint, format=format) as client:
        client.ping()
        answer = client.call("echo", {"a": [1, -0.0, None, "é"]}, {"x": np.arange(3)})
        assert answer.result == {"a": [1, -0.0, None, "é"]}
        assert answer.arrays["x"].tolist() == [0, 1, 2]
        assert answer.timing is not None
        total = client.matrix_sum([[1, 2], [3, 4]], certify=True)
        assert total.result == {"sum": 10.0}
        assert total.timing is None
        assert total.certificate == {
            "kind": "sum_error_bound",
            "count": 4,
            "error": 0.0,
            "error_bound": 4.440892098500626e-15,
            "nonnegative": True,
        }


@pytest.mark.parametrize("elements", [1, INLINE_LIMIT_ELEMENTS, INLINE_LIMIT_ELEMENTS + 1])
def test_small_matrices_travel_inline(serve_script: ServeScript, elements: int) -> None:
    seen: list[list[bytes]] = []

    def note(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames)
        return [honest(frames)]

    with serve_script(note) as endpoint, impatient(endpoint, timeout_s=10) as client:
        total = client.matrix_sum(np.ones((1, elements)), certify=True)
    assert total.result == {"sum": float(elements)}
    assert len(seen[0]) == (1 if elements <= INLINE_LIMIT_ELEMENTS else 2)
    assert decode_header(seen[0][0])[0] is AUTO_FORMAT


def test_a_matrix_that_is_none_is_refused_by_the_server(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        for matrix in (np.zeros(3), np.zeros((0, 3)), np.zeros((1, 1, 1))):
            with pytest.raises(RemoteError) as caught:
                client.matrix_sum(matrix)
            assert caught.value.code == "invalid_params"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 2), (3, 5), (700, 1000)])
def test_arrays_come_back(endpoint: str, dtype: str, shape: tuple[int, ...]) -> None:
    source = np.random.default_rng(1).integers(0, 2, shape).astype(DTYPES[dtype])
    with BridgeClient(endpoint) as client:
        back = client.call("echo", arrays={"x": source}).arrays["x"]
    assert (back.dtype, back.shape) == (source.dtype, source.shape)
    assert back.tobytes() == source.tobytes()


@pytest.mark.parametrize("wire_format", WireFormat)
def test_exchange_keeps_the_exact_bytes(endpoint: str, wire_format: WireFormat) -> None:
    with BridgeClient(endpoint) as client:
        exchange = client.exchange(
            "matrix_sum",
            arrays={"matrix": np.array([[0.1, 0.2]])},
            certify=True,
            format=wire_format.value,
            request_id="mine",
        )
    assert exchange.wire_format is wire_format
    assert exchange.tries == 1
    assert exchange.request.id == exchange.reply.id == "mine"
    assert all(type(frame) is bytes for frame in exchange.request_frames + exchange.reply_frames)
    request, _, found = decode_request(exchange.request_frames)
    assert (request, found) == (exchange.request, wire_format)
    assert list(exchange.reply_frames) == honest(exchange.request_frames)


def test_call_raw(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        frames = client.call_raw(
            [
                b'{"schema_version":2,"id":"a","op":"matrix_sum","params":{"matrix":[[1.0]]},'
                b'"certify":true}'
            ],
            "a",
        )
    assert frames == [
        b'{"schema_version":2,"id":"a","status":"ok","result":{"sum":1.0},'
        b'"certificate":{"kind":"sum_error_bound","count":1,"error":0.0,'
        b'"error_bound":1.1102230246251565e-16,"nonnegative":true}}'
    ]


def test_an_error_reply_is_a_remote_error_or_an_exchange(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        with raising(RemoteError, endpoint, 1) as caught:
            client.call("nope")
        assert caught.value.code == "unknown_operation"
        assert "ping" in caught.value.details["operations"]
        assert client.exchange("nope").reply.status == "error"
        client.ping()


@pytest.mark.parametrize(
    ("op", "params", "code"),
    [("echo", {"x": b""}, None), ("ping", {"x": 1}, "invalid_params")],
)
def test_a_request_that_cannot_be_written_is_not_sent(
    endpoint: str, op: str, params: Any, code: str | None
) -> None:
    with BridgeClient(endpoint) as client:
        expected = WireError if code is None else RemoteError
        with pytest.raises(expected):
            client.call(op, params)
        client.ping()
