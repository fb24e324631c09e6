"""The soak's verdict, on made-up measurements; the soak itself is `make soak`."""

from __future__ import annotations

import pytest
from soak import Samples

FLAT = [90] * 20 + [1000, 1005] * 40


@pytest.mark.parametrize(
    ("memory", "descriptors", "problems"),
    [
        (FLAT, [10, 11] * 50, 0),
        ([1000 + 1 * second for second in range(100)], [10] * 100, 1),
        (FLAT, [10 + second // 20 for second in range(100)], 1),
        ([1000 - second for second in range(100)], [10] * 100, 0),
    ],
    ids=["flat", "memory grows", "descriptors grow", "memory shrinks"],
)
def test_verdict(memory: list[int], descriptors: list[int], problems: int) -> None:
    assert len(Samples(memory, descriptors).problems()) == problems
