"""How times grow with the size of what is asked: power laws fitted over a scenario's cases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import numpy as np

from lpb_benchmarks.measure.results import CaseResult, ContenderResult, Growth

__all__ = [
    "Series",
    "contender_names",
    "fitted_growths",
    "processor_seconds",
    "sized_series",
    "wall_seconds",
]

Series: TypeAlias = dict[str, dict[int, dict[str, ContenderResult]]]
"""Contenders by series, by ascending size and by name."""

_FEWEST_SIZES: Final = 2


def wall_seconds(item: ContenderResult) -> float | None:
    """Return the median time of a call in seconds."""
    p50 = item.microseconds["p50"]
    return None if p50 is None else p50 / 1e6


def processor_seconds(item: ContenderResult) -> float | None:
    """Return the processor time of a call in seconds, of both ends where there are two."""
    known = [value for value in item.cpu_us.values() if value is not None]
    return sum(known) / 1e6 if known else None


def sized_series(cases: Iterable[CaseResult]) -> Series:
    """Return the contenders of the cases that have a size.

    Cases of one series and one size belong together, whatever else is in them.
    """
    found: Series = {}
    for case in cases:
        if case.series is not None and case.size is not None:
            there = found.setdefault(case.series, {}).setdefault(case.size, {})
            there.update({item.name: item for item in case.contenders})
    return {series: dict(sorted(sizes.items())) for series, sizes in found.items()}


def contender_names(series: Series) -> list[str]:
    """Return the names of all contenders, in the order in which they were measured."""
    sizes = (there for sizes in series.values() for there in sizes.values())
    return list(dict.fromkeys(name for there in sizes for name in there))


def fitted_growths(cases: Sequence[CaseResult]) -> list[Growth]:
    """Fit an exponent for each contender of each series: least squares of the logarithms.

    What is fitted is processor time where it is known at every size, else wall time. A contender
    that was measured at one size has no growth.
    """
    growths: list[Growth] = []
    for series, sizes in sized_series(cases).items():
        names = dict.fromkeys(name for there in sizes.values() for name in there)
        for name in names:
            items = {size: there[name] for size, there in sizes.items() if name in there}
            fitted = _fitted(series, name, items)
            if fitted is not None:
                growths.append(fitted)
    return growths


def _fitted(series: str, name: str, items: dict[int, ContenderResult]) -> Growth | None:
    for what, seconds in (("processor", processor_seconds), ("wall", wall_seconds)):
        times = [seconds(item) for item in items.values()]
        positive = [time for time in times if time is not None and time > 0]
        if len(positive) == len(items) >= _FEWEST_SIZES:
            slope = np.polyfit([math.log(size) for size in items], np.log(positive), 1)[0]
            return Growth(series, name, float(slope), what, list(items))
    return None
