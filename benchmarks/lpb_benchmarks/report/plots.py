"""Pictures of a run, as SVG and PNG: bars of ratios, and curves over the size."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lpb_benchmarks.measure.results import CaseResult, ContenderResult, RunResult, ScenarioResult
from lpb_benchmarks.peers import OURS
from lpb_benchmarks.report.growth_plot import growth_figure
from lpb_benchmarks.report.growth_table import has_sizes

__all__ = ["can_draw", "draw_plots"]

_OURS: Final = "#2f6fb7"
_THEIRS: Final = "#9aa3ad"
_CURVES: Final = ("arrays", "formats")
_MIB: Final = 1 << 20
_STYLE: Final = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "svg.fonttype": "none",
    "figure.constrained_layout.use": True,
}


def can_draw() -> bool:
    """Tell whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw_plots(run: RunResult, folder: Path) -> dict[str, Path]:
    """Draw one picture a scenario, each as SVG and as PNG.

    Parameters
    ----------
    run : RunResult
        What to draw.
    folder : Path
        Where the files go; it must exist.

    Returns
    -------
    dict of str to Path
        The SVG of each scenario that has something to show.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    matplotlib: Any = import_module("matplotlib")
    # Not pyplot: nothing is shown, and importing it takes longer than drawing.
    new_figure: Any = import_module("matplotlib.figure").Figure
    drawn: dict[str, Path] = {}
    with matplotlib.rc_context(_STYLE):
        for scenario in run.scenarios:
            figure = _figure(new_figure, scenario)
            if figure is None:
                continue
            figure.suptitle(scenario.summary, x=0.01, ha="left", fontsize=11)
            drawn[scenario.name] = folder / f"{scenario.name}.svg"
            figure.savefig(drawn[scenario.name], metadata={"Date": None})
            figure.set_layout_engine("none")  # It has been laid out; that takes a second each time.
            figure.savefig(folder / f"{scenario.name}.png", dpi=150)
    return drawn


def _figure(new_figure: Any, scenario: ScenarioResult) -> Any:
    """Return a scenario's picture, None when it has nothing to show."""
    if has_sizes(scenario):
        return growth_figure(new_figure, scenario)
    cases = [case for case in scenario.cases if any(c.ratios for c in case.contenders)]
    if not cases:
        return None
    return _curves(new_figure, scenario) if _is_curve(scenario) else _bars(new_figure, cases)


def _is_curve(scenario: ScenarioResult) -> bool:
    return scenario.name in _CURVES and len(scenario.cases) > 1


def _bars(new_figure: Any, cases: list[CaseResult]) -> Any:
    counts = [sum(1 for item in case.contenders if item.ratios) for case in cases]
    figure = new_figure(figsize=(7.5, 0.6 + sum(0.28 * count + 0.75 for count in counts)))
    axes = figure.subplots(len(cases), 1, height_ratios=counts, squeeze=False)
    for axis, case in zip(axes[:, 0], cases, strict=True):
        _bars_of(axis, case)
    return figure


def _bars_of(axis: Any, case: CaseResult) -> None:
    # With several clients it is the rate that counts, else the time of a call.
    metric = "throughput" if case.clients > 1 else "p50"
    shown = [(item, item.ratios[metric]) for item in reversed(case.contenders) if item.ratios]
    for row, (item, ratio) in enumerate(shown):
        if ratio is None:
            continue
        axis.barh(
            row,
            ratio.value,
            xerr=[
                [max(ratio.value - ratio.low, 0.0)],
                [max(ratio.high - ratio.value, 0.0)],
            ],
            color=_colour(item),
            height=0.65,
            error_kw={"elinewidth": 1, "ecolor": "#333333", "capsize": 2},
        )
        axis.annotate(
            f"{ratio.value:.2f}",
            (max(ratio.value, ratio.high), row),
            (4, 0),
            textcoords="offset points",
            va="center",
        )
    axis.set_yticks(range(len(shown)), [item.name for item, _ in shown])
    axis.axvline(1, color="#333333", linewidth=1)
    axis.margins(x=0.12)
    what = "calls a second" if metric == "throughput" else "median time"
    axis.set_title(f"{case.name}: {what} × floor")


def _curves(new_figure: Any, scenario: ScenarioResult) -> Any:
    figure = new_figure(figsize=(7.5, 4.2))
    axis = figure.subplots()
    bandwidth = scenario.name == "arrays"
    peers = {item.name: item.peer for case in scenario.cases for item in case.contenders}
    for name, peer in peers.items():
        points = [
            (case.payload_bytes, _height(case, found, bandwidth))
            for case in scenario.cases
            if (found := case.find(name)) is not None and (found.ratios or bandwidth)
        ]
        if points:
            line = {"linewidth": 2.2} if peer in OURS else {"linewidth": 1, "linestyle": "--"}
            axis.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name, **line)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: _size(value))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("size of the array")
    axis.set_ylabel("MiB/s, there and back" if bandwidth else "median time × floor")
    axis.grid(alpha=0.25)
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def _height(case: CaseResult, item: ContenderResult, bandwidth: bool) -> float:
    if bandwidth:
        return item.calls_per_s * (case.payload_bytes or 0) / _MIB
    ratio = item.ratios["p50"]
    return float("nan") if ratio is None else ratio.value


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.0f} GiB"


def _colour(item: ContenderResult) -> str:
    return _OURS if item.peer in OURS else _THEIRS
