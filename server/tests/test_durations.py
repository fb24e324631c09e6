from __future__ import annotations

import math

import pytest
from lpb_server.sockets.durations import MOST_MS, check_timeout, milliseconds


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, 0),
        (-1.0, 0),
        (-math.inf, 0),
        (1e-9, 1),
        (0.0011, 2),
        (1.0, 1000),
        (MOST_MS / 1000, MOST_MS),
        (1e300, MOST_MS),
        (math.inf, MOST_MS),
    ],
)
def test_milliseconds_are_what_a_c_int_takes(seconds: float, expected: int) -> None:
    assert milliseconds(seconds) == expected


def test_a_time_out_is_positive() -> None:
    assert check_timeout("timeout_s", math.inf) == math.inf
    assert check_timeout("timeout_s", 1) == 1.0
    for seconds in (0.0, -1.0, math.nan, -math.inf):
        with pytest.raises(ValueError, match=r"^timeout_s must be positive"):
            check_timeout("timeout_s", seconds)
