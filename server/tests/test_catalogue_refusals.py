"""What `sort`, `top_k` and `standardize` cannot answer is refused with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lpb_server.errors import InvalidParams
from lpb_server.operations import Question, default_registry
from lpb_server.operations.answering import answer_here


def answer(name: str, params: dict[str, Any], **arrays: Any) -> Any:
    return answer_here(default_registry().find(name), Question(params, arrays))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_no_place(bad: float) -> None:
    values = np.array([1.0, bad, 2.0])
    with pytest.raises(InvalidParams, match="not finite"):
        answer("sort", {}, values=values)
    with pytest.raises(InvalidParams, match="not finite"):
        answer("top_k", {"k": 1}, values=values)
    with pytest.raises(InvalidParams, match="not finite"):
        answer("standardize", {}, matrix=values.reshape(3, 1))


def test_no_more_elements_than_there_are() -> None:
    with pytest.raises(InvalidParams, match="there are 3 elements, and k asks for 4"):
        answer("top_k", {"k": 4}, values=np.ones(3))


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.ones((1, 2)), "at least two"),
        (np.array([[1.0, 5.0], [2.0, 5.0]]), "column 1 is constant"),
        (np.array([[1e308], [-1e308]]), "column 0 is too large or too small"),
        (np.array([[1e-200], [-1e-200]]), "column 0 is too large or too small"),
    ],
)
def test_columns_without_a_deviation(matrix: Any, words: str) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer("standardize", {}, matrix=matrix)


def test_equal_elements_keep_their_order() -> None:
    values = np.array([0.0, -0.0, -1.0, 0.0])
    in_order = answer("sort", {}, values=values).arrays["sorted"]
    assert np.signbit(in_order).tolist() == [True, False, True, False]
    top = answer("top_k", {"k": 2}, values=values)
    assert top.arrays["indices"].tolist() == [0, 1]


def test_standardized_columns() -> None:
    matrix = np.array([[1.0, -4.0], [3.0, 4.0]])
    standardized = answer("standardize", {}, matrix=matrix)
    assert standardized.arrays["mean"].tolist() == [2.0, 0.0]
    assert standardized.arrays["scale"].tolist() == [1.0, 4.0]
    assert standardized.arrays["standardized"].tolist() == [[-1.0, -1.0], [1.0, 1.0]]
    assert not any(bounds.any() for bounds in standardized.certificate_arrays.values())
