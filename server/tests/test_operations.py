from __future__ import annotations

import logging
import math
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
from lpb_server import __version__
from lpb_server.errors import ErrorCode, InvalidParams, RegistrationError, RequestError
from lpb_server.operations import Operation, Outcome, Registry, default_registry, operation
from lpb_server.operations.matrix_sum import matrix_sum
from lpb_server.operations.summation import fast_sum


@operation("twice", params={"type": "object"}, summary="Twice x.")
def twice(params: Any, arrays: Any) -> Outcome:
    return Outcome({"x": 2 * params["x"]})


def broken_plugin(name: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"no_such_package.{name}:operation", group="lpb.operations")


def plugin(value: str) -> EntryPoint:
    return EntryPoint(name="extra", value=value, group="lpb.operations")


def test_built_in_operations() -> None:
    # Those of the catalogue beside them are found as well, and are named nowhere.
    names = [item.name for item in default_registry()]
    assert len(names) == len(set(names))
    assert {"echo", "matrix_sum", "operations", "ping"} < set(names)


def test_listing() -> None:
    registry = default_registry()
    result = registry.find("operations").function({}, {}).result
    assert result["server"] == {"name": "lean-python-bridge", "version": __version__}
    listed: Any = result["operations"]
    names = [item["name"] for item in listed]
    assert names == sorted(item.name for item in registry)
    keys = ["name", "summary", "params", "arrays", "pure", "certified", "certificate", "theorem"]
    assert all(list(item) == keys for item in listed)
    assert all(item["certified"] == (item["certificate"] is not None) for item in listed)
    by_name = {item["name"]: item for item in listed}
    found = [by_name[name] for name in ("echo", "matrix_sum", "operations", "ping")]
    assert [item["theorem"] for item in found] == [
        "LeanPythonBridge.Certificate.Echo.operation",
        "LeanPythonBridge.Certificate.MatrixSum.operation",
        None,
        "LeanPythonBridge.Certificate.Ping.operation",
    ]
    assert [item["certificate"] for item in found] == [None, "sum_error_bound", None, None]
    assert found[0]["arrays"] is None
    assert found[1]["arrays"] == [
        {"name": "matrix", "dtype": "f8", "shape": ["m", "n"], "needed": False, "empty": False}
    ]


def test_unknown_operation_names_those_there_are() -> None:
    with pytest.raises(RequestError) as caught:
        Registry([twice]).find("thrice")
    assert caught.value.code is ErrorCode.UNKNOWN_OPERATION
    assert caught.value.details == {"operations": ["operations", "twice"]}


def test_names_are_taken_once() -> None:
    with pytest.raises(RegistrationError, match="already"):
        Registry([twice, twice])


def test_a_schema_must_be_one() -> None:
    with pytest.raises(RegistrationError, match="no JSON Schema"):
        operation("x", params={"type": 1}, summary="")
    with pytest.raises(RegistrationError, match="name"):
        operation("", params={}, summary="")


def test_plugins_add_operations() -> None:
    registry = Registry()
    registry.load_plugins([plugin("lpb_server.operations.ping:ping")])
    registry.load_plugins([plugin("lpb_server.operations.echo")])
    assert isinstance(registry.find("ping"), Operation)


@pytest.mark.parametrize(
    "entry",
    [
        broken_plugin("absent"),
        plugin("lpb_server.operations.ping:absent"),
        plugin("lpb_server.operations.ping:__name__"),
        plugin("lpb_server.errors:BridgeError"),
    ],
    ids=["no module", "no attribute", "no operation", "not iterable"],
)
def test_a_broken_plugin_is_one_log_line(
    entry: EntryPoint, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    with caplog.at_level(logging.ERROR):
        registry.load_plugins([entry])
    assert len(caplog.records) == 1
    assert entry.name in caplog.text
    assert "Traceback" not in caplog.text
    assert [item.name for item in registry] == ["operations"]


def test_check() -> None:
    registry = default_registry()
    ping, echo = registry.find("ping"), registry.find("echo")
    ping.check({}, {}, certify=False)
    echo.check({"a": 1}, {"x": np.zeros(1)}, certify=False)
    with pytest.raises(InvalidParams):
        ping.check({"a": 1}, {}, certify=False)
    with pytest.raises(InvalidParams, match="no array"):
        ping.check({}, {"x": np.zeros(1)}, certify=False)
    for name in ("operations", "ping", "echo"):
        with pytest.raises(InvalidParams, match="no certificate"):
            registry.find(name).check({}, {}, certify=True)


def total(params: Any, arrays: Any = None) -> Any:
    matrix_sum.check(params, arrays or {}, certify=False)
    return matrix_sum.function(params, arrays or {}).result["sum"]


def test_matrix_sum() -> None:
    assert total({"matrix": [[1, 2.5], [-0.0, 2**53]]}) == 2**53 + 3.5
    assert total({}, {"matrix": np.array([[1.0, 2.0]])}) == 3.0
    assert math.isnan(total({"matrix": [[math.inf, -math.inf]]}))
    assert total({"matrix": [[1.7e308, 1.7e308]]}) == math.inf


@pytest.mark.parametrize(
    ("params", "arrays"),
    [
        ({}, {}),
        ({"matrix": [[1]]}, {"matrix": np.zeros((1, 1))}),
        ({"matrix": []}, {}),
        ({"matrix": [[]]}, {}),
        ({"matrix": [[1], [1, 2]]}, {}),
        ({"matrix": [1]}, {}),
        ({"matrix": [[True]]}, {}),
        ({"matrix": [["1"]]}, {}),
        ({"matrix": [[None]]}, {}),
        ({"matrix": [[2**53 + 1]]}, {}),
        ({"matrix": [[-(2**63)]]}, {}),
        ({"matrix": [[1]], "x": 1}, {}),
        ({}, {"matrix": np.zeros(3)}),
        ({}, {"matrix": np.zeros((0, 3))}),
        ({}, {"matrix": np.zeros((1, 3), np.float32)}),
        ({}, {"other": np.zeros((1, 3))}),
    ],
)
def test_matrix_sum_refuses(params: Any, arrays: Any) -> None:
    with pytest.raises(InvalidParams):
        total(params, arrays)


@pytest.mark.parametrize("shape", [(1, 131_071), (1, 131_072), (3, 50_001), (4, 65_536), (7, 33)])
def test_fast_sum_is_a_sum_in_some_order(shape: tuple[int, int]) -> None:
    source = np.random.default_rng(3)
    numbers = source.random(shape) * 2.0 ** source.integers(-30, 30, shape)
    numbers[:, ::2] *= -1
    for matrix in (numbers, numbers.T, numbers[:, ::-1]):
        error = abs(fast_sum(matrix) - math.fsum(matrix.ravel().tolist()))
        assert error <= numbers.size * 2.0**-53 * float(np.abs(numbers).sum())
    assert fast_sum(np.ones(shape)) == numbers.size
    for special in (math.inf, -math.inf, math.nan):
        numbers[0, -1] = special
        assert repr(fast_sum(numbers)) == repr(special)
