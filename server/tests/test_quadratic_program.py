"""`quadratic_program`: right answers, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.exact_linear import solve_near
from lpb_server.certificates.semidefinite import semidefinite
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

pytest.importorskip("clarabel")

OPERATION = default_registry().find("quadratic_program")


def answer(**arrays: Any) -> Answer:
    return answer_here(OPERATION, Question({}, {k: np.array(v, float) for k, v in arrays.items()}))


def test_the_optimum_of_a_known_program() -> None:
    # Half the squared distance from (2, 0), on the line x + y = 1 with both at most 1.
    found = answer(
        quadratic=[[1, 0], [0, 1]],
        cost=[-2, 0],
        matrix=[[1, 1]],
        row_lower=[1],
        row_upper=[1],
        upper=[1, 1],
    )
    assert found.arrays["solution"] == pytest.approx([1, 0], abs=1e-8)
    assert found.result["objective"] == pytest.approx(-1.5, abs=1e-8)
    assert 0 <= found.certificate["gap"] < 1e-8  # type: ignore[operator]


def test_a_singular_matrix_is_convex_exactly() -> None:
    found = answer(
        quadratic=[[1, -1], [-1, 1]], cost=[0, 0.1], matrix=[[1, 1]], lower=[-1, -1], upper=[3, 3]
    )
    assert found.arrays["solution"] == pytest.approx([-1, -1], abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quadratic": [[1, 2], [3, 4]]}, "the matrix is not symmetric"),
        ({"quadratic": [[1, np.nan], [np.nan, 4]]}, "an element of the matrix is not finite"),
        ({"cost": [np.inf, 0]}, "an element of cost is not finite"),
        ({"lower": [1, 0], "upper": [0, 1]}, "element 0 of lower exceeds that of upper"),
        ({"row_upper": [-1], "lower": [0, 0]}, "nothing is within all bounds"),
        ({"quadratic": [[0, 0], [0, 1]], "cost": [-1, 0]}, "has no minimum within the bounds"),
    ],
)
def test_programs_that_cannot_be_meant(changes: dict[str, Any], words: str) -> None:
    program = {"quadratic": [[1, 0], [0, 1]], "cost": [1, 1], "matrix": [[1, 1]]}
    with pytest.raises(InvalidParams, match=words):
        answer(**{**program, **changes})


def test_a_function_that_is_not_convex_has_no_certificate() -> None:
    with pytest.raises((Uncertifiable, InvalidParams)):
        answer(
            quadratic=[[1, 0], [0, -1e-9]], cost=[0, 0], matrix=[[1, 1]], lower=[0, 0], upper=[1, 1]
        )


@pytest.mark.parametrize("seed", range(8))
def test_semidefinite_matrices_of_all_ranks(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, rank = int(random.integers(1, 9)), int(random.integers(0, 9))
    rows = random.integers(-9, 10, (rank, n)).astype(object)
    matrix = rows.T.dot(rows) if rank else np.zeros((n, n), object)
    found = semidefinite(matrix)
    assert found is not None
    assert found.holds(matrix)
    lower = matrix.copy()
    lower[0, 0] -= matrix[0, 0] + 1
    assert semidefinite(lower) is None


def test_equations_of_any_rank() -> None:
    from fractions import Fraction as F

    matrix = [[F(1), F(2), F(0)], [F(2), F(4), F(0)]]
    assert solve_near(matrix, [F(3), F(6)], [F(0), F(1, 2), F(7)]) == [F(2), F(1, 2), F(7)]
    assert solve_near(matrix, [F(3), F(7)], [F(0)] * 3) is None


@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(seed: int) -> None:
    assert_only_truth_holds(OPERATION, seed, 3)


def test_without_clarabel_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpb_server.operations.clarabel.has_clarabel", lambda: False)
    with pytest.raises(InvalidParams, match=r"needs Clarabel: pip install .*\[clarabel\]"):
        answer(quadratic=[[1]], cost=[1], matrix=[[1]])
