"""Sparse equations over the rationals, with elimination as the judge."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from lpb_server.certificates.exact_linear import solve_exactly
from lpb_server.certificates.lifting import solve_by_lifting
from lpb_server.certificates.sparse_systems import solve_sparse

Equations = tuple[list[dict[int, Fraction]], list[Fraction]]


def drawn(seed: int, n: int, each: int) -> Equations:
    random = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        columns = {i, *random.integers(n, size=each).tolist()}
        rows.append({j: Fraction(float(random.integers(1, 999)) / 100) for j in columns})
    return rows, [Fraction(float(x)) for x in random.standard_normal(n)]


@pytest.mark.parametrize(("n", "each"), [(1, 1), (6, 1), (12, 3), (25, 1), (40, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_by_elimination(seed: int, n: int, each: int) -> None:
    rows, right = drawn(seed, n, each)
    full = [[row.get(j, Fraction(0)) for j in range(n)] for row in rows]
    assert solve_sparse(rows, right) == solve_exactly(full, right)


def test_equations_of_long_numbers_on_the_right() -> None:
    rows, right = drawn(7, 30, 3)
    long = [Fraction(b.numerator * 7**200, b.denominator * 5**90) for b in right]
    found = solve_sparse(rows, long)
    assert found is not None
    assert all(
        sum(a * found[j] for j, a in row.items()) == b for row, b in zip(rows, long, strict=True)
    )


@pytest.mark.parametrize("n", [2, 3, 30])
def test_singular_equations_have_no_answer(n: int) -> None:
    rows, right = drawn(1, n, 3)
    rows[-1] = {j: 2 * a for j, a in rows[0].items()}
    assert solve_sparse(rows, right) is None
    assert solve_sparse([{0: Fraction(1)}, {0: Fraction(2)}], [Fraction(1)] * 2) is None
    assert solve_sparse([{0: Fraction(1)}, {}], [Fraction(1)] * 2) is None


def test_no_equations() -> None:
    assert solve_sparse([], []) == []


def test_a_prime_that_divides_the_determinant() -> None:
    prime = 2**31 - 1
    assert solve_by_lifting([{0: prime}], [3]) == [Fraction(3, prime)]
