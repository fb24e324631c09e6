"""`check=True`: certificates checked in Python as they come."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from lpb_server.client import BridgeClient
from lpb_server.client.checking import checker_of, doubt
from lpb_server.errors import InvalidParams, ProtocolError, UnprovenError
from lpb_server.operations import Certificate, Evidence, Example, Registry, operation
from lpb_server.operations.definition import Operation
from lpb_server.service import Service


def broken(kind: str) -> Operation:
    """An operation whose certificates do not hold, or cannot be read."""

    def make(params: Any, arrays: Any, outcome: Any) -> Evidence:
        return Evidence({"x": params["x"]}, {"y": np.array([2.0])})

    def check(question: Any, answer: Any) -> bool:
        if kind == "raises":
            raise KeyError("x")
        assert list(answer.arrays) == []
        return kind == "holds" and bool(answer.certificate_arrays["y"][0] == 2.0)

    @operation(
        "broken",
        params={"type": "object"},
        summary="",
        certificate=Certificate("broken", make, "LeanPythonBridge.Broken", check),
        examples=lambda random, count: [Example("one")],
        lies=lambda question, answer: {},
    )
    def function(params: Any, arrays: Any) -> Any:
        return {}

    return function


def test_what_holds_is_given_back(endpoint: str) -> None:
    matrix = np.random.default_rng(1).standard_normal((30, 40))
    with BridgeClient(endpoint) as client:
        inline = client.call("matrix_sum", {"matrix": [[0.1, 2]]}, check=True)
        assert inline.certificate is not None
        client.call("matrix_sum", arrays={"matrix": matrix}, certify=True, check=True)
        client.call("matrix_sum", arrays={"matrix": matrix.astype(">f8").T}, check=True)


@pytest.mark.parametrize(
    ("kind", "words"), [("holds", ""), ("false", "does not hold"), ("raises", "KeyError: 'x'")]
)
def test_what_does_not_hold_is_an_error(serve: Any, kind: str, words: str) -> None:
    registry = Registry([broken(kind)])
    with serve(service=Service(registry)) as server, BridgeClient(server.endpoint) as client:
        if not words:
            called = client.call("broken", {"x": 1}, check=registry)
            assert called.certificate_arrays["y"].tolist() == [2.0]
            assert called.certificate == {"kind": "broken", "x": 1, "arrays": ["y"]}
            assert called.arrays == {}
            return
        with pytest.raises(UnprovenError, match=words):
            client.call("broken", {"x": 1}, check=registry)
        client.call("broken", {"x": 1}, certify=True)


def test_a_reply_without_a_certificate_is_unproven(serve_script: Any) -> None:
    def reply(number: int, frames: list[bytes]) -> list[list[bytes]]:
        request_id = msgspec.json.decode(frames[-1])["id"]
        return [
            [b'{"schema_version":2,"id":"%b","status":"ok","result":{"sum":1.0}}'
             % request_id.encode()]
        ]  # fmt: skip

    with (
        serve_script(reply) as endpoint,
        BridgeClient(endpoint, format="json") as client,
        pytest.raises(UnprovenError, match="no certificate"),
    ):
        client.call("matrix_sum", {"matrix": [[1.0]]}, check=True)


def test_a_certificate_that_names_what_did_not_come_is_no_reply(serve_script: Any) -> None:
    def reply(number: int, frames: list[bytes]) -> list[list[bytes]]:
        request_id = msgspec.json.decode(frames[-1])["id"]
        return [
            [b'{"schema_version":2,"id":"%b","status":"ok","result":{},'
             b'"certificate":{"arrays":["y"]}}' % request_id.encode()]
        ]  # fmt: skip

    with (
        serve_script(reply) as endpoint,
        BridgeClient(endpoint, format="json", tries=1) as client,
        pytest.raises(ProtocolError, match="'y'"),
    ):
        client.call("matrix_sum", {"matrix": [[1.0]]}, certify=True)


def test_what_cannot_be_checked_is_not_sent(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        for op, words in (("ping", "brings no checker"), ("unheard-of", "no such operation")):
            with pytest.raises(InvalidParams, match=words):
                client.call(op, check=True)


def test_doubt_about_a_false_sum(endpoint: str) -> None:
    matrix: Any = [[0.1, 0.2]]
    with BridgeClient(endpoint) as client:
        called = client.call("matrix_sum", {"matrix": matrix}, certify=True)
    check = checker_of("matrix_sum", None)
    assert doubt(check, {"matrix": matrix}, {}, called) == ""
    called.result = {"sum": math.nextafter(0.3, 0.0)}
    assert doubt(check, {"matrix": matrix}, {}, called) == "the certificate does not hold"
