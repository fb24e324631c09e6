from __future__ import annotations

from typing import Any

import pytest
from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.envelope import (
    UNKNOWN_ID,
    ArrayHeader,
    ErrorInfo,
    Reply,
    Request,
    Timing,
    readable_id,
)


def test_request_keys_are_in_canonical_order_and_empty_ones_left_out() -> None:
    assert list(Request("1", "ping").to_value()) == ["schema_version", "id", "op", "params"]
    full = Request("1", "sum", {"a": 1}, (ArrayHeader("x", "f8", (2,)),), 5, True)
    assert list(full.to_value()) == [
        "schema_version",
        "id",
        "op",
        "params",
        "arrays",
        "deadline_ms",
        "certify",
    ]
    assert full.to_value()["arrays"] == [{"name": "x", "dtype": "f8", "shape": [2], "frames": 1}]
    assert Request.from_value(full.to_value()) == full


def test_reply_keys_are_in_canonical_order() -> None:
    reply = Reply("1", {"a": 1}, (ArrayHeader("x", "b1", ()),), {}, None, Timing(1, 2))
    assert list(reply.to_value()) == [
        "schema_version",
        "id",
        "status",
        "result",
        "arrays",
        "certificate",
        "timing",
    ]
    assert Reply.from_value(reply.to_value()) == reply
    failed = Reply(UNKNOWN_ID, error=ErrorInfo("internal", "x", {"a": 1}))
    assert list(failed.to_value()) == ["schema_version", "id", "status", "error"]
    assert failed.status == "error"
    assert Reply.from_value(failed.to_value()) == failed


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": None}, "/id"),
        ({"params": 1}, "/params"),
        ({"certify": 1}, "/certify"),
        ({"deadline_ms": 1.0}, "/deadline_ms"),
        ({"arrays": [{"name": "", "dtype": "f8", "shape": [], "frames": 1}]}, "/arrays/0/name"),
        ({"arrays": [{"name": "x", "dtype": "f8", "shape": [2.0], "frames": 1}]}, "/arrays/0"),
        (
            {"arrays": [{"name": "x", "dtype": "f8", "shape": [1] * 33, "frames": 1}]},
            "/arrays/0/shape",
        ),
        ({"extra~/key": 1}, ""),
    ],
)
def test_a_refusal_names_the_offending_part(change: dict[str, Any], path: str) -> None:
    value = {**Request("1", "ping").to_value(), **change}
    with pytest.raises(WireError) as caught:
        Request.from_value(value)
    assert caught.value.code is ErrorCode.BAD_MESSAGE
    assert str(caught.value.details["path"]).startswith(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "aZ9._:-"}, "aZ9._:-"),
        ({"id": "x" * 64}, "x" * 64),
        ({"id": "x" * 65}, UNKNOWN_ID),
        ({"id": ""}, UNKNOWN_ID),
        ({"id": "a\n"}, UNKNOWN_ID),
        ({"id": "é"}, UNKNOWN_ID),
        ({"id": 1}, UNKNOWN_ID),
        ({}, UNKNOWN_ID),
    ],
)
def test_an_id_is_read_from_an_invalid_header_too(value: Any, expected: str) -> None:
    assert readable_id(value) == expected


def test_long_values_are_not_quoted_whole() -> None:
    with pytest.raises(WireError) as caught:
        Request.from_value({**Request("1", "p").to_value(), "params": ["x" * 10_000]})
    assert len(caught.value.message) < 400
