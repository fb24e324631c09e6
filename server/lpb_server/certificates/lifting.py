"""Linear equations in integers, solved exactly by lifting a solution modulo a prime (Dixon).

The inverse modulo a prime gives one digit after another of the solution in that base; from enough
digits its rational numbers are found, and tested. The work for each digit grows with the entries
that are not zero and the square of the number of equations, on machine numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["solve_by_lifting"]

_PRIMES: Final = (2147483647, 2147483629, 2147483587)
_DIGIT_BITS: Final = 31
_HALF_BITS: Final = 16
_STAGES: Final = (0.25, 0.5, 0.75, 1.0)
"""The parts of the digits that are surely enough, at which the solution is looked for."""

Residues = npt.NDArray[np.int64]
Objects = npt.NDArray[Any]


def solve_by_lifting(
    rows: Sequence[Mapping[int, int]], right: Sequence[int]
) -> list[Fraction] | None:
    """Solve as many equations as unknowns.

    Parameters
    ----------
    rows : sequence of dict
        The columns and values of each row that are not zero; no row is empty.
    right : sequence of int

    Returns
    -------
    list of Fraction or None
        None when the matrix is singular, or seems so to all primes that are tried.
    """
    n = len(rows)
    starts = np.cumsum([0] + [len(row) for row in rows[:-1]])
    columns = np.array([j for row in rows for j in row])
    values = np.array([a for row in rows for a in row.values()], object)
    for prime in _PRIMES:
        residues: Residues = np.zeros((n, n), np.int64)
        residues[np.repeat(np.arange(n), [len(row) for row in rows]), columns] = values % prime
        inverse = _inverse(residues, prime)
        if inverse is not None:
            break
    else:
        return None
    digits: list[Residues] = []
    rest: Objects = np.array(right, object)
    beside = max(b.bit_length() for b in right) + n.bit_length()
    most = _most_digits(rows, beside)
    for stage in _STAGES:
        while len(digits) < math.ceil(stage * most):
            digit = _times(inverse, (rest % prime).astype(np.int64), prime)
            digits.append(digit)
            rest = (rest - np.add.reduceat(values * digit[columns].astype(object), starts)) // prime
        found = _rational(_joined(digits, prime), prime ** len(digits), beside)
        if found is not None and _solves(rows, right, *found):
            numerators, denominator = found
            return [Fraction(x, denominator) for x in numerators]
    return None


def _most_digits(rows: Sequence[Mapping[int, int]], beside: int) -> int:
    """Give how many digits are enough, by Hadamard's bound on numerators and denominators.

    Numerators have `beside` bits more, those of the right side.
    """
    bits = sum(
        max(a.bit_length() for a in row.values()) + len(row).bit_length() / 2 for row in rows
    )
    return math.ceil((2 * bits + beside + 2) / (_DIGIT_BITS - 0.001)) + 1


def _inverse(matrix: Residues, prime: int) -> Residues | None:
    n = len(matrix)
    work = np.hstack([matrix, np.eye(n, dtype=np.int64)])
    for k in range(n):
        below = np.flatnonzero(work[k:, k])
        if not below.size:
            return None
        pivot = k + int(below[0])
        if pivot != k:
            work[[k, pivot]] = work[[pivot, k]]
        work[k] = work[k] * pow(int(work[k, k]), -1, prime) % prime
        others = np.flatnonzero(work[:, k])
        others = others[others != k]
        work[others] = (work[others] - work[others, k][:, None] * work[k]) % prime
    return np.ascontiguousarray(work[:, n:])


def _times(inverse: Residues, vector: Residues, prime: int) -> Residues:
    """Multiply modulo the prime: halves of the vector, so that sums fit 64 bits."""
    high = inverse @ (vector >> _HALF_BITS) % prime
    low = inverse @ (vector & ((1 << _HALF_BITS) - 1)) % prime
    return np.asarray(((high << _HALF_BITS) + low) % prime)


def _joined(digits: list[Residues], prime: int) -> list[int]:
    """Put digits together, neighbours first."""
    numbers, base = [digit.astype(object) for digit in digits], prime
    while len(numbers) > 1:
        if len(numbers) % 2:
            numbers.append(numbers[0] * 0)
        numbers = [low + high * base for low, high in zip(numbers[::2], numbers[1::2], strict=True)]
        base *= base
    found: list[int] = numbers[0].tolist()
    return found


def _rational(values: list[int], modulus: int, beside: int) -> tuple[list[int], int] | None:
    """Find numerators and their common denominator, which has `beside` bits fewer at most."""
    least = max((modulus.bit_length() - beside) // 2 - 1, 1)
    limit = modulus >> (least + 1)
    denominator = 1
    for value in values:
        remainder = value * denominator % modulus
        if limit < remainder < modulus - limit:
            factor = _denominator(remainder, modulus, limit)
            denominator *= factor
            if denominator.bit_length() > least:
                return None
    numerators = []
    for value in values:
        remainder = value * denominator % modulus
        numerators.append(remainder if remainder <= modulus // 2 else remainder - modulus)
    return numerators, denominator


def _denominator(value: int, modulus: int, limit: int) -> int:
    """Give the denominator of the fraction that is this value, with a numerator in the limit."""
    before, last, t_before, t_last = modulus, value, 0, 1
    while last > limit:
        quotient, remainder = divmod(before, last)
        before, last = last, remainder
        t_before, t_last = t_last, t_before - quotient * t_last
    return abs(t_last)


def _solves(
    rows: Sequence[Mapping[int, int]], right: Sequence[int], numerators: list[int], denominator: int
) -> bool:
    return all(
        sum(a * numerators[j] for j, a in row.items()) == b * denominator
        for row, b in zip(rows, right, strict=True)
    )
