"""The certificate of a least-squares fit: how much less the sum of squares can be.

When XᵀX - μ I is positive definite, ‖X ŵ - y‖² ≤ ‖X v - y‖² + ‖g‖² / μ for every v, where g is
Xᵀ(X ŵ - y). Lean sees the one by a factor L for which XᵀX - μ I - L Lᵀ is strictly diagonally
dominant, and the other exactly; here both are tested exactly, in integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, upper_fraction
from lpb_server.certificates.integers import exact_integers
from lpb_server.errors import Uncertifiable

__all__ = ["LeastSquaresCertificate", "check_least_squares", "least_squares_gap"]

_UNIT = 2 * UNIT_EXPONENT
_DEPENDENT = (
    "the columns of the matrix are linearly dependent, or too nearly so for double precision"
)


@dataclass(frozen=True, slots=True)
class LeastSquaresCertificate:
    """What Lean's ``LeastSquares.check`` takes beside the matrix, the right-hand side and weights.

    Attributes
    ----------
    transpose
        Xᵀ, float64 of shape (n, m).
    factor
        L, float64 of shape (n, n).
    curvature
        μ: XᵀX - μ I is positive definite.
    gap
        At least ‖g‖² / μ.
    """

    transpose: npt.NDArray[np.float64]
    factor: npt.NDArray[np.float64]
    curvature: float
    gap: float


def least_squares_gap(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> LeastSquaresCertificate:
    """Certify that computed weights are nearly the best ones.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)
    right : ndarray of float64, shape (m,)
    weights : ndarray of float64, shape (n,)

    Raises
    ------
    Uncertifiable
        When an element is not finite, or the columns of the matrix are too near to dependent ones.
    """
    if not all(bool(np.isfinite(values).all()) for values in (matrix, right, weights)):
        raise Uncertifiable(
            "an element of the matrix, the right-hand side or the weights is not finite"
        )
    curvature, factor = _curvature(matrix)
    if not _stretches(matrix, factor, curvature):
        raise Uncertifiable(_DEPENDENT)
    try:
        gap = upper_fraction(_gradient_norm(matrix, right, weights) / Fraction(curvature))
    except OverflowError:
        raise Uncertifiable("the gap is not finite") from None
    return LeastSquaresCertificate(
        np.ascontiguousarray(matrix.T), np.ascontiguousarray(factor), curvature, gap
    )


def check_least_squares(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    certificate: LeastSquaresCertificate,
) -> bool:
    """Decide in exact integers what Lean's ``LeastSquares.check`` decides.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)
    right : ndarray of float64, shape (m,)
    weights : ndarray of float64, shape (n,)
    certificate : LeastSquaresCertificate
        With arrays of the right shapes; its doubles are finite and have no sign bit.
    """
    arrays = (matrix, right, weights, certificate.factor)
    if not all(bool(np.isfinite(values).all()) for values in arrays):
        return False
    transpose = np.ascontiguousarray(certificate.transpose).view(np.uint64)
    if not np.array_equal(transpose, np.ascontiguousarray(matrix.T).view(np.uint64)):
        return False
    return (
        certificate.curvature > 0
        and _stretches(matrix, certificate.factor, certificate.curvature)
        and _gradient_norm(matrix, right, weights)
        <= Fraction(certificate.curvature) * Fraction(certificate.gap)
    )


def _curvature(matrix: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    """Choose μ, and L so that XᵀX - μ I - L Lᵀ is near a small multiple of the identity."""
    with np.errstate(all="ignore"):
        gram = matrix.T @ matrix
        if not bool(np.isfinite(gram).all()):
            raise Uncertifiable("XᵀX is not finite in double precision")
        least = float(np.linalg.eigvalsh(gram)[0])
        curvature = 0.9 * least
        if not curvature > 0:
            raise Uncertifiable(_DEPENDENT)
        try:
            factor = np.linalg.cholesky(gram - 0.95 * least * np.eye(len(gram)))
        except np.linalg.LinAlgError:
            raise Uncertifiable(_DEPENDENT) from None
    return curvature, np.asarray(factor, np.float64)


def _stretches(
    matrix: npt.NDArray[np.float64], factor: npt.NDArray[np.float64], curvature: float
) -> bool:
    """Say whether XᵀX - μ I - L Lᵀ is strictly diagonally dominant."""
    columns, rows = exact_integers(matrix.T, 0), exact_integers(factor, 0)
    left: npt.NDArray[Any] = np.dot(columns, columns.T) - np.dot(rows, rows.T)
    left[np.diag_indices(len(left))] -= int(Fraction(curvature) * (1 << _UNIT))
    return all(sum(map(abs, row)) < 2 * row[i] for i, row in enumerate(left.tolist()))


def _gradient_norm(
    matrix: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> Fraction:
    """Give ‖Xᵀ(X w - y)‖² exactly."""
    columns = exact_integers(matrix.T, 0)
    residual = np.dot(columns.T, exact_integers(weights, 0))
    residual = residual - exact_integers(right, 0) * (1 << UNIT_EXPONENT)
    gradient = np.dot(columns, residual).tolist()
    return Fraction(sum(x * x for x in gradient), 1 << (6 * UNIT_EXPONENT))
