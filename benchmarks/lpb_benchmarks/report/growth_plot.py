"""Curves of time over size, one small picture a series: both axes logarithmic."""

from __future__ import annotations

import math
from typing import Any, Final

from lpb_benchmarks.measure.results import ScenarioResult
from lpb_benchmarks.report.growth import contender_names, sized_series, wall_seconds

__all__ = ["growth_figure"]

_COLUMNS: Final = 3


def growth_figure(new_figure: Any, scenario: ScenarioResult) -> Any:
    """Draw a scenario whose cases have sizes.

    Parameters
    ----------
    new_figure : callable
        Matplotlib's ``Figure``.
    scenario : ScenarioResult
        What to draw.
    """
    series = sized_series(scenario.cases)
    names = contender_names(series)
    exponents = {(item.series, item.contender): item.exponent for item in scenario.growths}
    columns = min(_COLUMNS, len(series))
    rows = math.ceil(len(series) / columns)
    figure = new_figure(figsize=(1.5 + 3.3 * columns, 0.8 + 2.5 * rows))
    axes = figure.subplots(rows, columns, squeeze=False)
    for index, axis in enumerate(axes.flat):
        if index >= len(series):
            axis.set_axis_off()
    lines: dict[str, Any] = {}
    for axis, (title, sizes) in zip(axes.flat, series.items(), strict=False):
        for number, name in enumerate(names):
            points = [
                (size, seconds)
                for size, there in sizes.items()
                if name in there and (seconds := wall_seconds(there[name])) is not None
            ]
            if not points:
                continue
            (lines[name],) = axis.plot(
                *zip(*points, strict=True), marker="o", markersize=3, color=f"C{number}"
            )
            exponent = exponents.get((title, name))
            if exponent is not None:
                axis.annotate(
                    f"n^{exponent:.1f}", points[-1], (3, 0), textcoords="offset points", fontsize=7
                )
        axis.set_xscale("log")
        axis.set_yscale("log")
        ticks = list(sizes)
        axis.set_xticks(ticks, [f"{size:,}" for size in ticks], fontsize=7)
        axis.minorticks_off()
        axis.margins(x=0.2)
        axis.set_title(f"{title}, by n")
        axis.grid(alpha=0.25)
    figure.supylabel("seconds", fontsize=9)
    figure.legend(
        lines.values(), lines.keys(), loc="outside lower center", ncols=len(lines), frameon=False
    )
    return figure
