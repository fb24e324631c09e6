"""Sparse matrices in compressed rows, with NumPy alone: what linear programs are made of."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["SparseMatrix"]

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix of which the entries that are stored may be other than zero.

    Attributes
    ----------
    shape
        How many rows and columns.
    data
        float64 of shape (k,): the values, row after row.
    indices
        int64 of shape (k,): the column of each, ascending within a row.
    indptr
        int64 of shape (rows + 1,): where each row starts, and the last one ends.
    """

    shape: tuple[int, int]
    data: Doubles
    indices: Integers
    indptr: Integers

    @classmethod
    def from_dense(cls, matrix: Doubles) -> SparseMatrix:
        """Give what is not zero in a matrix, of shape (m, n)."""
        rows, columns = np.nonzero(matrix)
        return cls.from_entries(matrix.shape, rows, columns, matrix[rows, columns])

    @classmethod
    def from_entries(
        cls, shape: tuple[int, ...], rows: Integers, columns: Integers, values: Doubles
    ) -> SparseMatrix:
        """Give the matrix of entries in any order, one for each place at most."""
        m, n = shape
        order = np.lexsort((columns, rows))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=m))])
        return cls(
            (m, n),
            np.asarray(values[order], np.float64),
            np.asarray(columns[order], np.int64),
            indptr.astype(np.int64),
        )

    @property
    def entry_rows(self) -> Integers:
        """Give the row of each entry, of shape (k,)."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def times(self, x: Doubles) -> Doubles:
        """Multiply a vector of shape (n,)."""
        products = self.data * x[self.indices]
        return np.bincount(self.entry_rows, products, self.shape[0]).astype(np.float64)

    def transposed_times(self, y: Doubles) -> Doubles:
        """Multiply a vector of shape (m,) by the transposed matrix."""
        products = self.data * y[self.entry_rows]
        return np.bincount(self.indices, products, self.shape[1]).astype(np.float64)

    def dense(self) -> Doubles:
        """Give all entries, of shape (m, n)."""
        full = np.zeros(self.shape)
        full[self.entry_rows, self.indices] = self.data
        return full

    def row(self, i: int) -> list[tuple[int, float]]:
        """Give the columns and values of a row."""
        part = slice(int(self.indptr[i]), int(self.indptr[i + 1]))
        return list(zip(self.indices[part].tolist(), self.data[part].tolist(), strict=True))

    def rows(self) -> list[list[tuple[int, Fraction]]]:
        """Give the columns and exact values of each row that are not zero."""
        return [[(j, Fraction(a)) for j, a in self.row(i) if a] for i in range(self.shape[0])]
