"""The certificate of positive definiteness: an approximate Cholesky factor.

For a symmetric matrix A the certificate is an upper triangular U for which what is left,
A - UᵀU, is strictly diagonally dominant; Lean tests that exactly. U is the Cholesky factor of
A - μI, computed in floating point, where μ is a part of a lower bound on the least eigenvalue: it
must exceed the rounding errors of the factorisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.ranges import (
    WORD_BITS,
    ExponentRange,
    exponent_range,
    lane_count,
)
from lpb_server.certificates.shifted_cholesky import shifted_factors
from lpb_server.errors import Uncertifiable

__all__ = ["PositiveDefiniteCertificate", "positive_definite"]

_MAX_WORDS: Final = 80


@dataclass(frozen=True, slots=True)
class PositiveDefiniteCertificate:
    """What Lean's ``PositiveDefinite.check`` takes beside the matrix.

    Attributes
    ----------
    factor
        U, float64 of shape (n, n), zeros below the diagonal.
    words
        How many words of 64 bits a lane has.
    matrix_range, factor_range
        Where the exponents of A and U lie.
    """

    factor: npt.NDArray[np.float64]
    words: int
    matrix_range: ExponentRange
    factor_range: ExponentRange


def positive_definite(matrix: npt.NDArray[np.float64]) -> PositiveDefiniteCertificate:
    """Certify that a matrix is symmetric and positive definite.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        n at least 1.

    Raises
    ------
    Uncertifiable
        When the matrix is not finite, not symmetric, not positive definite, or too near to a
        singular one for a factor in double precision.
    """
    if not bool(np.isfinite(matrix).all()):
        raise Uncertifiable("an element of the matrix is not finite")
    if not np.array_equal(matrix, matrix.T):
        raise Uncertifiable("the matrix is not symmetric")
    scale = _balance(matrix)
    balanced = matrix * scale[:, None] * scale[None, :]
    least = float(np.linalg.eigvalsh(balanced)[0])
    if not least > 0:
        raise Uncertifiable(
            f"the matrix is not positive definite in double precision: scaled to a diagonal near 1,"
            f" its least eigenvalue is computed as {least:.3g}"
        )
    for lower in shifted_factors(balanced, least):
        factor = np.triu(lower.T / scale[None, :])
        if _leaves_dominant(matrix, factor):
            return _with_layout(matrix, factor)
    raise Uncertifiable(
        f"the matrix is too near to a singular one, or too badly scaled, for a factor in double"
        f" precision: scaled to a diagonal near 1, its least eigenvalue is computed as {least:.3g}"
    )


def _balance(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give powers of two that bring the diagonal near 1: multiplying by them is exact."""
    diagonal = np.diagonal(matrix)
    if not bool((diagonal > 0).all()):
        raise Uncertifiable("the matrix has an element on its diagonal that is not positive")
    exponents = np.frexp(diagonal)[1]
    return np.asarray(np.ldexp(1.0, -(exponents // 2)), np.float64)


def _leaves_dominant(matrix: npt.NDArray[np.float64], factor: npt.NDArray[np.float64]) -> bool:
    """Test exactly, in integers, that A - UᵀU is strictly diagonally dominant."""
    entries, factors = exponent_range(matrix), exponent_range(factor)
    unit = min(entries.low + UNIT_EXPONENT, 2 * factors.low)
    upper = exact_integers(factor, factors.low)
    left = exact_integers(matrix, entries.low) * (1 << (entries.low + UNIT_EXPONENT - unit))
    left = left - np.dot(upper.T, upper) * (1 << (2 * factors.low - unit))
    return all(sum(map(abs, row)) < 2 * row[i] for i, row in enumerate(left.tolist()))


def _with_layout(
    matrix: npt.NDArray[np.float64], factor: npt.NDArray[np.float64]
) -> PositiveDefiniteCertificate:
    """Find the narrowest lanes in which nothing overflows: what Lean's ``Layout.check`` tests."""
    n = len(matrix)
    entries, factors = exponent_range(matrix), exponent_range(factor)
    matrix_shift = max(entries.low + UNIT_EXPONENT - 2 * factors.low, 0)
    factor_shift = max(2 * factors.low - entries.low - UNIT_EXPONENT, 0)
    need = 1 + (1 << (entries.bits + matrix_shift)) + (n << (2 * factors.bits + factor_shift))
    for words in range(1, _MAX_WORDS):
        height = WORD_BITS * words - 2 - lane_count(words, n).bit_length()
        if height > 0 and need <= 1 << height:
            return PositiveDefiniteCertificate(factor, words, entries, factors)
    raise Uncertifiable("the exponents of the matrix are too far apart")
