from __future__ import annotations

import logging
import math
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
import pytest
from lpb_server import __version__
from lpb_server.errors import ErrorCode, InvalidParams, RegistrationError, RequestError
from lpb_server.operations import (
    ArraySpec,
    Operation,
    Outcome,
    Registry,
    default_registry,
    operation,
)
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
    names = sorted(item.name for item in default_registry())
    assert {"dot", "echo", "matmul", "matrix_sum", "matvec", "operations", "ping"} <= set(names)


def test_listing() -> None:
    registry = default_registry()
    result = registry.find("operations").function({}, {}).result
    assert result["server"] == {"name": "lean-python-bridge", "version": __version__}
    listed: Any = result["operations"]
    keys = ["name", "summary", "params", "arrays", "pure", "certified", "certificate", "theorem"]
    assert all(list(item) == keys for item in listed)
    names = [item["name"] for item in listed]
    assert names == sorted(item.name for item in registry)
    by_name = dict(zip(names, listed, strict=True))
    shown = {
        name: (item["certified"], item["certificate"], item["theorem"])
        for name, item in by_name.items()
    }
    own = "LeanPythonBridge.Certificate"
    assert shown["echo"] == (False, None, f"{own}.Echo.operation")
    assert shown["matrix_sum"] == (True, "sum_error_bound", f"{own}.MatrixSum.operation")
    assert shown["matmul"] == (True, "product_error_bound", f"{own}.Matmul.operation")
    assert shown["operations"] == (False, None, None)
    assert by_name["echo"]["arrays"] is None
    assert by_name["matrix_sum"]["arrays"] == [
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


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"$ref": "#/$defs/nowhere"}, "'#/\\$defs/nowhere' leads nowhere"),
        ({"properties": {"x": {"items": {"$ref": "#/$defs/y"}}}}, "'#/\\$defs/y' leads nowhere"),
        ({"$defs": {"a": {"$ref": "#anchor"}}}, "'#anchor' leads nowhere"),
        ({"$ref": "https://example.org/schema.json"}, "leads nowhere"),
        ({"$ref": "#/extra", "extra": {"$ref": "#/none"}}, "'#/none' leads nowhere"),
        ({"$ref": "#/extra", "extra": [1]}, "no schema"),
        ({"$ref": "#/extra", "extra": {"type": 1}}, "no JSON Schema"),
        ({"$ref": "#"}, "'#' leads back to itself"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}, "back"),
        ({"properties": {"x": {"pattern": "("}}}, "'\\(' is not a 'regex'"),
        ({"patternProperties": {"[": {}}}, "is not a 'regex'"),
        ({"type": "array"}, "admits none"),
        ({"type": ["string", "null"]}, "admits none"),
        ({"const": (1,)}, "tuple"),
        ({"default": float}, "not part of the data model"),
        ({"type": 1}, "no JSON Schema"),
    ],
)
def test_what_is_wrong_with_a_schema_is_known_when_it_is_registered(params: Any, said: str) -> None:
    with pytest.raises(RegistrationError, match=said):
        operation("x", params=params, summary="")


@pytest.mark.parametrize(
    "params",
    [
        {"$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"},
        {"$id": "https://example.org/x", "$ref": "#a", "$defs": {"b": {"$anchor": "a"}}},
        {"properties": {"s": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}},
        {"properties": {"$ref": {"type": "string"}, "pattern": {"const": "("}}},
        {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": True}},
        {"type": ["object", "null"]},
    ],
)
def test_schemas_that_are_fine(params: dict[str, Any]) -> None:
    made = operation("x", params=params, summary="")(lambda params, arrays: Outcome({}))
    made.validator.problem({"x": 1})  # Whatever it says: it does not fail.


async def later(params: Any, arrays: Any) -> Outcome:
    return Outcome({})


def generate(params: Any, arrays: Any) -> Any:
    yield Outcome({})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (later, "asynchronous"),
        (generate, "generator"),
        (lambda params: None, "has to take 2 arguments"),
        (lambda a, b, c: None, "has to take 2 arguments"),
        (lambda a, b, *, c: None, "has to take 2 arguments"),
        (3, "cannot be called"),
    ],
)
def test_what_cannot_be_called_is_known_when_it_is_registered(function: Any, said: str) -> None:
    with pytest.raises(RegistrationError, match=f"operation 'x': the function .*{said}"):
        operation("x", params={}, summary="")(function)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "n" * 129}, "more than 128"),
        ({"name": "\ud800"}, "surrogate"),
        ({"arrays": ("x", "x")}, "twice"),
        ({"arrays": ("",)}, "needs a name"),
        ({"arrays": (1,)}, "no text"),
        ({"arrays": {"\ud800": ArraySpec()}}, "surrogate"),
        ({"arrays": {"x": ArraySpec(shape=("\ud800",))}}, "surrogate"),
        ({"arrays": {"x": ArraySpec(shape=(1 << 64,))}}, "cannot be listed"),
        ({"arrays": 3}, "map of ArraySpec"),
        ({"examples": 3}, "examples cannot be called"),
        ({"examples": lambda random: []}, "examples has to take 2 arguments"),
        ({"lies": lambda question: {}}, "lies has to take 2 arguments"),
    ],
)
def test_what_no_request_can_name_is_known_when_it_is_registered(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(RegistrationError, match=said):
        operation(**{"name": "x", "params": {}, "summary": "", **changes})


@pytest.mark.parametrize("changes", [{"params": True}, {"summary": None}, {"arrays": "x"}])
def test_what_has_the_wrong_type_is_known_when_it_is_registered(changes: dict[str, Any]) -> None:
    with pytest.raises((RegistrationError, TypeError)):  # A TypeError where it is compiled.
        operation(**{"name": "x", "params": {}, "summary": "", **changes})


def test_an_array_that_is_missing_is_named() -> None:
    specs = {"x": ArraySpec(), "y": ArraySpec(), "z": ArraySpec(needed=False)}

    @operation("add", params={}, summary="", arrays=specs)
    def add(params: Any, arrays: Any) -> Outcome:
        return Outcome({})

    x, y = np.zeros(1), np.zeros(1)
    add.check({}, {"x": x, "y": y}, certify=False)
    with pytest.raises(InvalidParams, match="add needs the array 'y'") as caught:
        add.check({}, {"x": x}, certify=False)
    assert caught.value.details == {"array": "y"}


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
