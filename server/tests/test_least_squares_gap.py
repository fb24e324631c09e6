"""The certificate of a least-squares fit, against `fractions.Fraction`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.certificates.least_squares import check_least_squares, least_squares_gap
from lpb_server.errors import InvalidParams, RequestError, Uncertifiable
from lpb_server.operations import Question, default_registry
from lpb_server.operations.answering import answer_here

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
ZERO = Fraction(0)


def sum_of_squares(matrix: FloatArray, right: FloatArray, weights: list[Fraction]) -> Fraction:
    total = ZERO
    for row, y in zip(matrix.tolist(), right.tolist(), strict=True):
        products = (Fraction(x) * w for x, w in zip(row, weights, strict=True))
        total += (sum(products, ZERO) - Fraction(y)) ** 2
    return total


def best_weights(matrix: FloatArray, right: FloatArray) -> list[Fraction]:
    """Solve the normal equations by elimination in fractions."""
    columns = [[*map(Fraction, column)] for column in matrix.T.tolist()]
    side = [*map(Fraction, right.tolist())]
    rows = [
        [sum((a * b for a, b in zip(x, y, strict=True)), ZERO) for y in [*columns, side]]
        for x in columns
    ]
    for k, row in enumerate(rows):
        rows[k] = row = [x / row[k] for x in row]
        for i, other in enumerate(rows):
            if i != k:
                rows[i] = [x - other[k] * y for x, y in zip(other, row, strict=True)]
    return [row[-1] for row in rows]


def answered(matrix: FloatArray, right: FloatArray) -> Any:
    (item,) = (item for item in default_registry() if item.name == "least_squares")
    return answer_here(item, Question({}, {"matrix": matrix, "right": right}))


def examples() -> list[Any]:
    (item,) = (item for item in default_registry() if item.name == "least_squares")
    assert item.examples is not None
    found = item.examples(np.random.default_rng(11), 2)
    return [pytest.param(example.arrays, id=example.name) for example in found]


@pytest.mark.parametrize("arrays", examples())
def test_the_gap_holds_for_the_best_weights(arrays: dict[str, FloatArray]) -> None:
    matrix, right = arrays["matrix"], arrays["right"]
    answer = answered(matrix, right)
    weights = [*map(Fraction, answer.arrays["weights"].tolist())]
    best = sum_of_squares(matrix, right, best_weights(matrix, right))
    gap = Fraction(answer.certificate["gap"])
    assert best <= sum_of_squares(matrix, right, weights) <= best + gap


def test_the_gap_is_twice_what_the_weights_are_from_the_best() -> None:
    # One column: the weights 4 instead of 3 leave 2, whose square is 4.
    entries, arrays = least_squares_gap(np.array([[2.0]]), np.array([6.0]), np.array([4.0]))
    assert (entries["error"], entries["slope"], entries["gap"]) == (2.0, 0.0, 8.0)
    assert arrays["residual"].tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(
    ("condition", "most"), [(1e8, 1e-15), (1e10, 1e-11), (1e12, 1e-7), (1e14, 1e-1)]
)
def test_ill_conditioned_columns_are_certified(condition: float, most: float) -> None:
    generator = np.random.default_rng(5)
    left = np.linalg.qr(generator.standard_normal((12, 4)))[0]
    right = np.linalg.qr(generator.standard_normal((4, 4)))[0]
    matrix = (left * np.geomspace(1, 1 / condition, 4)) @ right
    side = matrix @ np.array([1.0, -2.0, 0.5, 3.0]) + generator.standard_normal(12) / 8
    answer = answered(matrix, side)
    weights = [*map(Fraction, answer.arrays["weights"].tolist())]
    best = sum_of_squares(matrix, side, best_weights(matrix, side))
    gap = Fraction(answer.certificate["gap"])
    assert best <= sum_of_squares(matrix, side, weights) <= best + gap
    assert gap < most


def test_an_exact_fit_has_no_gap() -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 4.0]])
    answer = answered(matrix, matrix @ np.array([3.0, -2.0]))
    assert answer.certificate["gap"] == 0.0


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((3, 1)),
        np.ones((4, 2)),
        np.arange(12.0).reshape(4, 3),
        np.array([[np.inf], [1.0]]),
        np.array([[np.nan], [1.0]]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_dependent_columns_are_refused_with_the_reason(matrix: FloatArray) -> None:
    with pytest.raises(RequestError, match=r"dependent|not finite|no fit"):
        answered(matrix, np.ones(len(matrix)))


def test_fewer_rows_than_columns_are_refused() -> None:
    with pytest.raises(InvalidParams, match="fewer rows"):
        answered(np.ones((2, 3)), np.ones(2))


def test_the_checker_takes_no_certificate_of_something_else() -> None:
    generator = np.random.default_rng(4)
    matrix, right = generator.standard_normal((6, 3)), generator.standard_normal(6)
    weights = np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0], np.float64)
    made = least_squares_gap(matrix, right, weights)
    assert check_least_squares(matrix, right, weights, *made)
    assert not check_least_squares(matrix + 1e-9, right, weights, *made)
    assert not check_least_squares(matrix, right + matrix[:, 0] * 1e-9, weights, *made)
    assert not check_least_squares(matrix, right, weights + 1e-9, *made)
    with pytest.raises(Uncertifiable, match="dependent"):
        least_squares_gap(np.ones((3, 2)), np.ones(3), np.zeros(2))
