"""Inverses in extended precision, which LAPACK does not have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["extended_inverse"]


def extended_inverse(matrix: npt.NDArray[np.longdouble]) -> npt.NDArray[np.longdouble]:
    """Invert by Gauss-Jordan elimination in ``longdouble``, with row pivots.

    Parameters
    ----------
    matrix : ndarray of longdouble, shape (n, n)

    Returns
    -------
    ndarray of longdouble, shape (n, n)
        Elements are not finite when there is no pivot.
    """
    n = len(matrix)
    with np.errstate(all="ignore"):
        rows = np.hstack([matrix, np.eye(n, dtype=np.longdouble)])
        for k in range(n):
            pivot = k + int(np.argmax(np.abs(rows[k:, k])))
            rows[[k, pivot]] = rows[[pivot, k]]
            rows[k] /= rows[k, k]
            factors = rows[:, k].copy()
            factors[k] = 0
            rows -= factors[:, None] * rows[k]
    return rows[:, n:]
