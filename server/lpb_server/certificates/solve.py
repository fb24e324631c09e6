"""The certificate of a linear solve: an approximate inverse, and a bound on the error (Rump).

For a computed solution x̂ of A x = b and an approximate inverse R with ‖I - R A‖∞ ≤ c < 1, the
matrix A is nonsingular, and the solution x has ‖x̂ - x‖∞ ≤ ‖R (b - A x̂)‖∞ / (1 - c). Lean tests
both numbers exactly; here they are computed exactly, in integers, and rounded up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, upper_double
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.ranges import (
    WORD_BITS,
    ExponentRange,
    exponent_range,
    lane_count,
)
from lpb_server.errors import Uncertifiable

__all__ = ["SolveCertificate", "solve_enclosure"]

_MAX_WORDS: Final = 100
_PRODUCT_UNIT: Final = 2 * UNIT_EXPONENT


@dataclass(frozen=True, slots=True)
class SolveCertificate:
    """What Lean's ``Solve.check`` takes beside the matrix, the right-hand side and the solution.

    Attributes
    ----------
    inverse
        R, float64 of shape (n, n).
    contraction
        At least ‖I - R A‖∞, less than 1.
    bound
        At least ‖R (b - A x̂)‖∞ / (1 - contraction): no entry of x̂ is further off.
    words, wide
        How many words of 64 bits a lane has where R A is computed, and where the residual is.
    matrix_range, right_range, solution_range, inverse_range
        Where the exponents of A, b, x̂ and R lie.
    """

    inverse: npt.NDArray[np.float64]
    contraction: float
    bound: float
    words: int
    wide: int
    matrix_range: ExponentRange
    right_range: ExponentRange
    solution_range: ExponentRange
    inverse_range: ExponentRange


def solve_enclosure(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    solution: npt.NDArray[np.float64],
) -> SolveCertificate:
    """Certify that a computed solution is near the exact one.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        n at least 1.
    right, solution : ndarray of float64, shape (n,)

    Raises
    ------
    Uncertifiable
        When an element is not finite, or the matrix is singular or too near to a singular one for
        an inverse in double precision.
    """
    if not all(bool(np.isfinite(values).all()) for values in (matrix, right, solution)):
        raise Uncertifiable(
            "an element of the matrix, the right-hand side or the solution is not finite"
        )
    try:
        inverse = np.asarray(np.linalg.inv(matrix), np.float64)
    except np.linalg.LinAlgError:
        raise Uncertifiable("the matrix is singular in double precision") from None
    if not bool(np.isfinite(inverse).all()):
        raise Uncertifiable("the inverse of the matrix is not finite in double precision")
    ranges = [exponent_range(values) for values in (matrix, right, solution, inverse)]
    contraction = _contraction(matrix, inverse, ranges[0].low, ranges[3].low)
    bound = _bound(matrix, right, solution, inverse, contraction, ranges)
    words, wide = _lane_words(len(matrix), *ranges)
    return SolveCertificate(inverse, contraction, bound, words, wide, *ranges)


def _contraction(
    matrix: npt.NDArray[np.float64], inverse: npt.NDArray[np.float64], low: int, inverse_low: int
) -> float:
    """Give the least double that is at least ‖I - R A‖∞, if it is less than 1."""
    unit = _PRODUCT_UNIT - low - inverse_low
    if unit < 0:
        raise Uncertifiable("the matrix or its inverse is too large")
    product = np.dot(exact_integers(inverse, inverse_low), exact_integers(matrix, low))
    product[np.diag_indices(len(matrix))] -= 1 << unit
    norm = upper_double(max(sum(map(abs, row)) for row in product.tolist()), unit)
    if not norm < 1:
        raise Uncertifiable(
            f"the matrix is too near to a singular one for an inverse in double precision: the norm"
            f" of I - R A is {norm:.3g}"
        )
    return norm


def _bound(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    solution: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    contraction: float,
    ranges: list[ExponentRange],
) -> float:
    """Give the least double that is at least ‖R (b - A x̂)‖∞ / (1 - contraction)."""
    of_matrix, of_right, of_solution, of_inverse = (r.low for r in ranges)
    low = min(of_right + UNIT_EXPONENT, of_matrix + of_solution)
    product = np.dot(exact_integers(matrix, of_matrix), exact_integers(solution, of_solution))
    residual = exact_integers(right, of_right) * (1 << (of_right + UNIT_EXPONENT - low))
    residual = residual - product * (1 << (of_matrix + of_solution - low))
    correction = max(map(abs, np.dot(exact_integers(inverse, of_inverse), residual).tolist()))
    exponent = of_inverse + low - 3 * UNIT_EXPONENT
    exact = Fraction(correction) * Fraction(2) ** exponent / (1 - Fraction(contraction))
    try:
        bound = float(exact)
    except OverflowError:
        bound = math.inf
    if math.isfinite(bound) and Fraction(bound) < exact:
        bound = math.nextafter(bound, math.inf)
    if math.isinf(bound):
        raise Uncertifiable("the bound on the error is not finite")
    return bound


def _lane_words(
    n: int,
    matrix: ExponentRange,
    right: ExponentRange,
    solution: ExponentRange,
    inverse: ExponentRange,
) -> tuple[int, int]:
    """Find the narrowest lanes in which nothing overflows: what Lean's ``Layout.check`` tests."""
    one = _PRODUCT_UNIT - inverse.low - matrix.low
    need = 1 + (1 << one) + (n << (inverse.bits + matrix.bits))
    right_shift = max(right.low + UNIT_EXPONENT - matrix.low - solution.low, 0)
    product_shift = max(matrix.low + solution.low - right.low - UNIT_EXPONENT, 0)
    widest = max(matrix.bits, inverse.bits, right.bits, solution.bits)

    def fits(words: int) -> bool:
        width, lanes = WORD_BITS * words, lane_count(words, n)
        height = width - 2 - lanes.bit_length()
        return (
            height > 0
            and max(matrix.bits, inverse.bits) < width
            and (lanes + 1) << (inverse.bits + 1) <= 1 << (width - 1)
            and need <= 1 << height
        )

    def fits_wide(words: int) -> bool:
        width, lanes = WORD_BITS * words, lane_count(words, n)
        offset = (1 << (right.bits + right_shift)) + (
            lanes << (matrix.bits + solution.bits + product_shift)
        )
        return (
            widest < width
            and (lanes + 1) << (matrix.bits + solution.bits + 2) <= 1 << (width - 1)
            and ((lanes + 1) * offset) << (inverse.bits + 2) <= 1 << (width - 1)
        )

    for words in filter(fits, range(1, _MAX_WORDS)):
        for wide in filter(fits_wide, range(1, _MAX_WORDS)):
            return words, wide
    raise Uncertifiable("the exponents of the matrix, its inverse or the vectors are too far apart")
