"""Questions of any size: an operation's own, or drawn from what it declares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lpb_server.errors import RegistrationError
from lpb_server.operations import (
    ArraySpec,
    Operation,
    Question,
    Scaling,
    default_registry,
    operation,
)
from lpb_server.operations.answering import answer_here
from lpb_server.operations.scaling import (
    UnscalableError,
    dimensions_of,
    scaled_question,
    sizes_of,
)

CERTIFIED = [item for item in default_registry() if item.certified]


def drawn(arrays: Any, params: dict[str, Any] | None = None, **more: Any) -> Operation:
    @operation("drawn", params=params or {}, arrays=arrays, summary="Takes what it gets.", **more)
    def function(params: Any, arrays: Any) -> dict[str, Any]:
        return {}

    return function


@pytest.mark.parametrize("item", CERTIFIED, ids=lambda item: item.name)
def test_every_certified_operation_answers_a_question_of_a_size_with_a_certificate(
    item: Operation,
) -> None:
    size = sizes_of(item)[0]
    question = scaled_question(item, np.random.default_rng(3), size)
    assert size in dimensions_of(item, question.arrays).values()
    assert answer_here(item, question).certificate["kind"]
    again = scaled_question(item, np.random.default_rng(3), size)
    for name, array in question.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name])


@pytest.mark.parametrize("item", CERTIFIED, ids=lambda item: item.name)
def test_what_the_kernel_needs_grows_with_the_size(item: Operation) -> None:
    estimate = item.scaling.heap_bytes
    if estimate is None:
        pytest.skip("it estimates nothing")
    needed = []
    for size in sizes_of(item)[:2]:
        question = scaled_question(item, np.random.default_rng(3), size)
        dimensions = dimensions_of(item, question.arrays)
        needed.append(estimate(dimensions, answer_here(item, question)))
    assert 0 < needed[0] < needed[1]


def test_declared_arrays_are_drawn_in_their_dtype_and_shape() -> None:
    specs = {
        "a": ArraySpec("f8", ("n", 3)),
        "b": ArraySpec("i4", ("m",)),
        "c": ArraySpec("u8", ("n",)),
        "d": ArraySpec("b1", ()),
    }
    question = scaled_question(drawn(specs), np.random.default_rng(1), 5)
    found = {name: (str(array.dtype), array.shape) for name, array in question.arrays.items()}
    assert found == {
        "a": ("float64", (5, 3)),
        "b": ("int32", (5,)),
        "c": ("uint64", (5,)),
        "d": ("bool", ()),
    }


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (drawn(None), "neither its arrays"),
        (drawn(("x",)), "array 'x' has no declared dtype"),
        (drawn({"x": ArraySpec("f8")}), "array 'x' has no declared dtype"),
        (drawn((), {"type": "object", "required": ["k"]}), "needs parameters"),
    ],
)
def test_what_cannot_be_drawn_says_why(item: Operation, reason: str) -> None:
    with pytest.raises(UnscalableError, match=reason):
        scaled_question(item, np.random.default_rng(1), 3)


def test_sizes_fit_what_grows_unless_they_are_declared() -> None:
    vector, matrix = ArraySpec("f8", ("n",)), ArraySpec("f8", ("m", "n"))
    assert sizes_of(drawn({"x": vector}))[-1] > sizes_of(drawn({"x": vector, "y": matrix}))[-1]
    assert sizes_of(drawn(())) == (1,)
    assert sizes_of(drawn({"x": vector}, scaling=Scaling(sizes=(7, 9)))) == (7, 9)


def test_an_own_question_and_its_dimensions() -> None:
    asked = Question({"k": 2}, {"x": np.zeros((4, 6))})
    item = drawn(
        {"x": ArraySpec("f8", ("m", "n")), "y": ArraySpec("f8", ("n",), needed=False)},
        scaling=Scaling(lambda random, n: asked),
    )
    assert scaled_question(item, np.random.default_rng(1), 3) is asked
    assert dimensions_of(item, asked.arrays) == {"m": 4, "n": 6}
    assert dimensions_of(replace(item, arrays=None), asked.arrays) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": [1, 2]},
        {"sizes": (0,)},
        {"sizes": (2, 1)},
        {"sizes": (2, 2)},
        {"sizes": (True,)},
        {"question": 1},
        {"question": lambda n: n},
        {"heap_bytes": "much"},
    ],
)
def test_a_scaling_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RegistrationError):
        Scaling(**wrong)


def test_an_operation_takes_nothing_else_for_its_scaling() -> None:
    with pytest.raises(RegistrationError, match="must be a Scaling"):
        drawn((), scaling=lambda random, n: n)
