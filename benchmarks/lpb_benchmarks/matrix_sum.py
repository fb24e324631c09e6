"""The sum of a small matrix through the bridge, against a raw pyzmq echo of the same bytes.

Both servers and both clients are processes of their own. Rounds alternate between the two, and the
one that goes first alternates too, so that what else the machine does meets both.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from lpb_benchmarks.station import Round, Station
from lpb_benchmarks.statistics import (
    Estimate,
    percentile_ratio,
    percentiles,
    ratio_of_medians,
)
from lpb_benchmarks.workload import Workload

__all__ = ["Measurement", "Side", "print_measurement", "run_benchmark"]

_ENDPOINT: Final = "tcp://127.0.0.1:0"
_WARM_UP_CALLS: Final = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One contender's bare numbers.

    Parameters
    ----------
    name : str
        The peer's name.
    microseconds : dict of float to float or None
        Percentile to duration of a call.
    calls_per_s : float
        The median round's.
    """

    name: str
    microseconds: dict[float, float | None]
    calls_per_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        times = {f"p{q:g}": value for q, value in self.microseconds.items()}
        return {"name": self.name, "microseconds": times, "calls_per_s": self.calls_per_s}


@dataclass(frozen=True, slots=True)
class Measurement:
    """The bridge beside its floor.

    Parameters
    ----------
    workload : Workload
        What was asked in each call.
    rounds, calls : int
        How many rounds, and calls in each.
    bridge, echo : Side
        The bare numbers.
    latency_ratio, p99_ratio, throughput_ratio : Estimate
        Bridge over echo; the 99th percentile's is None when there are under 100 calls.
    """

    workload: Workload
    rounds: int
    calls: int
    bridge: Side
    echo: Side
    latency_ratio: Estimate
    p99_ratio: Estimate | None
    throughput_ratio: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return {
            "workload": self.workload.as_dict(),
            "rounds": self.rounds,
            "calls": self.calls,
            "bridge": self.bridge.as_dict(),
            "echo": self.echo.as_dict(),
            "ratios": {
                "p50": self.latency_ratio.as_dict(),
                "p99": None if self.p99_ratio is None else self.p99_ratio.as_dict(),
                "throughput": self.throughput_ratio.as_dict(),
            },
        }


def run_benchmark(
    progress: Callable[[str, int, int], None],
    *,
    rounds: int = 11,
    calls: int = 400,
    workload: Workload | None = None,
) -> Measurement:
    """Measure.

    Parameters
    ----------
    progress : callable
        Told what happens, how many rounds are done, and of how many.
    rounds, calls : int
        How many rounds, and calls in each.
    workload : Workload, optional
        A 4×4 matrix in an array frame, with a MessagePack header, by default.

    Raises
    ------
    ChildFailedError
        When one of the processes fails.
    """
    workload = workload or Workload(4, 4)
    progress("starting the bridge and the echo", 0, rounds)
    taken: dict[str, list[Round]] = {"bridge": [], "echo": []}
    with ExitStack() as stack:
        stations = {name: stack.enter_context(Station(name, _ENDPOINT)) for name in taken}
        for station in stations.values():
            station.prepare("sum", workload)
            station.run_calls("sum", _WARM_UP_CALLS)
        for number in range(rounds):
            progress("measuring", number, rounds)
            for name in sorted(stations, reverse=number % 2 == 1):
                taken[name].append(stations[name].run_calls("sum", calls))
        progress("measured", rounds, rounds)
    return _measurement(workload, calls, taken["bridge"], taken["echo"])


def _measurement(
    workload: Workload, calls: int, bridge: list[Round], echo: list[Round]
) -> Measurement:
    samples = [[item.samples for item in side] for side in (bridge, echo)]
    medians = [[float(sorted(part)[len(part) // 2]) for part in side] for side in samples]
    rates = [[item.calls_per_s for item in side] for side in (bridge, echo)]
    return Measurement(
        workload=workload,
        rounds=len(bridge),
        calls=calls,
        bridge=_side("bridge", bridge),
        echo=_side("echo", echo),
        latency_ratio=ratio_of_medians(medians[0], medians[1]),
        p99_ratio=percentile_ratio(samples[0], samples[1], 99),
        throughput_ratio=ratio_of_medians(rates[0], rates[1]),
    )


def _side(name: str, rounds: list[Round]) -> Side:
    times = percentiles([item.samples for item in rounds])
    rates = sorted(item.calls_per_s for item in rounds)
    return Side(
        name,
        {q: None if value is None else value / 1000 for q, value in times.items()},
        rates[len(rates) // 2],
    )


def print_measurement(measurement: Measurement, console: Console) -> None:
    """Print a measurement as one table, the ratios last."""
    workload = measurement.workload
    table = Table(
        title=f"matrix_sum of {workload.rows}×{workload.columns}, {workload.format} over tcp: "
        f"{measurement.rounds} interleaved rounds of {measurement.calls} calls",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    table.add_column("")
    for heading in ("P50 µs", "P90 µs", "P99 µs", "P99.9 µs", "calls/s"):
        table.add_column(heading, justify="right")
    for side, title in ((measurement.bridge, "bridge"), (measurement.echo, "raw pyzmq echo")):
        times = ["–" if value is None else f"{value:.0f}" for value in side.microseconds.values()]
        table.add_row(title, *times, f"{side.calls_per_s:.0f}")
    table.add_row(
        "ratio",
        _times(measurement.latency_ratio),
        "",
        _times(measurement.p99_ratio),
        "",
        _times(measurement.throughput_ratio),
        style="bold",
    )
    console.print(table)
    low, high = measurement.latency_ratio.low, measurement.latency_ratio.high
    console.print(
        f"[dim]A call takes {measurement.latency_ratio.value:.2f} × the echo's time; "
        f"95 % of resampled rounds say {low:.2f} to {high:.2f}.[/]",
        highlight=False,
    )


def _times(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{estimate.value:.2f} ×"
