"""Symmetric matrices: what the operations on them take, and those worth asking about."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lpb_server.errors import InvalidParams

__all__ = [
    "definite_matrix",
    "symmetric_examples",
    "symmetric_matrix",
    "with_eigenvalues",
    "with_entry",
]

_Matrix = npt.NDArray[np.float64]


def symmetric_matrix(operation: str, matrix: _Matrix) -> _Matrix:
    """Return the matrix if it is finite and symmetric.

    Raises
    ------
    InvalidParams
        When it is not.
    """
    if not bool(np.isfinite(matrix).all()):
        raise InvalidParams(f"{operation}: an element of the matrix is not finite")
    if not np.array_equal(matrix, matrix.T):
        raise InvalidParams(f"{operation}: the matrix is not symmetric")
    return matrix


def with_eigenvalues(random: np.random.Generator, eigenvalues: npt.ArrayLike) -> _Matrix:
    """Draw a symmetric matrix that has, up to rounding, the given eigenvalues."""
    values = np.asarray(eigenvalues, np.float64)
    rotation = np.linalg.qr(random.standard_normal((len(values), len(values))))[0]
    matrix = (rotation * values) @ rotation.T
    return np.asarray((matrix + matrix.T) / 2, np.float64)


def definite_matrix(random: np.random.Generator, n: int) -> _Matrix:
    """Draw a positive definite matrix of `n` rows, with eigenvalues from 1 to 100."""
    return with_eigenvalues(random, np.linspace(1, 100, n))


def with_entry(matrix: _Matrix, i: int, j: int, value: float) -> _Matrix:
    """Return a copy of a matrix in which one entry is another."""
    copy = matrix.copy()
    copy[i, j] = value
    return copy


def symmetric_examples(random: np.random.Generator, count: int) -> Iterator[tuple[str, _Matrix]]:
    """Give positive definite matrices by name: those at the edges, then random ones."""
    yield "2 × 2", np.array([[2.0, -1.0], [-1.0, 2.0]])
    yield "1 × 1", np.array([[0.1]])
    yield "diagonal, negative zeros", np.array([[1.0, -0.0], [0.0, 3.0]])
    yield "subnormal", np.array([[1e-310]])
    yield "barely definite", np.array([[1.0, 1 - 2.0**-40], [1 - 2.0**-40, 1.0]])
    yield "Hilbert, n = 6", np.array([[1 / (i + j + 1) for j in range(6)] for i in range(6)])
    yield "condition 1e12, n = 6", with_eigenvalues(random, np.geomspace(1, 1e-12, 6))
    scale = np.ldexp(1.0, np.array([-12, 0, 9, 3]))
    well = with_eigenvalues(random, [1, 2, 3, 4])
    yield "badly scaled, n = 4", well * scale[:, None] * scale[None, :]
    yield "n = 12", with_eigenvalues(random, np.linspace(1, 100, 12))
    yield "n = 30", with_eigenvalues(random, np.geomspace(1, 1e-3, 30))
    for index in range(count):
        n = int(random.integers(2, 9))
        values = np.geomspace(1, 10.0 ** -int(random.integers(0, 9)), n)
        matrix = with_eigenvalues(random, values * 10.0 ** int(random.integers(-9, 9)))
        yield f"random {index + 1}: n = {n}", matrix
