"""Left inverses of matrices with more rows than columns, in double precision."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["column_scales", "left_inverse"]

Matrix = npt.NDArray[np.float64]


def column_scales(matrix: Matrix) -> Matrix:
    """Give a power of two for each column, near the largest magnitude in it: 1 for one of zeros.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)

    Returns
    -------
    ndarray of float64, shape (n,)
        Dividing by these is exact, and makes badly scaled columns comparable.
    """
    largest = np.abs(matrix).max(axis=0)
    exponents = np.frexp(np.where(largest > 0, largest, 1.0))[1]
    return np.asarray(np.ldexp(1.0, np.clip(exponents, -1000, 1000)), np.float64)


def left_inverse(matrix: Matrix) -> Matrix:
    """Give Y with Y X near the identity, by a QR factorisation of the scaled matrix.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)
        X, with m ≥ n.

    Returns
    -------
    ndarray of float64, shape (n, m)
        It may hold elements that are not finite.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the columns are linearly dependent in double precision.
    """
    with np.errstate(all="ignore"):
        scales = column_scales(matrix)
        orthogonal, triangular = np.linalg.qr(matrix / scales)
        inverse = np.linalg.solve(triangular, orthogonal.T)
        return np.asarray(inverse / scales[:, None], np.float64)
