"""`csr_arrays`: SciPy's sparse matrices of every format, as arrays."""

from __future__ import annotations

import subprocess
import sys

import lean_python_bridge as lpb
import numpy as np
import pytest
from lpb_server.models import UnknownModelError, csr_arrays

DENSE = np.array([[0.0, 2.5, 0.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 1 / 3]])


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "dia", "lil", "dok", "bsr"])
def test_every_format_gives_the_same_rows(form: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    found = csr_arrays("matrix", sparse.coo_array(DENSE).asformat(form))
    rebuilt = sparse.csr_array(tuple(found.values()), shape=DENSE.shape).toarray()
    assert (rebuilt == DENSE).all()
    assert list(found) == ["matrix_data", "matrix_indices", "matrix_indptr"]
    assert [array.dtype for array in found.values()] == [np.float64, np.int64, np.int64]


def test_entries_for_one_place_are_added_and_the_matrix_is_left_alone() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    twice = sparse.csr_array(([1.0, 2.0, 4.0], [1, 0, 1], [0, 3]), shape=(1, 2))
    found = csr_arrays("A", twice)
    assert found["A_data"].tolist() == [2.0, 5.0]
    assert found["A_indices"].tolist() == [0, 1]
    assert twice.data.tolist() == [1.0, 2.0, 4.0]


def test_integers_are_taken_when_they_are_doubles() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    assert csr_arrays("A", sparse.eye_array(2, dtype=np.int32))["A_data"].tolist() == [1.0, 1.0]
    with pytest.raises(UnknownModelError, match="no double exactly"):
        csr_arrays("A", sparse.coo_array([[2**53 + 1]]))
    with pytest.raises(UnknownModelError, match="none of real numbers"):
        csr_arrays("A", sparse.coo_array([[1j]]))


@pytest.mark.parametrize("matrix", [DENSE, [[1.0]], None])
def test_what_is_no_sparse_matrix(matrix: object) -> None:
    with pytest.raises(UnknownModelError, match="no sparse matrix of SciPy's"):
        csr_arrays("A", matrix)


def test_it_answers_a_linear_program() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    bounds = {"row_upper": np.array([1.0, 1.0, 2.0]), "lower": np.zeros(3), "upper": np.ones(3)}
    cost = np.array([1.0, -1.0, -1.0])
    arrays = {"cost": cost, **bounds, **lpb.csr_arrays("matrix", sparse.coo_array(DENSE))}
    answer = lpb.certified("linear_program", arrays=arrays)
    full = lpb.certified("linear_program", arrays={"cost": cost, "matrix": DENSE, **bounds})
    assert answer.result == full.result
    assert answer.certificate == full.certificate


def test_scipy_is_not_imported() -> None:
    code = "import sys, lean_python_bridge as lpb; lpb.csr_arrays; print('scipy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
