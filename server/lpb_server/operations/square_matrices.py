"""Nonsingular matrices at the edges and in the middle, for the examples of linear algebra."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["conditioned", "hilbert", "square_matrices"]


def hilbert(n: int) -> npt.NDArray[np.float64]:
    """Give the Hilbert matrix of `n` rows, rounded: its condition grows like 33 to the n."""
    index = np.arange(n)
    return np.asarray(1.0 / (index[:, None] + index[None, :] + 1.0), np.float64)


def conditioned(random: np.random.Generator, n: int, condition: float) -> npt.NDArray[np.float64]:
    """Draw a matrix with singular values from 1 to 1 / `condition`."""
    left, _ = np.linalg.qr(random.standard_normal((n, n)))
    right, _ = np.linalg.qr(random.standard_normal((n, n)))
    return np.asarray((left * np.geomspace(1.0, 1.0 / condition, n)) @ right, np.float64)


def square_matrices(
    random: np.random.Generator, count: int
) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Give nonsingular matrices by name: those at the edges, then `count` random ones."""
    yield "4 × 4", random.standard_normal((4, 4))
    yield "1 × 1", np.array([[3.0]])
    yield "1 × 1, negative and tiny", np.array([[-1e-300]])
    yield "permutation", np.eye(6)[[2, 0, 1, 5, 3, 4]]
    yield "signs and zeros", np.array([[0.0, -2.0, -0.0], [1.0, 0.0, 0.0], [-0.0, 0.0, -4.0]])
    yield "integers, tridiagonal", 2 * np.eye(6) - np.eye(6, k=1) - np.eye(6, k=-1)
    yield "triangular", np.triu(random.integers(1, 9, (5, 5)).astype(np.float64))
    rows = np.array([1e-30, 1e20, 1.0, 1e-8, 1e30])
    yield "badly scaled rows", random.standard_normal((5, 5)) * rows[:, None]
    yield "Hilbert, 8 × 8", hilbert(8)
    yield "condition 10¹²", conditioned(random, 6, 1e12)
    yield "12 × 12", random.standard_normal((12, 12))
    yield "30 × 30", random.standard_normal((30, 30))
    for index in range(count):
        n = int(random.integers(2, 13))
        yield f"random {index + 1}: {n} × {n}", random.standard_normal((n, n))
