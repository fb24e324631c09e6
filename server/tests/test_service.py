"""The service: any bytes whatever get a reply with a code, and each code can be had."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lpb_server.wire import (
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.arrays import encode_arrays
from service_support import ask, code_of, service


@pytest.mark.parametrize("wire_format", WireFormat)
def test_the_reply_has_the_format_of_the_request(wire_format: WireFormat) -> None:
    reply = ask(Request("7", "ping"), wire_format=wire_format)
    assert (reply.id, reply.result, reply.certificate) == ("7", {"pong": True}, None)
    assert reply.timing is not None


@pytest.mark.parametrize("wire_format", WireFormat)
def test_a_certified_reply_is_a_function_of_its_request(wire_format: WireFormat) -> None:
    request = encode_message(
        Request("7", "matrix_sum", {"matrix": [[0.1, 0.2], [0.3, -0.0]]}, certify=True), wire_format
    )
    first, second = service().handle(request, 0.5), service().handle(request, 0.0)
    assert first == second
    reply = decode_reply(first).reply
    assert reply.timing is None
    assert reply.certificate is not None
    assert reply.certificate["kind"] == "sum_error_bound"


def test_where_there_is_nothing_to_certify_there_is_no_certificate() -> None:
    assert code_of(ask(Request("1", "ping", certify=True))) == "invalid_params"
    assert code_of(ask(Request("1", "echo", {"a": 1}, certify=True))) == "invalid_params"


def test_echo_sends_arrays_back_without_a_copy() -> None:
    source = np.arange(6000.0).reshape(2, 3000)
    headers, frames = encode_arrays({"x": source, "y": np.zeros(0, np.int32)})
    answer = service().handle(
        encode_message(Request("1", "echo", {}, headers), WireFormat.MSGPACK, frames)
    )
    message = decode_reply(answer)
    assert message.arrays["x"].ctypes.data == source.ctypes.data
    assert message.arrays["y"].shape == (0,)


def test_version_1() -> None:
    request = {"schema_version": 1, "matrix": [[1, 2]], "model": {"name": "m", "version": "1"}}
    reply = decode_reply(service().handle([json.dumps(request).encode()])).reply
    assert reply.result == {"sum": 3.0}
    assert reply.id.startswith("v1-")


def test_bad_message_without_an_id() -> None:
    for frames in ([], [b""], [b"{"], [b"\xc1"], [b"hello"], [b"{}", b"x"]):
        reply = decode_reply(service().handle(frames)).reply
        assert (reply.id, code_of(reply)) == ("?", "bad_message")


def test_bad_message_with_an_id() -> None:
    reply = decode_reply(service().handle([b'{"schema_version":2,"id":"x","op":1}'])).reply
    assert (reply.id, code_of(reply)) == ("x", "bad_message")


def test_frames_left_over() -> None:
    assert code_of(ask(Request("1", "ping"), [b"x"])) == "bad_message"


def test_unsupported_schema_version() -> None:
    reply = decode_reply(service().handle([b'{"schema_version":9,"id":"x"}'])).reply
    assert (reply.id, code_of(reply)) == ("x", "unsupported_schema_version")
    assert reply.error is not None
    assert reply.error.details == {"minimum": 1, "maximum": 2}


def test_unknown_operation() -> None:
    assert code_of(ask(Request("1", "nope"))) == "unknown_operation"


@pytest.mark.parametrize(
    "request_",
    [
        Request("1", "ping", {"x": 1}),
        Request("1", "matrix_sum", {}),
        Request("1", "operations", certify=True),
        Request("1", "picky"),
    ],
)
def test_invalid_params(request_: Request) -> None:
    assert code_of(ask(request_)) == "invalid_params"


def test_an_answer_that_no_certificate_can_be_made_for() -> None:
    request = Request("1", "matrix_sum", {"matrix": [[float("nan")]]}, certify=True)
    assert code_of(ask(request)) == "uncertifiable"
    plain = Request("1", "matrix_sum", {"matrix": [[float("nan")]]})
    assert ask(plain).error is None


def test_too_large() -> None:
    request = Request("1", "echo", {"x": "y" * 100})
    assert code_of(ask(request, to=service(header_bytes=50))) == "too_large"
    headers, frames = encode_arrays({"x": np.zeros(10)})
    request = Request("1", "echo", {}, headers)
    assert code_of(ask(request, frames, to=service(array_bytes=79))) == "too_large"
    assert code_of(ask(request, frames, to=service(frames=1))) == "too_large"
    assert ask(request, frames, to=service(array_bytes=80, frames=2)).status == "ok"


def test_deadline_exceeded() -> None:
    request = Request("1", "fail", deadline_ms=100)
    assert code_of(ask(request, queued_s=0.1)) == "deadline_exceeded"
    assert ask(Request("1", "ping", deadline_ms=100), queued_s=0.09).status == "ok"
