"""The service: any bytes whatever get a reply with a code, and each code can be had."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.errors import ErrorCode, InvalidParams
from lpb_server.operations import (
    Certificate,
    Evidence,
    Example,
    Outcome,
    Registry,
    default_registry,
    operation,
)
from lpb_server.service import Service
from lpb_server.wire import (
    Limits,
    Reply,
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.formats import encode_header
from lpb_server.wire.intake import Opened, Rejected

SECRET = "the password is 1234"


@operation("fail", params={"type": "object"}, summary="Fail.")
def fail(params: Any, arrays: Any) -> Outcome:
    raise ValueError(SECRET)


@operation("unsendable", params={"type": "object"}, summary="Give what cannot be sent.")
def unsendable(params: Any, arrays: Any) -> Outcome:
    return Outcome({"x": 1j})  # type: ignore[dict-item]


@operation("numpy", params={"type": "object"}, summary="Give what NumPy gives.")
def numpy_types(params: Any, arrays: Any) -> Any:
    values: Any = {
        "a": np.float64(0.5),
        "b": np.bool_(True),
        "c": np.array(3),
        "d": (np.float32(1), 2),
    }
    arrays = {"x": np.float64(2), "y": [1.0, 2.0]}
    return values if "map" in params else Outcome(values, arrays)


@operation("unsendable_array", params={"type": "object"}, summary="Give what cannot be sent.")
def unsendable_array(params: Any, arrays: Any) -> Outcome:
    return Outcome({}, {"x": np.zeros(1, np.complex128)})


@operation("picky", params={"type": "object"}, summary="Refuse.")
def picky(params: Any, arrays: Any) -> Outcome:
    raise InvalidParams("not today", {"day": 1})


def service(**limits: int) -> Service:
    registry = default_registry()
    for item in (fail, unsendable, unsendable_array, numpy_types, picky):
        registry.add(item)
    return Service(registry, Limits(**limits))


def ask(
    request: Request,
    frames: Sequence[Any] = (),
    *,
    to: Service | None = None,
    wire_format: WireFormat = WireFormat.JSON,
    queued_s: float = 0.0,
) -> Reply:
    answer = (to or service()).handle(encode_message(request, wire_format, frames), queued_s)
    message = decode_reply(answer)
    assert message.wire_format is wire_format
    return message.reply


def code_of(reply: Reply) -> str:
    assert reply.error is not None
    return reply.error.code


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


def test_an_internal_error_is_logged_once_and_leaks_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = ask(Request("the-id", "fail"))
    assert code_of(reply) == "internal"
    assert SECRET not in str(reply)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the-id" in caplog.text
    assert SECRET in caplog.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [("unsendable", "result['x'] is complex"), ("unsendable_array", "has dtype complex128")],
)
def test_a_result_that_cannot_be_sent_is_an_internal_error(name: str, reason: str) -> None:
    for wire_format in WireFormat:
        reply = ask(Request("1", name), wire_format=wire_format)
        assert code_of(reply) == "internal"
        assert reply.error is not None
        assert f"{name} gave a result that cannot be sent: " in reply.error.message
        assert reason in reply.error.message


@pytest.mark.parametrize("wire_format", WireFormat)
def test_what_numpy_gives_is_taken(wire_format: WireFormat) -> None:
    expected = {"a": 0.5, "b": True, "c": 3, "d": [1.0, 2]}
    request = encode_message(Request("1", "numpy"), wire_format)
    message = decode_reply(service().handle(request))
    assert message.reply.result == expected
    assert {name: array.tolist() for name, array in message.arrays.items()} == {
        "x": 2.0,
        "y": [1.0, 2.0],
    }
    assert ask(Request("1", "numpy", {"map": 1}), wire_format=wire_format).result == expected


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), KeyboardInterrupt()])
def test_an_operation_that_wants_to_end_the_process_ends_its_request(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    @operation("leave", params={}, summary="")
    def leave(params: Any, arrays: Any) -> Outcome:
        raise error

    monkeypatch.setattr(signal, "getsignal", lambda _number: signal.SIG_IGN)
    service = Service(Registry([leave]))
    reply = decode_reply(service.handle(encode_message(Request("1", "leave"), WireFormat.JSON)))
    assert code_of(reply.reply) == "internal"


def test_ctrl_c_is_no_error_of_an_operation() -> None:
    @operation("wait", params={}, summary="")
    def wait(params: Any, arrays: Any) -> Outcome:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    request = encode_message(Request("1", "wait"), WireFormat.JSON)
    with pytest.raises(KeyboardInterrupt):
        Service(Registry([wait])).handle(request)


def test_the_caller_is_told_why_a_result_cannot_be_sent() -> None:
    @operation("bad", params={}, summary="")
    def bad(params: Any, arrays: Any) -> Outcome:
        return Outcome({"list": [1, {"z": 1j}]})  # type: ignore[dict-item]

    frames = encode_message(Request("1", "bad"), WireFormat.JSON)
    reply = decode_reply(Service(Registry([bad])).handle(frames)).reply
    assert reply.error is not None
    assert "result['list'][1]['z'] is complex" in reply.error.message


@pytest.mark.parametrize("wire_format", list(WireFormat))
def test_numpy_scalars_are_sent_as_what_they_equal(wire_format: WireFormat) -> None:
    certificate = Certificate(
        "bounded",
        lambda *_: Evidence({"bound": np.float64(0.5)}, {"rows": [1.0]}),  # type: ignore[dict-item]
        "LeanPythonBridge.Bounded",
    )

    @operation(
        "scalars",
        params={},
        summary="",
        certificate=certificate,
        examples=lambda *_: [Example("one")],
        lies=lambda *_: {},
    )
    def scalars(params: Any, arrays: Any) -> Outcome:
        result: Any = {
            "mean": np.float64(0.1),
            "small": [np.float32(0.1), np.float16(0.5)],
            "count": {"n": np.int64(2**62), "u": np.uint64(2**64 - 1)},
            "flag": np.bool_(True),
            "text": np.str_("é"),
        }
        return Outcome(result)

    frames = encode_message(Request("1", "scalars", certify=True), wire_format)
    reply = decode_reply(Service(Registry([scalars])).handle(frames)).reply
    assert reply.result == {
        "mean": 0.1,
        "small": [float(np.float32(0.1)), 0.5],
        "count": {"n": 2**62, "u": 2**64 - 1},
        "flag": True,
        "text": "é",
    }
    assert reply.certificate == {"kind": "bounded", "bound": 0.5, "arrays": ["rows"]}


def test_the_caller_is_told_why_a_certificate_cannot_be_sent() -> None:
    endless: Any = []
    endless.append(endless)
    for entry, said in ((1j, "certificate['x'] is complex"), (endless, "nests deeper than 64")):
        make = partial(lambda entry, *_: Evidence({"x": entry}), entry)

        @operation(
            "bad",
            params={},
            summary="",
            certificate=Certificate("bad", make, "LeanPythonBridge.Bad"),
            examples=lambda *_: [Example("one")],
            lies=lambda *_: {},
        )
        def bad(params: Any, arrays: Any) -> Outcome:
            return Outcome({})

        frames = encode_message(Request("1", "bad", certify=True), WireFormat.JSON)
        reply = decode_reply(Service(Registry([bad])).handle(frames)).reply
        assert code_of(reply) == "internal"
        assert reply.error is not None
        assert said in reply.error.message


def test_msgpack_carries_the_key_that_json_reserves() -> None:
    reply = ask(Request("1", "echo", {"$float": 1}), wire_format=WireFormat.MSGPACK)
    assert reply.result == {"$float": 1}


def test_refuse() -> None:
    frames = encode_message(Request("1", "ping"), WireFormat.MSGPACK)
    opened = service().open(frames)
    assert isinstance(opened, Opened)
    message = decode_reply(opened.refuse(ErrorCode.OVERLOADED, "full"))
    assert message.wire_format is WireFormat.MSGPACK
    assert (message.reply.id, code_of(message.reply)) == ("1", "overloaded")
    garbled = service().open([b"x"])
    assert isinstance(garbled, Rejected)
    assert code_of(decode_reply(garbled.reply).reply) == "bad_message"


def test_what_ran_and_what_did_not() -> None:
    def ran(request: Request) -> bool:
        opened = service().open(encode_message(request, WireFormat.JSON))
        assert isinstance(opened, Opened)
        return service().run(opened, 1.0).ran

    assert ran(Request("1", "ping"))
    assert not ran(Request("1", "ping", {"x": 1}))
    assert not ran(Request("1", "no-such-operation"))
    assert not ran(Request("1", "ping", deadline_ms=1))


ANY = Service(default_registry())


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_any_frames_get_a_reply(frames: list[bytes]) -> None:
    reply = decode_reply(ANY.handle(frames)).reply
    assert reply.status == "error"


@given(
    st.dictionaries(
        st.sampled_from(["schema_version", "id", "op", "params", "arrays", "certify", "x"]),
        st.sampled_from([1, 2, "ping", "echo", {}, [], True, None, {"a": 1}, 1.5]),
    ),
    st.sampled_from([WireFormat.JSON, WireFormat.MSGPACK]),
)
def test_any_header_map_gets_a_reply(header: dict[str, Any], wire_format: WireFormat) -> None:
    message = decode_reply(ANY.handle([encode_header(wire_format, header)]))
    assert message.wire_format is wire_format
    assert message.reply.error is None or message.reply.error.code != "internal"


def test_an_empty_registry_serves_too() -> None:
    assert ask(Request("1", "operations"), to=Service(Registry())).status == "ok"
