"""Independent columns of a matrix beside the identity, in double precision: bases of programs."""

from __future__ import annotations

from typing import Final

import numpy as np

from lpb_server.certificates.sparse import SparseMatrix

__all__ = ["independent_columns"]

_PIVOT: Final = 1e-9
_LEAST_SHARE: Final = 0.1
"""Of the largest possible pivot: a smaller one is not taken, however few entries its row has."""
_NOTHING: Final = 1e-14
_SPARSE: Final = 0.1
"""The share of entries that are stored, below which elimination with dictionaries is the faster."""


def independent_columns(matrix: SparseMatrix, order: list[int]) -> list[int]:
    """Take the first independent columns of ``[matrix, -identity]``, in an order.

    Parameters
    ----------
    matrix
        Of shape (m, n).
    order : list of int
        All of the n + m columns.

    Returns
    -------
    list of int
        m of them.
    """
    m, n = matrix.shape
    if len(matrix.data) > _SPARSE * m * n:
        return _by_rows_of_numbers(matrix, order)
    return _by_entries(matrix, order)


def _row_sizes(matrix: SparseMatrix) -> list[float]:
    sizes = np.full(matrix.shape[0], 1e-300)
    np.maximum.at(sizes, matrix.entry_rows, np.abs(matrix.data))
    found: list[float] = sizes.tolist()
    return found


def _by_rows_of_numbers(matrix: SparseMatrix, order: list[int]) -> list[int]:
    m, _ = matrix.shape
    work = np.hstack([matrix.dense() / np.array(_row_sizes(matrix))[:, None], -np.eye(m)])
    left = np.ones(m, bool)
    taken: list[int] = []
    for column in order:
        if len(taken) == m:
            break
        candidates = np.where(left, np.abs(work[:, column]), 0.0)
        pivot = int(candidates.argmax())
        if candidates[pivot] <= _PIVOT:
            continue
        factors = work[:, column] / work[pivot, column]
        factors[~left] = 0.0
        factors[pivot] = 0.0
        work -= np.outer(factors, work[pivot])
        left[pivot] = False
        taken.append(column)
    return taken


def _by_entries(matrix: SparseMatrix, order: list[int]) -> list[int]:
    """Eliminate entry by entry; a column that was looked at is dropped, and so is its pivot row."""
    m, n = matrix.shape
    rows: list[dict[int, float]] = []
    places: list[set[int]] = [set() for _ in range(n + m)]
    for i, size in enumerate(_row_sizes(matrix)):
        row = {j: a / size for j, a in matrix.row(i) if a}
        row[n + i] = -1.0
        rows.append(row)
        for j in row:
            places[j].add(i)
    taken: list[int] = []
    for column in order:
        if len(taken) == m:
            break
        entries = {i: rows[i].pop(column) for i in places[column]}
        largest = max(map(abs, entries.values()), default=0.0)
        if largest <= _PIVOT:
            continue
        fit = [i for i, a in entries.items() if abs(a) >= _LEAST_SHARE * largest]
        pivot = min(fit, key=lambda i: (len(rows[i]), i))
        taken.append(column)
        for j in rows[pivot]:
            places[j].discard(pivot)
        for i, a in entries.items():
            if i != pivot:
                _subtract(rows[i], a / entries[pivot], rows[pivot], places, i)
    return taken


def _subtract(
    row: dict[int, float],
    factor: float,
    other: dict[int, float],
    places: list[set[int]],
    i: int,
) -> None:
    """Subtract a row from row `i`, and keep the places of its entries."""
    for j, a in other.items():
        value = row.get(j, 0.0) - factor * a
        if abs(value) > _NOTHING:
            row[j] = value
            places[j].add(i)
        elif row.pop(j, None) is not None:
            places[j].discard(i)
