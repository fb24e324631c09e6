"""The matrices of programs, as questions ask them: dense, or sparse in compressed rows (CSR)."""

from __future__ import annotations

from typing import Final

import numpy as np

from lpb_server.certificates.reading import doubles
from lpb_server.certificates.sparse import SparseMatrix
from lpb_server.errors import InvalidParams
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.finite import require_finite
from lpb_server.operations.question import ArrayMap
from lpb_server.operations.scaling import Dimensions
from lpb_server.wire.arrays import Array

__all__ = ["MATRIX_ARRAYS", "matrix_of", "row_count", "stored_entries"]

_DATA: Final = "matrix_data"
_INDICES: Final = "matrix_indices"
_STARTS: Final = "matrix_indptr"
_SPARSE: Final = (_DATA, _INDICES, _STARTS)

MATRIX_ARRAYS: Final = {
    "matrix": ArraySpec("f8", ("m", "n"), needed=False),
    _DATA: ArraySpec("f8", ("k",), needed=False, empty=True),
    _INDICES: ArraySpec("i8", ("k",), needed=False, empty=True),
    _STARTS: ArraySpec("i8", ("m + 1",), needed=False),
}
"""The arrays of a matrix: the first one, or the other three."""


def stored_entries(size: Dimensions) -> int:
    """Give how many entries a matrix stores, from the dimensions of a question."""
    return size["k"] if "k" in size else size["m"] * size["n"]


def row_count(arrays: ArrayMap, columns: int) -> int | None:
    """Give how many rows a matrix has; None when the arrays are none that Lean reads as one."""
    given = [name for name in MATRIX_ARRAYS if name in arrays]
    if given == ["matrix"]:
        matrix = arrays["matrix"]
        rows = len(matrix) if matrix.ndim else 0
        return None if doubles(matrix, rows, columns) is None else rows
    if given != list(_SPARSE):
        return None
    data, indices, starts = (arrays[name] for name in _SPARSE)
    integers = indices.dtype == np.int64 and starts.dtype == np.int64
    if data.dtype != np.float64 or not integers or data.ndim != 1 or starts.ndim != 1:
        return None
    return len(starts) - 1 if indices.shape == data.shape and len(starts) else None


def matrix_of(arrays: ArrayMap, columns: int) -> SparseMatrix:
    """Read the matrix of a question.

    Parameters
    ----------
    columns : int
        How many columns it must have.

    Raises
    ------
    InvalidParams
        When it is missing, is given twice, or the arrays of a sparse one are not those of a matrix
        with one entry for each place at most.
    """
    given = [name for name in _SPARSE if name in arrays]
    if "matrix" in arrays:
        if given:
            raise InvalidParams(
                f"the matrix is given twice, as matrix and by {given[0]}", {"array": given[0]}
            )
        require_finite(arrays, "matrix")
        return SparseMatrix.from_dense(arrays["matrix"])
    missing = [name for name in _SPARSE if name not in arrays]
    if missing:
        name = missing[0] if given else "matrix"
        instead = f"matrix, or {_DATA}, {_INDICES} and {_STARTS} of a sparse one"
        raise InvalidParams(f"{name} is missing: a matrix is given as {instead}", {"array": name})
    data, indices, starts = (arrays[name] for name in _SPARSE)
    require_finite(arrays, _DATA)
    _require_starts(starts, len(data))
    matrix = SparseMatrix((len(starts) - 1, columns), data, indices, starts)
    _require_columns(matrix)
    return matrix


def _require_starts(starts: Array, entries: int) -> None:
    def refuse(problem: str) -> None:
        raise InvalidParams(f"{_STARTS} {problem}", {"array": _STARTS})

    if len(starts) < 2:
        refuse("must have two elements at least: it has one more than there are rows")
    if starts[0] != 0:
        refuse(f"must begin with 0, not {starts[0]}")
    falling = np.flatnonzero(starts[1:] < starts[:-1])
    if falling.size:
        i = int(falling[0])
        refuse(f"decreases from {starts[i]} to {starts[i + 1]} at element {i + 1}")
    if starts[-1] != entries:
        refuse(f"must end with {entries}, how many entries {_DATA} has, not {starts[-1]}")


def _require_columns(matrix: SparseMatrix) -> None:
    indices, columns, rows = matrix.indices, matrix.shape[1], matrix.entry_rows

    def refuse(problem: str) -> None:
        raise InvalidParams(f"{_INDICES} {problem}", {"array": _INDICES})

    beyond = np.flatnonzero((indices < 0) | (indices >= columns))
    if beyond.size:
        k = int(beyond[0])
        refuse(f"has {indices[k]} at element {k}, which is no column: there are {columns}")
    unordered = np.flatnonzero((indices[1:] <= indices[:-1]) & (rows[1:] == rows[:-1]))
    if unordered.size:
        k = int(unordered[0])
        if indices[k] == indices[k + 1]:
            refuse(f"has column {indices[k]} twice in row {rows[k]}")
        refuse(
            f"must ascend within each row; row {rows[k]} has {indices[k + 1]} after {indices[k]}"
        )
