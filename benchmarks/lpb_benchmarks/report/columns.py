"""The columns that every table of results has: on the terminal, in CSV, on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lpb_benchmarks.measure.results import CaseResult, ContenderResult
from lpb_benchmarks.measure.statistics import Estimate

__all__ = ["Column", "columns_for", "estimate_text", "number_text"]

_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    heading : str
        What stands above it.
    text : callable
        Gives a cell from a case and one of its contenders.
    wide : bool
        Whether it is left out on a narrow terminal.
    """

    heading: str
    text: Callable[[CaseResult, ContenderResult], str]
    wide: bool = False


def estimate_text(estimate: Estimate) -> str:
    """Return an estimate with its interval."""
    low, high = _digits(estimate.low), _digits(estimate.high)
    return f"{_digits(estimate.value)} ({low}–{high})"


def _ratio_text(estimate: Estimate | None) -> str:
    """Return an estimate without its interval."""
    return "–" if estimate is None else _digits(estimate.value)


def number_text(value: float | None) -> str:
    """Return a number with about three digits."""
    return "–" if value is None else _digits(value)


def _digits(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(name: str) -> Callable[[CaseResult, ContenderResult], str]:
    return lambda case, item: _ratio_text(item.ratios.get(name)) if item.ratios else ""


def _median_ratio(case: CaseResult, item: ContenderResult) -> str:
    estimate = item.ratios.get("p50")
    return "floor" if estimate is None else estimate_text(estimate)


def _time(name: str) -> Callable[[CaseResult, ContenderResult], str]:
    return lambda case, item: number_text(item.microseconds[name])


def _rate(case: CaseResult, item: ContenderResult) -> str:
    return number_text(item.calls_per_s)


def _bandwidth(case: CaseResult, item: ContenderResult) -> str:
    return number_text(item.calls_per_s * (case.payload_bytes or 0) / _MIB)


def _pair(kind: str) -> Callable[[CaseResult, ContenderResult], str]:
    def text(case: CaseResult, item: ContenderResult) -> str:
        values = getattr(item, kind)
        return f"{number_text(values['server'])} + {number_text(values['client'])}"

    return text


def _beyond(case: CaseResult, item: ContenderResult) -> str:
    return number_text(item.peak_mib["server_beyond"])


_COLUMNS: Final = (
    Column("", lambda case, item: item.name),
    Column("P50 × floor (95 %)", _median_ratio),
    Column("P99 ×", _ratio("p99")),
    Column("calls/s ×", _ratio("throughput")),
    Column("P50 µs", _time("p50")),
    Column("P90 µs", _time("p90"), wide=True),
    Column("P99 µs", _time("p99")),
    Column("P99.9 µs", _time("p99.9"), wide=True),
    Column("calls/s", _rate),
    Column("MiB/s", _bandwidth),
    Column("CPU µs/call, server + client", _pair("cpu_us"), wide=True),
    Column("peak MiB, server + client", _pair("peak_mib"), wide=True),
    Column("server MiB beyond", _beyond, wide=True),
)


def columns_for(case: CaseResult, *, narrow: bool = False) -> list[Column]:
    """Return the columns of a case's table.

    Parameters
    ----------
    case : CaseResult
        Bandwidth is shown where its arrays are large.
    narrow : bool
        Whether only what matters most has room.
    """
    large = (case.payload_bytes or 0) >= _MIB
    hidden = {"calls/s"} if large and narrow else set() if large else {"MiB/s"}
    return [
        column
        for column in _COLUMNS
        if column.heading not in hidden and not (narrow and column.wide)
    ]
