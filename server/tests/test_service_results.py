"""What operations may give back, and what becomes of what they may not."""

from __future__ import annotations

import logging
import signal
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.errors import ErrorCode
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
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.formats import encode_header
from lpb_server.wire.intake import Opened, Rejected
from service_support import SECRET, ask, code_of, service

ANY = Service(default_registry())


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
