from __future__ import annotations

import numpy as np
import pytest
from lpb_benchmarks.measure.statistics import percentile_ratio, percentiles, ratio_of_medians


def test_percentiles_are_of_all_rounds_together() -> None:
    rounds = [np.arange(1, 501), np.arange(501, 1001)]
    assert percentiles(rounds) == {
        50.0: pytest.approx(500.5),
        90.0: pytest.approx(900.1),
        99.0: pytest.approx(990.01),
        99.9: pytest.approx(999.001),
    }


def test_a_percentile_without_a_tail_is_not_made_up() -> None:
    times = percentiles([np.arange(99)])
    assert times[90.0] is not None
    assert times[99.0] is None
    assert times[99.9] is None
    assert percentile_ratio([np.arange(1, 90)], [np.arange(1, 200)], 99) is None


def test_ratios_are_paired_by_round() -> None:
    # The machine was three times slower in the last round, for both.
    estimate = ratio_of_medians([20, 22, 63], [10, 11, 30])
    assert estimate.value == pytest.approx(2.0)
    assert estimate.low == pytest.approx(2.0)
    assert estimate.high == pytest.approx(2.1)


def test_the_interval_widens_with_the_spread() -> None:
    steady = ratio_of_medians([20, 20, 20, 20], [10, 10, 10, 10])
    loose = ratio_of_medians([10, 20, 30, 40], [10, 10, 10, 10])
    assert steady.low == steady.high == 2.0
    assert loose.high - loose.low > 1


def test_a_percentile_ratio_lies_in_its_interval() -> None:
    generator = np.random.default_rng(1)
    over = [generator.integers(200, 400, 300) for _ in range(4)]
    under = [generator.integers(100, 200, 300) for _ in range(4)]
    estimate = percentile_ratio(over, under, 99)
    assert estimate is not None
    assert estimate.low <= estimate.value <= estimate.high
    assert estimate.value == pytest.approx(2, abs=0.05)
