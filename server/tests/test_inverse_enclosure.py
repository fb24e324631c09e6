"""Matrix inverses, against `fractions.Fraction`, and what `solve` and `inverse` refuse."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.certificates.approximate_inverse import approximate_inverse
from lpb_server.certificates.inverse import check_inverse, inverse_enclosure
from lpb_server.certificates.solve import check_solve, solve_enclosure
from lpb_server.errors import ErrorCode, InvalidParams, RequestError, Uncertifiable
from lpb_server.operations import Question, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.operations.square_matrices import conditioned, hilbert, square_matrices

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def exact_inverse(matrix: FloatArray) -> list[list[Fraction]]:
    """Invert by elimination in fractions."""
    n = len(matrix)
    rows = [
        [*map(Fraction, row), *(Fraction(i == j) for j in range(n))]
        for i, row in enumerate(matrix.tolist())
    ]
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def examples() -> list[Any]:
    matrices = square_matrices(np.random.default_rng(3), 3)
    return [pytest.param(matrix, id=name) for name, matrix in matrices if len(matrix) <= 12]


@pytest.mark.parametrize("matrix", examples())
def test_the_bound_holds_the_exact_inverse(matrix: FloatArray) -> None:
    inverse = approximate_inverse(matrix)
    certificate = inverse_enclosure(matrix, inverse)
    assert check_inverse(matrix, inverse, certificate)
    exact = exact_inverse(matrix)
    error = max(
        abs(Fraction(x) - y)
        for row, others in zip(inverse.tolist(), exact, strict=True)
        for x, y in zip(row, others, strict=True)
    )
    assert error <= Fraction(certificate.bound)


@pytest.mark.parametrize("matrix", examples())
def test_the_bound_holds_the_exact_solution(matrix: FloatArray) -> None:
    right = np.random.default_rng(5).standard_normal(len(matrix))
    (solve,) = (item for item in default_registry() if item.name == "solve")
    answer = answer_here(solve, Question({}, {"matrix": matrix, "right": right}))
    solution = answer.arrays["solution"]
    error = max(
        abs(sum((x * Fraction(b) for x, b in zip(row, right.tolist(), strict=True)), -Fraction(x)))
        for row, x in zip(exact_inverse(matrix), solution.tolist(), strict=True)
    )
    bound = answer.certificate["bound"]
    assert isinstance(bound, float)
    assert error <= Fraction(bound)


def test_the_bound_is_the_least_that_holds() -> None:
    matrix = np.random.default_rng(0).standard_normal((4, 4))
    certificate = inverse_enclosure(matrix, approximate_inverse(matrix))
    norm, largest = Fraction(certificate.contraction), Fraction(certificate.largest)
    exact = norm * largest / (1 - norm)
    assert Fraction(math.nextafter(certificate.bound, 0)) < exact <= Fraction(certificate.bound)


def test_extended_precision_inverts_what_double_precision_does_not() -> None:
    if np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        pytest.skip("there is no extended precision on this machine")
    matrix = hilbert(12)  # condition 2e16
    with pytest.raises(Uncertifiable, match="near"):
        inverse_enclosure(matrix, np.asarray(np.linalg.inv(matrix), np.float64))
    assert inverse_enclosure(matrix, approximate_inverse(matrix)).contraction < 1


SINGULAR = [
    np.array([[0.0]]),
    np.ones((2, 2)),
    np.arange(1.0, 10.0).reshape(3, 3),
    np.outer(np.arange(1.0, 7.0), np.arange(2.0, 8.0)) / 7,
    0.1 * np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]),
    hilbert(14),
    conditioned(np.random.default_rng(1), 8, 1e20),
    np.diag([1.0, np.inf]),
    np.diag([np.nan, 1.0]),
    np.diag([5e-324, 1.0]),
]


@pytest.mark.parametrize("name", ["solve", "inverse"])
@pytest.mark.parametrize("matrix", SINGULAR)
@pytest.mark.filterwarnings("error")
def test_a_singular_matrix_is_refused_with_the_reason(name: str, matrix: FloatArray) -> None:
    (item,) = (item for item in default_registry() if item.name == name)
    arrays = {"matrix": matrix}
    if name == "solve":
        arrays["right"] = np.ones(len(matrix))
    with pytest.raises(RequestError, match=r"singular|not finite") as refused:
        answer_here(item, Question({}, arrays))
    assert refused.value.code in (ErrorCode.UNCERTIFIABLE, ErrorCode.INVALID_PARAMS)


@pytest.mark.parametrize("name", ["solve", "inverse"])
def test_without_a_certificate_what_is_nearly_singular_is_answered(name: str) -> None:
    (item,) = (item for item in default_registry() if item.name == name)
    arrays = {"matrix": hilbert(14)}
    if name == "solve":
        arrays["right"] = np.ones(14)
    outcome = item.function({}, arrays)
    with pytest.raises(Uncertifiable):
        item.certify({}, arrays, outcome)


def test_a_zero_pivot_is_refused_without_a_certificate_too() -> None:
    (item,) = (item for item in default_registry() if item.name == "inverse")
    with pytest.raises(InvalidParams, match="singular"):
        item.function({}, {"matrix": np.ones((2, 2))})


def test_checkers_take_no_certificate_of_another_matrix() -> None:
    matrix = np.random.default_rng(2).standard_normal((5, 5))
    right, inverse = np.ones(5), approximate_inverse(matrix)
    solution = np.asarray(np.linalg.solve(matrix, right), np.float64)
    made = solve_enclosure(matrix, right, solution)
    assert check_solve(matrix, right, solution, made)
    assert not check_solve(matrix + 1e-9, right, solution, made)
    assert not check_solve(matrix.T.copy(), right, solution, made)
    assert not check_solve(matrix, right + 1e-9, solution, made)
    assert not check_inverse(matrix + 1e-9, inverse, inverse_enclosure(matrix, inverse))
