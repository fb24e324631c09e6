"""Sparse linear programs: what they mean, what is refused, and what is short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lpb_server.certificates.independent_columns import independent_columns
from lpb_server.certificates.sparse import SparseMatrix
from lpb_server.errors import InvalidParams
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.operations.linear_program_examples import lies, random_program
from lpb_server.operations.sparse_programs import (
    random_sparse_program,
    small_sparse_programs,
    sparse_arrays,
)

OPERATION = default_registry().find("linear_program")
GOOD: dict[str, Any] = {
    "cost": np.array([1.0, 1.0, 1.0]),
    "matrix_data": np.array([1.0, 2.0, 3.0]),
    "matrix_indices": np.array([0, 2, 1]),
    "matrix_indptr": np.array([0, 2, 2, 3]),
    "lower": np.zeros(3),
}


def answer(arrays: dict[str, Any]) -> Answer:
    pytest.importorskip("scipy")
    return answer_here(OPERATION, Question({}, arrays))


def holds(arrays: dict[str, Any], found: Answer) -> bool:
    assert OPERATION.certificate is not None
    check = OPERATION.certificate.check
    assert check is not None
    return check(Question({}, arrays), found)


def test_both_forms_have_one_answer() -> None:
    arrays = random_program(np.random.default_rng(3), 12, 18)
    full = answer(arrays)
    sparse = {**arrays, **sparse_arrays(SparseMatrix.from_dense(arrays["matrix"]))}
    del sparse["matrix"]
    assert answer(sparse).result == full.result
    assert holds(sparse, full)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"matrix_data": [1.0, np.nan, 3.0]}, "element of matrix_data is not finite"),
        ({"matrix_data": [1.0, 2.0]}, "array 'matrix_indices' must have shape"),
        ({"matrix_indices": [0, 3, 1]}, "3 at element 1, which is no column: there are 3"),
        ({"matrix_indices": [-1, 2, 1]}, "-1 at element 0, which is no column"),
        ({"matrix_indices": [2, 2, 1]}, "column 2 twice in row 0"),
        ({"matrix_indices": [2, 0, 1]}, "must ascend within each row"),
        ({"matrix_indices": [0.0, 2.0, 1.0]}, "'matrix_indices' must have dtype i8"),
        ({"matrix_indptr": [0, 2, 1, 3]}, "decreases from 2 to 1 at element 2"),
        ({"matrix_indptr": [1, 2, 2, 3]}, "must begin with 0"),
        ({"matrix_indptr": [0, 2, 2, 2]}, "must end with 3"),
        ({"matrix_indptr": [0, 2, 2, 4]}, "must end with 3"),
        ({"matrix_indptr": [0]}, "two elements at least"),
        ({"matrix_indptr": None}, "matrix_indptr is missing"),
        ({"matrix": np.ones((3, 3))}, "the matrix is given twice"),
        ({"row_upper": [1.0]}, "row_upper must have 3 elements, one for each row, not 1"),
    ],
)
def test_what_is_no_sparse_matrix(changes: dict[str, Any], words: str) -> None:
    honest = answer(GOOD)
    changed = {**GOOD, **changes}
    arrays = {name: np.array(value) for name, value in changed.items() if value is not None}
    with pytest.raises(InvalidParams, match=words):
        answer(arrays)
    assert not holds(arrays, honest)


def test_without_a_matrix() -> None:
    with pytest.raises(InvalidParams, match="matrix is missing: a matrix is given as matrix, or"):
        answer({"cost": np.ones(1)})


def test_answers_of_other_matrices_are_among_the_lies() -> None:
    _, arrays = next(iter(small_sparse_programs()))
    told = lies(Question({}, arrays), answer(arrays))
    assert {
        "the answer of a program without an entry of row 0",
        "the answer of a program with an entry of row 0 in the next column",
        "the answer of a program in which row 0 ends one entry earlier",
    } <= set(told)


def test_certificates_of_large_programs_are_short() -> None:
    arrays = random_sparse_program(np.random.default_rng(4), 250, 400, 1500)
    found = answer(arrays)
    gap, objective = found.certificate["gap"], found.result["objective"]
    assert isinstance(gap, float)
    assert isinstance(objective, float)
    assert 0 < gap < 1e-7 * abs(objective)
    assert max(array.shape[1] for array in found.certificate_arrays.values()) < 20
    assert holds(arrays, found)


@pytest.mark.parametrize("status", ["infeasible", "unbounded"])
def test_large_programs_without_an_optimum(status: str) -> None:
    arrays = random_sparse_program(np.random.default_rng(5), 250, 400, 1500)
    if status == "infeasible":
        arrays["row_lower"], arrays["row_upper"] = np.full(250, -np.inf), np.full(250, -1e6)
    else:
        columns = np.setdiff1d(np.arange(400), arrays["matrix_indices"])
        arrays["cost"][columns[:1]], arrays["upper"][columns[:1]] = -1.0, np.inf
        assert columns.size
    found = answer(arrays)
    assert found.result["status"] == status
    assert holds(arrays, found)


def test_both_ways_of_choosing_columns_agree() -> None:
    arrays = random_sparse_program(np.random.default_rng(6), 40, 60, 100)
    matrix = SparseMatrix(
        (40, 60), *(arrays[f"matrix_{name}"] for name in ("data", "indices", "indptr"))
    )
    order = np.random.default_rng(7).permutation(100).tolist()
    full = np.hstack([matrix.dense(), -np.eye(40)])
    taken = independent_columns(matrix, order)
    greedy: list[int] = []
    for column in order:
        if np.linalg.matrix_rank(full[:, [*greedy, column]]) > len(greedy):
            greedy.append(column)
    assert taken == greedy
