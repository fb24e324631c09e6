"""Certificates that xᵀ A x lies above, or below, a multiple of ‖x‖²: Lean's ``DiagonalShift``.

A - c I is seldom a matrix of doubles. Its place takes one that is: with the entries of A off the
diagonal, and on the diagonal those of A - c I rounded down. When this matrix is positive definite,
so is A - c I. For c I - A it is the same with -A.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.cholesky_check import check_positive_definite
from lpb_server.certificates.positive_definite import positive_definite
from lpb_server.certificates.reading import range_of
from lpb_server.errors import Uncertifiable

__all__ = ["above", "below", "check_above", "check_below", "eigenvalue_enclosure"]

_Matrix = npt.NDArray[np.float64]
_SIGN_BIT: Final = np.uint64(1 << 63)
_SAFETY: Final = 16
"""How many times n eps ‖A‖ a bound stands off from the computed eigenvalue."""
_LEAST_DISTANCE: Final = 2.0**-1000


def eigenvalue_enclosure(matrix: _Matrix) -> tuple[float, float]:
    """Compute numbers below and above all eigenvalues, as near as can be certified.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Finite and symmetric.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the eigenvalues cannot be computed.
    """
    values = np.linalg.eigvalsh(matrix)
    largest = float(np.abs(values).max())
    distance = _SAFETY * len(matrix) * float(np.finfo(np.float64).eps) * largest
    distance = max(distance, _LEAST_DISTANCE)
    return float(values[0]) - distance, float(values[-1]) + distance


def below(matrix: _Matrix, bound: float, prefix: str) -> tuple[dict[str, Any], dict[str, _Matrix]]:
    """Certify that xᵀ A x exceeds `bound` times ‖x‖².

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
    prefix : str
        What the names of the entries and arrays begin with.

    Returns
    -------
    entries, arrays
        Parts of the certificate.

    Raises
    ------
    Uncertifiable
        When the matrix is not finite or not symmetric, or the bound too near to its spectrum.
    """
    return _certify(matrix, -bound, prefix)


def above(matrix: _Matrix, bound: float, prefix: str) -> tuple[dict[str, Any], dict[str, _Matrix]]:
    """Certify that xᵀ A x is less than `bound` times ‖x‖²; see `below`."""
    return _certify(-matrix, bound, prefix)


def _certify(
    matrix: _Matrix, added: float, prefix: str
) -> tuple[dict[str, Any], dict[str, _Matrix]]:
    if not (math.isfinite(added) and bool(np.isfinite(matrix).all())):
        raise Uncertifiable("an element of the matrix, or the bound, is not finite")
    shifted = matrix.copy()
    shifted[np.diag_indices(len(matrix))] = [
        _rounded_down(x, added) for x in np.diagonal(matrix).tolist()
    ]
    made = positive_definite(shifted)
    entries = {
        f"{prefix}_words": made.words,
        f"{prefix}_matrix_range": [made.matrix_range.low, made.matrix_range.high],
        f"{prefix}_factor_range": [made.factor_range.low, made.factor_range.high],
    }
    return entries, {f"{prefix}_matrix": shifted, f"{prefix}_factor": made.factor}


def _rounded_down(x: float, added: float) -> float:
    """Give the greatest double that is at most the exact sum."""
    total = x + added
    if not math.isfinite(total):
        raise Uncertifiable("an element of the shifted matrix is not finite")
    if Fraction(total) > Fraction(x) + Fraction(added):
        total = math.nextafter(total, -math.inf)
    return total


def check_below(
    matrix: _Matrix, bound: Any, entries: Mapping[str, Any], arrays: Mapping[str, Any], prefix: str
) -> bool:
    """Test a certificate of `below`, exactly, as Lean tests it."""
    return _check(matrix, bound, entries, arrays, prefix, np.uint64(0))


def check_above(
    matrix: _Matrix, bound: Any, entries: Mapping[str, Any], arrays: Mapping[str, Any], prefix: str
) -> bool:
    """Test a certificate of `above`, exactly, as Lean tests it."""
    return _check(matrix, bound, entries, arrays, prefix, _SIGN_BIT)


def _check(
    matrix: _Matrix,
    bound: Any,
    entries: Mapping[str, Any],
    arrays: Mapping[str, Any],
    prefix: str,
    flipped: np.uint64,
) -> bool:
    shifted, factor = arrays.get(f"{prefix}_matrix"), arrays.get(f"{prefix}_factor")
    if type(bound) is not float or not math.isfinite(bound) or shifted is None or factor is None:
        return False
    if shifted.shape != matrix.shape or shifted.dtype != np.float64 or factor.dtype != np.float64:
        return False
    if not (np.isfinite(matrix).all() and np.isfinite(shifted).all()):
        return False
    off = ~np.eye(len(matrix), dtype=bool)
    wanted = np.ascontiguousarray(matrix).view(np.uint64) ^ flipped
    same = np.ascontiguousarray(shifted).view(np.uint64) == wanted
    if not flipped:
        same |= shifted == matrix  # Zeros of either sign.
    if not same[off].all():
        return False
    for x, lowered in zip(np.diagonal(matrix).tolist(), np.diagonal(shifted).tolist(), strict=True):
        exact, limit = Fraction(x), Fraction(bound)
        if Fraction(lowered) > (limit - exact if flipped else exact - limit):
            return False
    return check_positive_definite(
        shifted,
        factor,
        entries.get(f"{prefix}_words"),
        range_of(entries.get(f"{prefix}_matrix_range")),
        range_of(entries.get(f"{prefix}_factor_range")),
    )
