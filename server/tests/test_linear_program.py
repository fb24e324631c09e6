"""`linear_program`: exact points and multipliers, and what it refuses."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.exact_linear import (
    decode_integers,
    encode_integers,
    solve_exactly,
    with_denominator,
)
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations import highs as highs_module
from lpb_server.operations.answering import answer_here
from lpb_server.operations.linear_program_examples import random_program, random_sparse_program

OPERATION = default_registry().find("linear_program")


def answer(**arrays: Any) -> Answer:
    pytest.importorskip("scipy")
    return answer_here(
        OPERATION, Question({}, {name: np.array(a, float) for name, a in arrays.items()})
    )


def test_equations_are_solved_exactly() -> None:
    third, zero, one = Fraction(1, 3), Fraction(0), Fraction(1)
    assert solve_exactly([[zero, third], [one, one]], [one, zero]) == [Fraction(-3), Fraction(3)]
    assert solve_exactly([[one, one], [one, one]], [one, zero]) is None
    assert solve_exactly([], []) == []


@pytest.mark.parametrize("values", [[0], [1, -1], [2**63], [-(2**63)], [2**64, -5, 7**99]])
def test_integers_travel_as_words(values: list[int]) -> None:
    array = encode_integers(values)
    assert array.dtype == np.uint64
    assert decode_integers(array) == values


def test_one_denominator() -> None:
    assert with_denominator([Fraction(1, 6), Fraction(-3, 4)]) == [2, -9, 12]


def test_an_optimum_is_exact() -> None:
    found = answer(cost=[1.0], matrix=[[3.0]], row_lower=[1.0])
    *point, denominator = decode_integers(found.certificate_arrays["point"])
    assert Fraction(point[0], denominator) == Fraction(1, 3)
    assert found.result == {"status": "optimal", "objective": 1 / 3}
    gap, error = found.certificate["gap"], Fraction(1, 3) - Fraction(1 / 3)
    assert isinstance(gap, float)
    assert error <= Fraction(gap) <= error * (1 + Fraction(1, 2**52))


def test_a_program_of_many_rows_has_no_gap_to_speak_of() -> None:
    found = answer(**random_program(np.random.default_rng(1), 27, 32))
    gap, objective = found.certificate["gap"], found.result["objective"]
    assert isinstance(gap, float)
    assert isinstance(objective, float)
    assert gap < 1e-12 * abs(objective)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"cost": [math.nan]}, "element of cost is not finite"),
        ({"matrix": [[math.inf]]}, "element of matrix is not finite"),
        ({"lower": [math.inf]}, "element of lower is no bound"),
        ({"row_upper": [-math.inf]}, "element of row_upper is no bound"),
        ({"lower": [2.0], "upper": [1.0]}, "element 0 of lower exceeds that of upper"),
    ],
)
def test_what_cannot_be_meant(arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer(**{"cost": [1.0], "matrix": [[1.0]], **arrays})


def test_equations_that_rounding_makes_contradict() -> None:
    right = [0.1, 0.1 * 3]
    with pytest.raises(Uncertifiable, match="exactly within all bounds"):
        answer(cost=[1.0], matrix=[[0.1], [0.3]], row_lower=right, row_upper=right)


def test_a_vertex_without_exact_multipliers_has_some_nearby() -> None:
    """HiGHS's basis is not quite optimal here, and none of those near it is."""
    program = random_sparse_program(np.random.default_rng(1_000_227), 60, 90, 240)
    question = Question({}, program)
    found = answer_here(OPERATION, question)
    assert OPERATION.certificate is not None
    assert OPERATION.certificate.check is not None
    assert OPERATION.certificate.check(question, found)
    gap = found.certificate["gap"]
    assert isinstance(gap, float)
    assert gap < 1e-6


def test_without_scipy_it_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highs_module, "has_scipy", lambda: False)
    question = Question({}, {"cost": np.ones(1), "matrix": np.ones((1, 1))})
    with pytest.raises(InvalidParams, match=r"needs SciPy: pip install 'lean-python-bridge\[scipy"):
        answer_here(OPERATION, question)


@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(seed: int) -> None:
    pytest.importorskip("scipy")
    assert_only_truth_holds(OPERATION, seed, 2)
