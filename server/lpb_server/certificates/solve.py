"""The certificate of a linear solve: an approximate inverse, and a bound on the error (Rump).

For a computed solution x̂ of A x = b and an approximate inverse R with ‖I - R A‖∞ ≤ c < 1, the
matrix A is nonsingular, and the solution x has ‖x̂ - x‖∞ ≤ ‖R (b - A x̂)‖∞ / (1 - c). Lean tests
both numbers exactly; here they are computed exactly, in integers, and rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.approximate_inverse import (
    approximate_inverse,
    contraction,
    contraction_units,
)
from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_fraction
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.solve_lanes import (
    SystemRanges,
    product_fits,
    product_words,
    residual_fits,
    residual_words,
)
from lpb_server.errors import Uncertifiable

__all__ = ["SolveCertificate", "check_solve", "solve_enclosure"]


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
    ranges
        Where the exponents of A, b, x̂ and R lie.
    """

    inverse: npt.NDArray[np.float64]
    contraction: float
    bound: float
    words: int
    wide: int
    ranges: SystemRanges


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
        inverse = approximate_inverse(matrix)
    except np.linalg.LinAlgError:
        raise Uncertifiable("the matrix is singular in double precision") from None
    if not bool(np.isfinite(inverse).all()):
        raise Uncertifiable("the inverse of the matrix is not finite in double precision")
    ranges = SystemRanges(*map(exponent_range, (matrix, right, solution, inverse)))
    norm = contraction(matrix, inverse, ranges.matrix.low, ranges.inverse.low)
    units, exponent = _correction(matrix, right, solution, inverse, ranges)
    try:
        bound = upper_fraction(Fraction(units) * Fraction(2) ** exponent / (1 - Fraction(norm)))
    except OverflowError:
        raise Uncertifiable("the bound on the error is not finite") from None
    words = product_words(len(matrix), ranges.matrix, ranges.inverse)
    wide = residual_words(len(matrix), ranges)
    return SolveCertificate(inverse, norm, bound, words, wide, ranges)


def check_solve(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    solution: npt.NDArray[np.float64],
    certificate: SolveCertificate,
) -> bool:
    """Decide in exact integers what Lean's ``Solve.check`` decides.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
    right, solution : ndarray of float64, shape (n,)
    certificate : SolveCertificate
        With an inverse of shape (n, n); contraction and bound are finite and have no sign bit.
    """
    n, inverse, ranges = len(matrix), certificate.inverse, certificate.ranges
    if not (
        certificate.contraction < 1
        and all(
            found.holds(values)
            for found, values in zip(ranges, (matrix, right, solution, inverse), strict=True)
        )
        and product_fits(certificate.words, n, ranges.matrix, ranges.inverse)
        and residual_fits(certificate.wide, n, ranges)
    ):
        return False
    norm, unit = contraction_units(matrix, inverse, ranges.matrix.low, ranges.inverse.low)
    if norm << UNIT_EXPONENT > exact_integer(certificate.contraction) << unit:
        return False
    units, exponent = _correction(matrix, right, solution, inverse, ranges)
    limit = (1 - Fraction(certificate.contraction)) * Fraction(certificate.bound)
    return Fraction(units) * Fraction(2) ** exponent <= limit


def _correction(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    solution: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    ranges: SystemRanges,
) -> tuple[int, int]:
    """Give ‖R (b - A x̂)‖∞ as an integer times 2 to the power of the other."""
    of_matrix, of_right, of_solution, of_inverse = (found.low for found in ranges)
    low = min(of_right + UNIT_EXPONENT, of_matrix + of_solution)
    product = np.dot(exact_integers(matrix, of_matrix), exact_integers(solution, of_solution))
    residual = exact_integers(right, of_right) * (1 << (of_right + UNIT_EXPONENT - low))
    residual = residual - product * (1 << (of_matrix + of_solution - low))
    correction = max(map(abs, np.dot(exact_integers(inverse, of_inverse), residual).tolist()))
    return correction, of_inverse + low - 3 * UNIT_EXPONENT
