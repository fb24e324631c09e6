"""The certificate of an assignment, against every permutation and `fractions.Fraction`."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.certificates.assignment import assignment_prices, check_assignment
from lpb_server.errors import InvalidParams
from lpb_server.operations import Question, default_registry
from lpb_server.operations.answering import answer_here

pytest.importorskip("scipy")

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def answered(cost: Matrix) -> Any:
    (item,) = (item for item in default_registry() if item.name == "assignment")
    return answer_here(item, Question({}, {"cost": cost}))


def exact_cost(cost: Matrix, columns: Any) -> Fraction:
    return sum((Fraction(cost[i, j]) for i, j in enumerate(columns)), Fraction(0))


@pytest.mark.parametrize("seed", range(8))
def test_no_permutation_is_cheaper_by_more_than_the_gap(seed: int) -> None:
    generator = np.random.default_rng(seed)
    cost = generator.standard_normal((6, 6)) * 10.0 ** generator.integers(-9, 9, (6, 6))
    answer = answered(cost)
    least = min(exact_cost(cost, order) for order in itertools.permutations(range(6)))
    own = exact_cost(cost, answer.arrays["columns"].tolist())
    assert own <= least + Fraction(answer.certificate["gap"])


def test_whole_costs_have_no_gap() -> None:
    cost = np.random.default_rng(3).integers(0, 100, (30, 30)).astype(np.float64)
    assert answered(cost).certificate["gap"] == 0.0


def test_a_worse_assignment_has_a_gap_that_says_by_how_much() -> None:
    cost = np.array([[1.0, 2.0], [2.0, 1.0]])
    made = assignment_prices(cost, np.array([1, 0]))
    assert made.gap >= 2.0
    assert check_assignment(cost, np.array([1, 0]), made)
    assert not check_assignment(cost, np.array([0, 0]), made)


@pytest.mark.parametrize("cost", [np.array([[np.nan]]), np.array([[np.inf, 1.0], [1.0, 2.0]])])
def test_costs_that_are_not_finite_are_refused(cost: Matrix) -> None:
    with pytest.raises(InvalidParams, match="not finite"):
        answered(cost)


def test_without_scipy_it_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpb_server.operations.highs.has_scipy", lambda: False)
    with pytest.raises(InvalidParams, match="assignment needs SciPy"):
        answered(np.ones((1, 1)))
