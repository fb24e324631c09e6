"""The certificate of a sum, against `fractions.Fraction`, which is slow and obviously exact."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lpb_server.certificates import sum_error_bound
from lpb_server.certificates.exact import (
    UNIT_EXPONENT,
    exact_integer,
    exact_sums,
    nearest_double,
    upper_double,
)
from lpb_server.errors import Uncertifiable

finite = st.floats(allow_nan=False, allow_infinity=False)
LARGEST = float.fromhex("0x1.fffffffffffffp+1023")
TINY = 5e-324


def matrix(*numbers: float) -> Any:
    return np.array([numbers], np.float64)


@given(st.lists(finite, min_size=1, max_size=50))
@example([LARGEST, LARGEST, -LARGEST])
@example([TINY, -TINY, TINY])
@example([2.2250738585072014e-308, 2.225073858507201e-308])
@example([-0.0])
def test_exact_sums(numbers: list[float]) -> None:
    total, magnitude = exact_sums(np.array(numbers))
    assert Fraction(total, 1 << UNIT_EXPONENT) == sum(map(Fraction, numbers))
    assert Fraction(magnitude, 1 << UNIT_EXPONENT) == sum(abs(Fraction(x)) for x in numbers)


def test_exact_sums_of_many_equal_mantissas() -> None:
    numbers = np.full(100_000, np.nextafter(2.0, 0.0))
    total, magnitude = exact_sums(numbers)
    assert total == magnitude == 100_000 * exact_integer(float(numbers[0]))


@given(finite)
def test_integers_and_back(number: float) -> None:
    units = exact_integer(number)
    assert Fraction(units, 1 << UNIT_EXPONENT) == Fraction(number)
    assert nearest_double(units) == number
    assert upper_double(units) == number


@given(finite, st.integers(1, 2**60))
def test_upper_is_the_least_double_at_least_as_large(number: float, more: int) -> None:
    units, exponent = (exact_integer(number) << 60) + more, UNIT_EXPONENT + 60
    try:
        upper = upper_double(units, exponent)
    except OverflowError:
        assert number == LARGEST
        return
    exact = Fraction(units, 1 << exponent)
    assert Fraction(upper) >= exact
    assert Fraction(math.nextafter(upper, -math.inf)) < exact


@given(st.lists(finite, min_size=1, max_size=60), st.booleans())
def test_certificate(numbers: list[float], backwards: bool) -> None:
    order = numbers[::-1] if backwards else numbers
    result = 0.0
    for number in order:
        result += number
    if not math.isfinite(result):
        with pytest.raises(Uncertifiable, match="no certificate exists"):
            sum_error_bound(matrix(*numbers), result)
        return
    certificate: dict[str, Any] = sum_error_bound(matrix(*numbers), result)
    assert list(certificate) == ["count", "error", "error_bound", "nonnegative"]
    error = Fraction(result) - sum(map(Fraction, numbers))
    magnitude = sum(abs(Fraction(x)) for x in numbers)
    assert certificate["error"] == float(error)
    assert math.copysign(1.0, float(error)) == math.copysign(1.0, certificate["error"])
    bound = Fraction(certificate["error_bound"])
    exact_bound = len(numbers) * magnitude / 2**53
    assert bound >= exact_bound
    if exact_bound:
        assert Fraction(math.nextafter(certificate["error_bound"], 0.0)) < exact_bound
    assert abs(error) <= bound
    assert certificate["nonnegative"] == all(x >= 0 for x in numbers)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_error_is_what_fsum_says(numbers: list[float]) -> None:
    result = float(np.sum(numbers))
    certificate: dict[str, Any] = sum_error_bound(matrix(*numbers), result)
    assert certificate["error"] == math.fsum([result, *(-x for x in numbers)])


def test_exact_zero_is_plus_zero() -> None:
    certificate: dict[str, Any] = sum_error_bound(matrix(-0.0, -0.0), -0.0)
    assert math.copysign(1.0, certificate["error"]) == 1.0
    assert certificate["error_bound"] == 0.0
    assert certificate["nonnegative"] is True


def test_subnormal_bound_is_rounded_up() -> None:
    assert sum_error_bound(matrix(TINY), TINY)["error_bound"] == TINY


@pytest.mark.parametrize(
    ("numbers", "result"),
    [((math.inf, 1.0), 1.0), ((math.nan,), 1.0), ((LARGEST, LARGEST), math.inf)],
)
def test_no_certificate_exists(numbers: tuple[float, ...], result: float) -> None:
    with pytest.raises(Uncertifiable, match="no certificate exists"):
        sum_error_bound(matrix(*numbers), result)


def test_a_wrong_sum_is_not_certified() -> None:
    with pytest.raises(ArithmeticError):
        sum_error_bound(matrix(1.0, 2.0), 3.000000000000002)
