"""`polynomial_nonnegative`: right answers, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

pytest.importorskip("clarabel")

OPERATION = default_registry().find("polynomial_nonnegative")


def question(*terms: tuple[tuple[int, ...], float]) -> Question:
    exponents, coefficients = zip(*terms, strict=True)
    arrays: dict[str, Any] = {
        "exponents": np.array(exponents, np.int64),
        "coefficients": np.array(coefficients, np.float64),
    }
    return Question({}, arrays)


def answer(*terms: tuple[tuple[int, ...], float]) -> Answer:
    return answer_here(OPERATION, question(*terms))


def test_a_square_with_zeros_is_written_exactly() -> None:
    found = answer(((2, 0), 1.0), ((1, 1), -2.0), ((0, 2), 1.0))
    assert found.result == {"nonnegative": True}
    assert found.certificate_arrays["monomials"].tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    "terms",
    [
        (((2,), 1.0), ((1,), -1.0), ((0,), 0.25 - 1e-9)),
        (((3,), 1.0),),
        (((0,), -1.0),),
        (((1, 1), 1.0),),
        # Motzkin's polynomial: nowhere negative, but no sum of squares.
        (((4, 2), 1.0), ((2, 4), 1.0), ((2, 2), -3.0), ((0, 0), 1.0)),
    ],
)
def test_what_is_no_sum_of_squares_has_no_certificate(
    terms: tuple[tuple[tuple[int, ...], float], ...],
) -> None:
    assert OPERATION.function({}, question(*terms).arrays).result == {"nonnegative": None}
    with pytest.raises(Uncertifiable, match="no sum of squares was found"):
        answer(*terms)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (((-2,), 1.0), "an exponent is negative"),
        (((65536,), 1.0), "an exponent is negative, or not less than 65536"),
        (((2,), np.nan), "a coefficient is not finite"),
    ],
)
def test_polynomials_that_cannot_be_meant(term: tuple[tuple[int, ...], float], words: str) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer(term, ((0,), 1.0))


def test_a_polynomial_of_a_high_degree_is_refused_at_once() -> None:
    with pytest.raises(Uncertifiable):
        answer(((60000, 0), 1.0), ((0, 60000), 1.0), ((0, 0), 1.0))


@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(seed: int) -> None:
    assert_only_truth_holds(OPERATION, seed, 3)
