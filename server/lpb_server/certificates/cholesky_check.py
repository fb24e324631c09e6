"""The certificate of positive definiteness, tested in exact integers as Lean tests it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.ranges import WORD_BITS, ExponentRange, lane_count
from lpb_server.certificates.reading import words_of

__all__ = ["check_positive_definite"]


def check_positive_definite(
    matrix: npt.NDArray[np.float64],
    factor: npt.NDArray[np.float64],
    words: Any,
    matrix_range: ExponentRange | None,
    factor_range: ExponentRange | None,
) -> bool:
    """Test that A is finite and symmetric, and A - UᵀU strictly diagonally dominant.

    Parameters
    ----------
    matrix, factor : ndarray of float64
        A and U; any shapes.
    words : int
        How many words of 64 bits a lane has in Lean.
    matrix_range, factor_range : ExponentRange or None
        Where the exponents are said to lie.
    """
    n = len(matrix) if matrix.ndim else 0
    if n == 0 or matrix.shape != (n, n) or factor.shape != (n, n):
        return False
    words = words_of(words)
    if matrix_range is None or factor_range is None or not words:
        return False
    if not (matrix_range.holds(matrix) and factor_range.holds(factor)):
        return False
    # Nothing but +0 stands below the diagonal of U.
    below = np.tril_indices(n, -1)
    if not np.array_equal(matrix, matrix.T) or factor[below].view(np.uint64).any():
        return False
    unit = min(matrix_range.low + UNIT_EXPONENT, 2 * factor_range.low)
    matrix_shift = matrix_range.low + UNIT_EXPONENT - unit
    factor_shift = 2 * factor_range.low - unit
    if not _fits(n, words, matrix_range.bits + matrix_shift, factor_range.bits, factor_shift):
        return False
    if matrix_range.bits >= WORD_BITS * words:
        return False
    upper = exact_integers(factor, factor_range.low)
    left = exact_integers(matrix, matrix_range.low) * (1 << matrix_shift)
    left = left - np.dot(upper.T, upper) * (1 << factor_shift)
    return all(sum(map(abs, row)) < 2 * row[i] for i, row in enumerate(left.tolist()))


def _fits(n: int, words: int, matrix_bits: int, factor_bits: int, factor_shift: int) -> bool:
    """Tell whether no lane overflows."""
    height = WORD_BITS * words - 2 - lane_count(words, n).bit_length()
    if height < 0 or factor_bits >= WORD_BITS * words:
        return False
    return 1 + (1 << matrix_bits) + (n << (2 * factor_bits + factor_shift)) <= 1 << height
