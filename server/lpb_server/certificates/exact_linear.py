"""Linear equations over the rationals, and rational vectors as arrays of words.

A vector is sent as integers with one common denominator, the last of them: ``LeanPythonBridge``'s
``ExactIntegers`` reads them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "decode_integers",
    "encode_integers",
    "fractions_of",
    "solve_exactly",
    "solve_near",
    "with_denominator",
]

_WORD_BITS: Final = 64


def fractions_of(values: npt.NDArray[np.float64]) -> list[Fraction]:
    """Give finite doubles as they are.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    """
    return [Fraction(value) for value in values.tolist()]


def solve_exactly(
    matrix: Sequence[Sequence[Fraction]], right: Sequence[Fraction]
) -> list[Fraction] | None:
    """Solve linear equations by elimination without fractions (Bareiss, Jordan).

    Parameters
    ----------
    matrix, right
        As many rows as columns.

    Returns
    -------
    list of Fraction or None
        None when the matrix is singular.
    """
    n = len(matrix)
    rows = _integer_rows(matrix, right, n)
    previous = 1
    for k in range(n):
        candidates = [i for i in range(k, n) if rows[i, k]]
        if not candidates:
            return None
        pivot_row = min(candidates, key=lambda i: abs(rows[i, k]))
        if pivot_row != k:
            rows[[k, pivot_row]] = rows[[pivot_row, k]]
        pivot = rows[k, k]
        for i in range(n):
            if i != k:
                rows[i, k + 1 :] = (
                    rows[i, k + 1 :] * pivot - rows[k, k + 1 :] * rows[i, k]
                ) // previous
                rows[i, k] = 0
        previous = pivot
    return [Fraction(rows[i, n], previous) for i in range(n)]


def solve_near(
    matrix: Sequence[Sequence[Fraction]], right: Sequence[Fraction], guess: Sequence[Fraction]
) -> list[Fraction] | None:
    """Solve linear equations of any rank: what they leave open is as in a guess.

    Parameters
    ----------
    matrix, right
        As many rows as there are equations.
    guess
        As many numbers as unknowns.

    Returns
    -------
    list of Fraction or None
        None when the equations contradict each other.
    """
    n = len(guess)
    rows = _integer_rows(matrix, right, n)
    previous = 1
    pivots: list[int] = []
    for column in range(n):
        candidates = [i for i in range(len(pivots), len(rows)) if rows[i, column]]
        if not candidates:
            continue
        k, pivot_row = len(pivots), min(candidates, key=lambda i: abs(rows[i, column]))
        if pivot_row != k:
            rows[[k, pivot_row]] = rows[[pivot_row, k]]
        pivot = rows[k, column]
        for i in range(len(rows)):
            if i != k:
                rows[i] = (rows[i] * pivot - rows[k] * rows[i, column]) // previous
        previous = pivot
        pivots.append(column)
    if any(rows[len(pivots) :, n]):
        return None
    found = list(guess)
    open_columns = sorted(set(range(n)) - set(pivots))
    for k, column in enumerate(pivots):
        taken = sum((rows[k, j] * guess[j] for j in open_columns), Fraction(0))
        found[column] = (rows[k, n] - taken) / previous
    return found


def _integer_rows(
    matrix: Sequence[Sequence[Fraction]], right: Sequence[Fraction], n: int
) -> npt.NDArray[Any]:
    """Give the equations with integers that have no common factor, the right side last."""
    rows: npt.NDArray[Any] = np.empty((len(matrix), n + 1), object)
    for i, (row, b) in enumerate(zip(matrix, right, strict=True)):
        entries = [*row, b]
        scale = math.lcm(*(x.denominator for x in entries))
        integers = [x.numerator * (scale // x.denominator) for x in entries]
        common = math.gcd(*integers) or 1
        rows[i] = [x // common for x in integers]
    return rows


def with_denominator(values: Sequence[Fraction]) -> list[int]:
    """Give numerators with one common denominator, which is the last and positive."""
    common = math.lcm(*(value.denominator for value in values)) if values else 1
    return [*(value.numerator * (common // value.denominator) for value in values), common]


def encode_integers(values: Sequence[int]) -> npt.NDArray[np.uint64]:
    """Write integers as words, the lowest first, in two's complement.

    Returns
    -------
    ndarray of uint64, shape (len(values), words)
        Each row is an integer; as many words as the longest needs.
    """
    words = max(value.bit_length() for value in values) // _WORD_BITS + 1
    size = 8 * words
    data = b"".join(value.to_bytes(size, "little", signed=True) for value in values)
    return np.frombuffer(data, "<u8").reshape(len(values), words).astype(np.uint64)


def decode_integers(array: npt.NDArray[np.uint64]) -> list[int]:
    """Read what `encode_integers` wrote.

    Parameters
    ----------
    array : ndarray of uint64, shape (n, words)
    """
    rows = np.ascontiguousarray(array, "<u8")
    return [int.from_bytes(row.tobytes(), "little", signed=True) for row in rows]
