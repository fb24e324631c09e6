from __future__ import annotations

from typing import Any

import pytest
from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.envelope import Request
from lpb_server.wire.migrations import migrate_request

VERSION_1: dict[str, Any] = {
    "schema_version": 1,
    "matrix": [[1.0, 2.0], [3.0, 4.0]],
    "model": {"name": "linear", "version": "1.0"},
}


def test_version_1_becomes_a_matrix_sum() -> None:
    request = Request.from_value(VERSION_1)
    assert request.op == "matrix_sum"
    assert request.params == {"matrix": VERSION_1["matrix"]}
    assert not request.certify


def test_the_id_of_a_version_1_request_is_a_function_of_its_content() -> None:
    first = Request.from_value(VERSION_1).id
    assert first == Request.from_value(dict(VERSION_1)).id
    assert first != Request.from_value({**VERSION_1, "matrix": [[1.0]]}).id


def test_version_2_is_left_alone() -> None:
    value = Request("1", "ping").to_value()
    assert migrate_request(value) is value


@pytest.mark.parametrize("version", [0, 3, -1, 2**63])
def test_a_version_outside_is_answered_with_the_range(version: int) -> None:
    with pytest.raises(WireError, match="1 to 2") as caught:
        migrate_request({"schema_version": version})
    assert caught.value.code is ErrorCode.UNSUPPORTED_SCHEMA_VERSION
    assert caught.value.details == {"minimum": 1, "maximum": 2}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"schema_version": True},
        {"schema_version": 1.0},
        {"schema_version": "2"},
        {"schema_version": 1},
        {**VERSION_1, "id": "1"},
        {**VERSION_1, "matrix": 1},
        {**VERSION_1, "model": {"name": "x"}},
    ],
)
def test_what_is_no_request_of_any_version(value: Any) -> None:
    with pytest.raises(WireError) as caught:
        migrate_request(value)
    assert caught.value.code is ErrorCode.BAD_MESSAGE
