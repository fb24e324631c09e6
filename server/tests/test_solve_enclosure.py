"""The certificate of a linear solve, against `fractions.Fraction`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.certificates import solve_enclosure
from lpb_server.errors import Uncertifiable

ZERO = Fraction(0)
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def question(n: int, seed: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    generator = np.random.default_rng(seed)
    matrix = generator.standard_normal((n, n))
    right = generator.standard_normal(n)
    return matrix, right, np.asarray(np.linalg.solve(matrix, right), np.float64)


def fractions(values: FloatArray) -> list[list[Fraction]]:
    return [[Fraction(x) for x in row] for row in values.tolist()]


def dot(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), ZERO)


def exact_solution(matrix: FloatArray, right: FloatArray) -> list[Fraction]:
    """Solve by elimination in fractions."""
    rows = [
        [*map(Fraction, row), Fraction(b)]
        for row, b in zip(matrix.tolist(), right.tolist(), strict=True)
    ]
    n = len(rows)
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n] for row in rows]


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_bound_holds_the_exact_solution(n: int) -> None:
    matrix, right, solution = question(n)
    certificate = solve_enclosure(matrix, right, solution)
    exact = exact_solution(matrix, right)
    error = max(abs(Fraction(x) - y) for x, y in zip(solution.tolist(), exact, strict=True))
    assert error <= Fraction(certificate.bound)
    assert certificate.bound < 1e-12


@pytest.mark.parametrize("n", [1, 4])
def test_both_numbers_are_the_least_that_hold(n: int) -> None:
    matrix, right, solution = question(n, seed=1)
    certificate = solve_enclosure(matrix, right, solution)
    a, r = fractions(matrix), fractions(certificate.inverse)
    x, b = [*map(Fraction, solution.tolist())], [*map(Fraction, right.tolist())]
    identity = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    norm = max(
        sum(
            (
                abs(one - dot(row, column))
                for one, column in zip(ones, zip(*a, strict=True), strict=True)
            ),
            ZERO,
        )
        for ones, row in zip(identity, r, strict=True)
    )
    residual = [right - dot(row, x) for right, row in zip(b, a, strict=True)]
    largest = max(abs(dot(row, residual)) for row in r)
    limit = largest / (1 - Fraction(certificate.contraction))
    for stated, exact in ((certificate.contraction, norm), (certificate.bound, limit)):
        assert exact <= Fraction(stated)
        assert stated == 0 or Fraction(math.nextafter(stated, 0.0)) < exact


def test_a_wrong_solution_has_a_large_bound() -> None:
    matrix, right, solution = question(4)
    assert solve_enclosure(matrix, right, solution + 1).bound >= 1


def test_an_exact_solution_of_the_identity_has_the_bound_zero() -> None:
    right = np.array([1.0, -2.5, 0.0])
    certificate = solve_enclosure(np.eye(3), right, right)
    assert (certificate.contraction, certificate.bound) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        ([[np.inf]], "not finite"),
        ([[0.0]], "singular"),
        ([[1.0, 1.0], [1.0, 1.0]], "singular"),
    ],
)
def test_refusals_say_why(matrix: list[list[float]], reason: str) -> None:
    right = np.ones(len(matrix))
    with pytest.raises(Uncertifiable, match=reason):
        solve_enclosure(np.array(matrix), right, right)


def test_an_ill_conditioned_matrix_is_refused() -> None:
    matrix = 1.0 / (np.arange(14)[:, None] + np.arange(14)[None, :] + 1)
    with pytest.raises(Uncertifiable, match="singular"):
        solve_enclosure(matrix, np.ones(14), np.ones(14))
