from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import MAX_INT, MIN_INT, check_value, float_bits, same_value


def nested(depth: int, innermost: Any) -> Any:
    for _ in range(depth - 1):
        innermost = [innermost]
    return innermost


@pytest.mark.parametrize(
    "value",
    [None, True, MIN_INT, MAX_INT, math.nan, "", "𝄞", [], {}, [1, MAX_INT], {"": [1.0, None]}],
)
def test_values_of_the_model(value: Any) -> None:
    check_value(value)


@pytest.mark.parametrize(
    "value",
    [
        b"x",
        (1,),
        {1: 2},
        {"\ud800": 1},
        "\udfff",
        MAX_INT + 1,
        MIN_INT - 1,
        [0, MAX_INT + 1],
        [1.0, MIN_INT - 1],
        np.float64(1),
        np.int64(1),
        [np.float64(1)],
        OrderedDict(),
        object(),
        {1, 2},
        1j,
    ],
)
def test_values_outside_the_model(value: Any) -> None:
    with pytest.raises(WireError):
        check_value(value)


@pytest.mark.parametrize("innermost", [1, 1.0, "x", None, [], {}])
def test_depth(innermost: Any) -> None:
    check_value(nested(MAX_DEPTH, innermost))
    with pytest.raises(WireError, match="deeper than 64"):
        check_value(nested(MAX_DEPTH + 1, innermost))


@pytest.mark.parametrize("row", [[1.0, 2.0], [1, 2], [None, True]])
def test_rows_do_not_slip_past_the_depth(row: Any) -> None:
    check_value(nested(MAX_DEPTH - 1, row))
    with pytest.raises(WireError):
        check_value(nested(MAX_DEPTH, row))


def test_bits() -> None:
    assert float_bits(1.0) == 0x3FF0000000000000
    assert float_bits(-0.0) == 1 << 63


def test_same_value_tells_what_equality_does_not() -> None:
    assert same_value(math.nan, math.nan)
    assert same_value({"a": [1, "x"]}, {"a": [1, "x"]})
    pairs: list[tuple[Any, Any]] = [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"b": 1}),
        ([1], [1, 2]),
        ("a", "b"),
    ]
    for left, right in pairs:
        assert not same_value(left, right)
