"""Sparse matrices of SciPy as arrays that operations take; SciPy itself is not imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from lpb_server.models.description import UnknownModelError, type_name
from lpb_server.wire.arrays import Array

__all__ = ["csr_arrays"]


def csr_arrays(name: str, matrix: Any) -> dict[str, Array]:
    """Turn a sparse matrix into the arrays of compressed sparse rows.

    Parameters
    ----------
    name : str
        What the operation calls the matrix.
    matrix : object
        A sparse matrix or array of SciPy's with two dimensions, in any format: COO, CSR, CSC, DIA,
        …. It is left as it is. Entries for one place are added, as SciPy adds them, in its dtype.

    Returns
    -------
    dict of str to ndarray
        ``{name}_data``, float64 of shape (k,); ``{name}_indices``, int64 of shape (k,), ascending
        within each row; ``{name}_indptr``, int64 of shape (rows + 1,).

    Raises
    ------
    UnknownModelError
        When it is no sparse matrix, or its numbers are not doubles exactly.

    Examples
    --------
    >>> from scipy.sparse import coo_array
    >>> found = csr_arrays("matrix", coo_array([[0.0, 2.0], [3.0, 0.0]]))
    >>> found["matrix_indices"].tolist(), found["matrix_indptr"].tolist()
    ([1, 0], [0, 1, 2])
    """
    if not hasattr(matrix, "tocsr") or len(matrix.shape) != 2:
        raise UnknownModelError(f"{type_name(matrix)} is no sparse matrix of SciPy's")
    rows = matrix.tocsr(copy=True)
    rows.sum_duplicates()
    if rows.data.dtype.kind not in "fiub":
        raise UnknownModelError(f"a matrix of {rows.data.dtype} is none of real numbers")
    data = np.asarray(rows.data.astype(np.float64))
    finite = np.isfinite(data)
    if not bool((data[finite].astype(rows.data.dtype) == rows.data[finite]).all()):
        raise UnknownModelError(f"an entry of {rows.data.dtype} is no double exactly")
    return {
        f"{name}_data": data,
        f"{name}_indices": rows.indices.astype(np.int64),
        f"{name}_indptr": rows.indptr.astype(np.int64),
    }
