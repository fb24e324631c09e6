"""One table of a scenario whose cases have sizes: a row a size, a column a contender."""

from __future__ import annotations

from collections.abc import Iterator

from lpb_benchmarks.measure.results import ContenderResult, ScenarioResult
from lpb_benchmarks.report.growth import (
    contender_names,
    processor_seconds,
    sized_series,
    wall_seconds,
)

__all__ = ["growth_rows", "has_sizes", "seconds_text"]


def has_sizes(scenario: ScenarioResult) -> bool:
    """Tell whether a scenario is shown by series and size."""
    return any(case.size is not None for case in scenario.cases)


def seconds_text(seconds: float | None) -> str:
    """Return a time with three digits in the unit that fits."""
    if seconds is None:
        return "–"
    for factor, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def growth_rows(scenario: ScenarioResult, *, narrow: bool = False) -> Iterator[list[str]]:
    """Give the heading, then the rows: of each series its sizes and its exponents.

    A cell is the median wall time and, behind the stroke, the processor time.

    Parameters
    ----------
    narrow : bool
        Whether there is room for the processor time only.
    """
    series = sized_series(scenario.cases)
    names = contender_names(series)
    yield ["", "n", *names]
    exponents = {(item.series, item.contender): item.exponent for item in scenario.growths}
    for title, sizes in series.items():
        for row, (size, there) in enumerate(sizes.items()):
            cells = (_cell(there.get(name), narrow) for name in names)
            yield [title if row == 0 else "", f"{size:,}", *cells]
        fitted = [exponents.get((title, name)) for name in names]
        if any(value is not None for value in fitted):
            yield ["", "growth", *("" if value is None else f"n^{value:.2f}" for value in fitted)]


def _cell(item: ContenderResult | None, narrow: bool) -> str:
    if item is None:
        return "–"
    if narrow:
        return seconds_text(processor_seconds(item))
    return f"{seconds_text(wall_seconds(item))} / {seconds_text(processor_seconds(item))}"
