"""Declared arrays: what is registered, what is refused, what is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lpb_server.errors import InvalidParams, RegistrationError
from lpb_server.operations import ArraySpec, operation
from lpb_server.operations.declaration import check_arrays
from lpb_server.operations.registration import declared

SOLVE = {
    "matrix": ArraySpec("f8", ("n", "n")),
    "right": ArraySpec("f8", ("n",)),
    "start": ArraySpec("f8", ("n",), needed=False),
}


def test_what_agrees_is_let_through() -> None:
    matrix, vector = np.eye(3), np.zeros(3)
    check_arrays("solve", SOLVE, {"matrix": matrix, "right": vector})
    check_arrays("solve", SOLVE, {"right": vector, "matrix": matrix, "start": vector})
    check_arrays("any", {"x": ArraySpec()}, {"x": np.zeros((0, 2), np.int32)})
    check_arrays("some", {"x": ArraySpec(shape=("n", 2), empty=True)}, {"x": np.zeros((0, 2))})


@pytest.mark.parametrize(
    ("arrays", "name", "words"),
    [
        ({"right": np.zeros(3)}, "matrix", "needs the array 'matrix'"),
        ({"matrix": np.eye(3)}, "right", "needs the array 'right'"),
        ({"matrix": np.eye(3), "right": np.zeros(2)}, "right", "where n is 3"),
        ({"matrix": np.zeros((3, 2)), "right": np.zeros(3)}, "matrix", "where n is 3"),
        ({"matrix": np.eye(3), "right": np.zeros((3, 1))}, "right", "1 dimension [n], not 2"),
        ({"matrix": np.eye(3, dtype=np.int64), "right": np.zeros(3)}, "matrix", "f8 (float64)"),
        ({"matrix": np.zeros((0, 0)), "right": np.zeros(0)}, "matrix", "at least one element"),
        ({"matrix": np.eye(3), "right": np.zeros(3), "left": np.zeros(3)}, "left", "takes matrix"),
    ],
)
def test_what_differs_is_refused_by_name(arrays: Any, name: str, words: str) -> None:
    with pytest.raises(InvalidParams) as caught:
        check_arrays("solve", SOLVE, arrays)
    assert words in caught.value.message
    assert caught.value.details == {"array": name}


def test_a_wrong_call_of_the_readme_s_example_is_the_caller_s_error() -> None:
    @operation("mean", params={"type": "object"}, summary="The mean.", arrays=("x",))
    def mean(params: Any, arrays: Any) -> Any:
        return {"mean": np.mean(arrays["x"])}

    with pytest.raises(InvalidParams, match="needs the array 'x'"):
        mean.check({}, {}, certify=False)
    mean.check({}, {"x": np.zeros(3)}, certify=False)


@pytest.mark.parametrize(
    "arrays",
    [
        "x",
        {"x": "f8"},
        {"": ArraySpec()},
        {"x": ArraySpec("c16")},
        {"x": ArraySpec(shape=("n", -1))},
        {"x": ArraySpec(shape=("",))},
        {"x": ArraySpec(shape=(True,))},
        {"x": ArraySpec(shape=[1])},  # type: ignore[arg-type]
        {"x": ArraySpec(shape=(1,) * 33)},
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_at_registration(arrays: Any) -> None:
    with pytest.raises(RegistrationError, match="op"):
        operation("op", params={}, summary="", arrays=arrays)
    assert declared("op", None) is None
