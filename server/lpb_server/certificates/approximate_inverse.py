"""Approximate inverses of matrices, and how far they are from exact ones."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.elimination import extended_inverse
from lpb_server.certificates.exact import UNIT_EXPONENT, upper_double
from lpb_server.certificates.integers import exact_integers
from lpb_server.errors import Uncertifiable

__all__ = ["approximate_inverse", "contraction", "contraction_units"]

_GOOD: Final = 2.0**-20
"""Inverses that are nearer than this are good enough in double precision."""


def approximate_inverse(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Compute the inverse; in extended precision when double precision does not do.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)

    Returns
    -------
    ndarray of float64, shape (n, n)
        It may hold elements that are not finite.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the matrix is singular in double precision.
    """
    with np.errstate(all="ignore"):
        inverse = np.asarray(np.linalg.inv(matrix), np.float64)
        gap = np.abs(inverse @ matrix - np.eye(len(matrix))).sum(axis=1).max()
        if gap <= _GOOD:
            return inverse
        extended = np.asarray(extended_inverse(matrix.astype(np.longdouble)), np.float64)
    return extended if bool(np.isfinite(extended).all()) else inverse


def contraction_units(
    matrix: npt.NDArray[np.float64], inverse: npt.NDArray[np.float64], low: int, inverse_low: int
) -> tuple[int, int]:
    """Give ‖I - R A‖∞ exactly.

    Parameters
    ----------
    matrix, inverse : ndarray of float64, shape (n, n)
        A and R.
    low, inverse_low : int
        Their elements are whole multiples of 2 to the power of these less 1074.

    Returns
    -------
    units, exponent : int
        The norm is `units` times 2 to the power of minus `exponent`, which is at least 0.

    Raises
    ------
    Uncertifiable
        When 1 is no whole number in the unit of R A.
    """
    unit = 2 * UNIT_EXPONENT - low - inverse_low
    if unit < 0:
        raise Uncertifiable("the matrix or its inverse is too large")
    product = np.dot(exact_integers(inverse, inverse_low), exact_integers(matrix, low))
    product[np.diag_indices(len(matrix))] -= 1 << unit
    return max(sum(map(abs, row)) for row in product.tolist()), unit


def contraction(
    matrix: npt.NDArray[np.float64], inverse: npt.NDArray[np.float64], low: int, inverse_low: int
) -> float:
    """Give the least double that is at least ‖I - R A‖∞, which is less than 1.

    Raises
    ------
    Uncertifiable
        When it is not: the matrix may be singular.
    """
    units, exponent = contraction_units(matrix, inverse, low, inverse_low)
    norm = upper_double(units, exponent) if units < 1 << (exponent + 64) else 2.0**64
    if not norm < 1:
        raise Uncertifiable(
            f"the matrix is singular, or too near to a singular one for an inverse in double"
            f" precision: the norm of I - R A is {f'{norm:.3g}' if norm < 2.0**64 else 'huge'}"
        )
    return norm
