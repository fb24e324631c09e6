"""Which of some points is the nearest, exactly: ‖q - p‖² is least where ‖p‖² - 2 q · p is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_products import exact_products, integers_of

__all__ = ["is_first_nearest", "nearest_points"]

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_ROUNDING: Final = 16 * float(np.finfo(np.float64).eps)
_TINY: Final = 1e-290
"""Far more than what underflow takes away, far less than a distance that is not doubtful."""


def nearest_points(queries: Doubles, points: Doubles) -> Indices:
    """Find the first of the points that are nearest to each query, by the exact values of doubles.

    Distances are computed in doubles first; where rounding could decide, again in integers.

    Parameters
    ----------
    queries, points : ndarray of float64
        Shapes (m, n) and (k, n), no dimension 0, every element finite.

    Returns
    -------
    ndarray of int64
        Shape (m,).
    """
    with np.errstate(all="ignore"):
        own = np.einsum("ij,ij->i", points, points)
        scores = own - 2.0 * (queries @ points.T)
        norms = np.sqrt(np.einsum("ij,ij->i", queries, queries))
        reach = norms + np.sqrt(own.max())
        error = (points.shape[1] + 4) * _ROUNDING * reach * reach + _TINY
        found = np.asarray(scores.argmin(axis=1), np.int64)
        near = scores <= (scores[np.arange(len(found)), found] + error)[:, None]
    doubtful = (near.sum(axis=1) != 1) | ~np.isfinite(error) | ~np.isfinite(scores).all(axis=1)
    if doubtful.any():
        exact = _scores(queries[doubtful], points)
        found[doubtful] = [min(range(len(row)), key=row.__getitem__) for row in exact]
    return found


def is_first_nearest(queries: Doubles, points: Doubles, indices: Indices) -> bool:
    """Say whether each index is that of the first nearest point.

    Parameters
    ----------
    indices : ndarray of int64
        Shape (m,).
    """
    rows = _scores(queries, points)
    return all(
        0 <= c < len(row) and all(row[c] + (j < c) <= x for j, x in enumerate(row))
        for row, c in zip(rows, indices.tolist(), strict=True)
    )


def _scores(queries: Doubles, points: Doubles) -> list[list[int]]:
    """Give ‖p‖² - 2 q · p for each query and point, in one unit."""
    x, x_unit = integers_of(queries)
    p, p_unit = integers_of(points)
    squares: list[int] = [sum(v * v for v in row) for row in p.tolist()]
    products: list[list[Any]] = exact_products(x, p.T).tolist()
    # Counted in units of 2 to the power of minus (p_unit + the greater unit).
    up, across = max(x_unit - p_unit, 0), max(p_unit - x_unit, 0)
    return [
        [(s << up) - (d << (across + 1)) for s, d in zip(squares, row, strict=True)]
        for row in products
    ]
