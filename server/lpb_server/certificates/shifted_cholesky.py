"""Factors of a matrix less a part of its least eigenvalue: room for the errors of rounding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["shifted_factors"]

_PARTS: Final = (0.5, 0.1, 0.9)
"""Parts of the least eigenvalue that are tried, in this order."""


def shifted_factors(
    matrix: npt.NDArray[np.float64], least: float
) -> Iterator[npt.NDArray[np.float64]]:
    """Give lower triangles L with L Lᵀ near the matrix less a multiple of I, where there are any.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Symmetric.
    least : float
        Its least eigenvalue, positive.
    """
    for part in _PARTS:
        try:
            factor = np.linalg.cholesky(matrix - part * least * np.eye(len(matrix)))
        except np.linalg.LinAlgError:
            continue
        yield np.asarray(factor, np.float64)
