"""Sparse linear programs worth asking, and matrices that are nearly those of a question."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.sparse import SparseMatrix
from lpb_server.wire.arrays import Array

__all__ = [
    "SPARSE_NAMES",
    "changed_matrices",
    "random_sparse_program",
    "small_sparse_programs",
    "sparse_arrays",
]

SPARSE_NAMES: Final = ("matrix_data", "matrix_indices", "matrix_indptr")
"""What the arrays of a sparse matrix are called."""

_HIGHEST: Final = 1000.0


def sparse_arrays(matrix: SparseMatrix) -> dict[str, Array]:
    """Give the arrays of a matrix as a question has them."""
    return dict(zip(SPARSE_NAMES, (matrix.data, matrix.indices, matrix.indptr), strict=True))


def random_sparse_program(
    random: np.random.Generator, m: int, n: int, entries: int
) -> dict[str, Array]:
    """Draw a program that has an optimum, with about so many entries, at least one in each row.

    It has equations, whose coefficients have few bits, slack rows, and decimal numbers.
    """
    places = np.unique(
        np.concatenate(
            [
                np.arange(m) * n + random.integers(n, size=m),
                random.integers(m * n, size=max(entries - m, 0)),
            ]
        )
    )
    rows, columns = places // n, places % n
    equal = random.random(m) < 0.3
    values = random.integers(1, 999, len(places)) * random.choice([-1, 1], len(places))
    divided = values / np.where(equal[rows], 128.0, 100.0)
    matrix = SparseMatrix.from_entries((m, n), rows, columns, divided)
    inside = np.where(random.random(n) < 0.6, random.integers(1, 400, n) / 8.0, 0.0)
    sides = matrix.times(inside)
    room = np.where(random.random(m) < 0.5, random.integers(1, 99, m) / 4.0, 1e-3)
    multipliers = np.where(random.random(m) < 0.6, -random.random(m), 0.0)
    cost = matrix.transposed_times(multipliers) + np.where(inside > 0, 0.0, random.random(n))
    return {
        "cost": np.round(cost, 3) + 0.001,
        **sparse_arrays(matrix),
        "row_lower": np.where(equal, sides, -math.inf),
        "row_upper": np.where(equal, sides, sides + room),
        "lower": np.zeros(n),
        "upper": np.full(n, _HIGHEST),
    }


def small_sparse_programs() -> Iterable[tuple[str, dict[str, Array]]]:
    """Give sparse programs at the edges, by what is special about each."""
    for name, matrix, arrays in _small():
        full = SparseMatrix.from_dense(np.array(matrix, float))
        others = {key: np.array(value, float) for key, value in arrays.items()}
        yield name, {**sparse_arrays(full), **others}


def _small() -> Iterable[tuple[str, list[list[float]], dict[str, list[float]]]]:
    inf = math.inf
    yield (
        "an empty row and an empty column",
        [[0.1, 0.0, 0.7, 0.0], [0.0] * 4, [0.0, 0.0, 1 / 3, -0.5], [-0.2, 0.0, 0.0, 0.0]],
        {
            "cost": [-1.0, 0.3, -1.1, -0.7],
            "row_lower": [-inf, -1.0, -inf, -3.0],
            "row_upper": [5.0, 0.0, 2.0, inf],
            "lower": [0.0, -2.0, 0.0, 0.0],
            "upper": [inf, 9.0, 8.0, 4.0],
        },
    )
    yield "one entry", [[0.3]], {"cost": [0.1], "row_lower": [0.7]}
    yield (
        "no entries",
        [[0.0, 0.0]],
        {"cost": [1.0, -0.1], "row_upper": [0.0], "lower": [0.5, 0.0], "upper": [1.0, 0.3]},
    )
    yield (
        "infeasible",
        [[0.0, 1.0, 0.3, 0.0], [0.5, 0.0, 0.0, 0.0], [0.0, -1.0, -0.3, 0.0]],
        {"cost": [1.0, 1.0, 0.0, 2.0], "row_upper": [1.0, 3.0, -1.1]},
    )
    yield (
        "an empty row that asks for more",
        [[0.0], [2.0]],
        {"cost": [1.0], "row_lower": [0.1, 0.0]},
    )
    yield (
        "unbounded",
        [[0.0, 1.0, -0.7], [0.25, 0.0, 0.0]],
        {"cost": [0.0, -1.0, 0.1], "row_upper": [2.0, 1.0], "lower": [0.0] * 3},
    )


def changed_matrices(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Give questions with a matrix that is nearly the same, by how it differs."""
    data, indices, starts = (arrays[name] for name in SPARSE_NAMES)
    columns, rows = len(arrays["cost"]), np.diff(starts)

    def asking(data: Array, indices: Array, starts: Array) -> dict[str, Any]:
        found = zip(SPARSE_NAMES, (data, indices, starts), strict=True)
        return {**arrays, **dict(found)}

    found = {}
    for i in np.flatnonzero(rows)[:2].tolist():
        last = int(starts[i + 1]) - 1
        fewer = starts - (np.arange(len(starts)) > i)
        found[f"a program without an entry of row {i}"] = asking(
            np.delete(data, last), np.delete(indices, last), fewer
        )
        if indices[last] + 1 < columns:
            found[f"a program with an entry of row {i} in the next column"] = asking(
                data, _moved(indices, last), starts
            )
    for i in np.flatnonzero(rows[:-1])[:2].tolist():
        if not rows[i + 1] or indices[starts[i + 1] - 1] < indices[starts[i + 1]]:
            earlier = starts - (np.arange(len(starts)) == i + 1)
            found[f"a program in which row {i} ends one entry earlier"] = asking(
                data, indices, earlier
            )
    return found


def _moved(indices: npt.NDArray[Any], k: int) -> Array:
    moved = indices.copy()
    moved[k] += 1
    return moved
