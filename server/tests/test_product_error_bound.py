"""Certificates of products of matrices: exact integers, layouts, and the operations on top."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.exact_products import exact_products, integers_of
from lpb_server.certificates.exponents import ExponentRange
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.certificates.product_layout import ProductLayout
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Operation, Question, default_registry
from lpb_server.operations.answering import answer_here

Matrix = npt.NDArray[np.float64]
OPERATIONS = ["dot", "matvec", "matmul"]
TINY = 5e-324


def found(name: str) -> Operation:
    return default_registry().find(name)


def scattered(random: np.random.Generator, shape: tuple[int, int], spread: int) -> Matrix:
    exponents = random.integers(-spread, spread + 1, shape)
    return np.ldexp(random.standard_normal(shape), exponents)


def largest_error(left: Matrix, right: Matrix, product: Matrix) -> Fraction:
    """The largest error of an entry, by fractions."""
    return max(
        abs(
            Fraction(product[i, j])
            - sum(Fraction(x) * Fraction(y) for x, y in zip(row, column, strict=True))
        )
        for i, row in enumerate(left.tolist())
        for j, column in enumerate(right.T.tolist())
    )


@pytest.mark.parametrize("spread", [0, 3, 60, 500])
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (5, 1, 2), (3, 7, 1)])
def test_the_bound_is_the_largest_error_rounded_up(
    shape: tuple[int, int, int], spread: int
) -> None:
    random = np.random.default_rng(spread)
    rows, inner, columns = shape
    left, right = (scattered(random, size, spread) for size in ((rows, inner), (inner, columns)))
    right[0, 0] = 0.0
    product = left @ right
    bound: Any = product_error_bound(left, right, product)["error_bound"]
    error = largest_error(left, right, product)
    assert error <= Fraction(bound)
    assert error > Fraction(math.nextafter(bound, -math.inf)) or bound == 0.0


def test_exact_products_are_those_of_the_integers() -> None:
    random = np.random.default_rng(3)
    left = random.integers(-(1 << 62), 1 << 62, (4, 5)).astype(object) ** 3
    right = random.integers(-(1 << 62), 1 << 62, (5, 7)).astype(object)
    assert (exact_products(left, right) == left @ right).all()
    none = np.zeros((2, 2), dtype=object)
    assert (exact_products(none, none) == none).all()


def test_integers_of_doubles_are_exact() -> None:
    values = np.array([[0.0, -0.0, 1.5], [TINY, -3 * TINY, 1e308]])
    integers, unit = integers_of(values)
    expected = [Fraction(x) * 2**unit for x in values.ravel().tolist()]
    assert integers.ravel().tolist() == expected
    huge, unit = integers_of(np.array([1e300]))
    assert Fraction(int(huge[0])) == Fraction(1e300) * Fraction(2) ** unit


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, -0.0], (0, 2)),
        ([1.0], (1022, 1024)),
        ([1.0, -4.0, 0.0], (1022, 1026)),
        ([TINY], (0, 2)),
        ([2.3e-308], (0, 2)),
        ([1.7e308], (2045, 2047)),
    ],
)
def test_ranges_hold_what_they_are_of(values: list[float], expected: tuple[int, int]) -> None:
    found = ExponentRange.of(np.array(values))
    assert (found.low, found.high) == expected
    assert found.valid
    assert found.holds(np.array(values))
    assert not found.holds(np.array([math.inf]))
    assert not found.holds(np.array([math.nan]))
    if any(values):
        assert not ExponentRange(found.low + 1, found.high + 1).holds(np.array(values))


def test_a_layout_is_the_narrowest_that_fits() -> None:
    random = np.random.default_rng(5)
    left, right = scattered(random, (3, 300), 9), scattered(random, (300, 2), 9)
    layout = ProductLayout.of(left, right, left @ right, ragged=False)
    assert layout.fits(left.shape[1])
    assert 300 % layout.block == 0
    narrower = ProductLayout(
        layout.words - 1, layout.block, layout.left, layout.right, layout.product
    )
    assert not narrower.fits(left.shape[1])
    assert ProductLayout.of_values(layout.values()) == layout
    values = layout.values()
    others: list[Any] = [None, [], values[:-1], [1.0, *values[1:]], [-1] * 8]
    assert [ProductLayout.of_values(other) for other in others] == [None] * 5


@pytest.mark.parametrize("inner", [1, 97, 127, 128, 129, 131, 256])
def test_rows_of_every_length_are_cut(inner: int) -> None:
    ones = np.ones((2, inner))
    entries = product_error_bound(ones, ones.T, ones @ ones.T)
    assert check_product(ones, ones.T, ones @ ones.T, {"kind": "any", **entries})


def test_a_bound_that_is_not_finite_is_no_certificate() -> None:
    left, right = np.full((1, 4), 1e200), np.full((4, 1), 1e200)
    with pytest.raises(Uncertifiable, match="the error bound is not finite"):
        product_error_bound(left, right, np.array([[0.0]]))


@pytest.mark.parametrize("name", OPERATIONS)
def test_examples_hold_and_lies_do_not(name: str) -> None:
    assert_only_truth_holds(found(name), 11, 4)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_answer_to_what_is_no_question_does_not_hold(name: str) -> None:
    item = found(name)
    assert item.examples is not None
    assert item.certificate is not None
    assert item.certificate.check is not None
    asked = next(iter(item.examples(np.random.default_rng(1), 0))).question
    answer = answer_here(item, asked)
    first, second = asked.arrays
    left, right = asked.arrays[first], asked.arrays[second]
    for arrays in (
        {first: left},
        {first: left, second: right.astype(np.float32)},
        {first: left, second: right[:-1]},
        {first: left[..., np.newaxis], second: right},
    ):
        assert not item.certificate.check(Question({}, arrays), answer)


def question(name: str, left: Any, right: Any) -> Question:
    arrays = found(name).arrays
    assert arrays is not None
    return Question({}, dict(zip(arrays, (np.array(left), np.array(right)), strict=True)))


@pytest.mark.parametrize(
    ("name", "left", "right", "words"),
    [
        ("dot", [1.0], [1.0, 2.0], "where k is 1"),
        ("dot", [], [], "at least one element"),
        ("dot", [[1.0]], [1.0], "must have 1 dimension"),
        ("dot", [1], [1], "must have dtype f8"),
        ("matvec", [[1.0, 2.0]], [1.0], "where k is 2"),
        ("matvec", [[1.0]], [[1.0]], "must have 1 dimension"),
        ("matmul", [[1.0, 2.0]], [[1.0, 2.0]], "where k is 2"),
        ("matmul", np.zeros((0, 2)), np.zeros((2, 1)), "at least one element"),
        ("matmul", [[1.0, math.nan]], [[1.0], [2.0]], "left operand has an entry that is not"),
        ("matvec", [[1.0]], [-math.inf], "right operand has an entry that is not finite"),
        ("dot", [1e200], [1e200], "computed product has an entry that is not finite"),
    ],
)
def test_what_cannot_be_certified_is_refused_with_the_reason(
    name: str, left: Any, right: Any, words: str
) -> None:
    expected = Uncertifiable if "not" in words else InvalidParams
    with pytest.raises(expected, match=words):
        answer_here(found(name), question(name, left, right))


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_overflows_is_answered_without_a_certificate(name: str) -> None:
    asked = question(
        name,
        *{"dot": ([1e200], [1e200]), "matvec": ([[1e200]], [1e200])}.get(
            name, ([[1e200]], [[1e200]])
        ),
    )
    outcome = found(name).function({}, asked.arrays)
    values = [*outcome.result.values(), *(array.item() for array in outcome.arrays.values())]
    assert values == [math.inf]
