"""The certificate of a matrix inverse: how far it can be from the exact one.

For a computed inverse R of A with ‖I - R A‖∞ ≤ c < 1, the matrix A is nonsingular, and no entry of
R is further than c max |R| / (1 - c) from that of the exact inverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.approximate_inverse import contraction, contraction_units
from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_fraction
from lpb_server.certificates.ranges import ExponentRange, exponent_range
from lpb_server.certificates.solve_lanes import product_fits, product_words
from lpb_server.errors import Uncertifiable

__all__ = ["InverseCertificate", "check_inverse", "inverse_enclosure"]


@dataclass(frozen=True, slots=True)
class InverseCertificate:
    """What Lean's ``Inverse.check`` takes beside the matrix and the inverse.

    Attributes
    ----------
    contraction
        At least ‖I - R A‖∞, less than 1.
    largest
        At least every |Rᵢⱼ|.
    bound
        At least contraction largest / (1 - contraction): no entry of R is further off.
    words
        How many words of 64 bits a lane has where R A is computed.
    matrix_range, inverse_range
        Where the exponents of A and R lie.
    """

    contraction: float
    largest: float
    bound: float
    words: int
    matrix_range: ExponentRange
    inverse_range: ExponentRange


def inverse_enclosure(
    matrix: npt.NDArray[np.float64], inverse: npt.NDArray[np.float64]
) -> InverseCertificate:
    """Certify that a computed inverse is near the exact one.

    Parameters
    ----------
    matrix, inverse : ndarray of float64, shape (n, n)
        n at least 1.

    Raises
    ------
    Uncertifiable
        When an element is not finite, or the matrix is singular or too near to a singular one for
        an inverse in double precision.
    """
    if not bool(np.isfinite(matrix).all()):
        raise Uncertifiable("an element of the matrix is not finite")
    if not bool(np.isfinite(inverse).all()):
        raise Uncertifiable("the inverse of the matrix is not finite in double precision")
    ranges = exponent_range(matrix), exponent_range(inverse)
    norm = contraction(matrix, inverse, ranges[0].low, ranges[1].low)
    largest = float(np.abs(inverse).max())
    try:
        bound = upper_fraction(Fraction(norm) * Fraction(largest) / (1 - Fraction(norm)))
    except OverflowError:
        raise Uncertifiable("the bound on the error is not finite") from None
    return InverseCertificate(norm, largest, bound, product_words(len(matrix), *ranges), *ranges)


def check_inverse(
    matrix: npt.NDArray[np.float64],
    inverse: npt.NDArray[np.float64],
    certificate: InverseCertificate,
) -> bool:
    """Decide in exact integers what Lean's ``Inverse.check`` decides.

    Parameters
    ----------
    matrix, inverse : ndarray of float64, shape (n, n)
    certificate : InverseCertificate
        Its doubles are finite and have no sign bit.
    """
    of_matrix, of_inverse = certificate.matrix_range, certificate.inverse_range
    if not (
        certificate.contraction < 1
        and of_matrix.holds(matrix)
        and of_inverse.holds(inverse)
        and product_fits(certificate.words, len(matrix), of_matrix, of_inverse)
        and bool((np.abs(inverse) <= certificate.largest).all())
    ):
        return False
    norm, largest = Fraction(certificate.contraction), Fraction(certificate.largest)
    if norm * largest > Fraction(certificate.bound) * (1 - norm):
        return False
    units, exponent = contraction_units(matrix, inverse, of_matrix.low, of_inverse.low)
    return units << UNIT_EXPONENT <= exact_integer(certificate.contraction) << exponent
