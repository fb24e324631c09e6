"""Service level objectives: ratios that a run has to keep, from ``benchmarks/slo.toml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from lpb_server.errors import ConfigError
from lpb_server.wire.reading import read_toml_file

from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.measure.results import CaseResult, ContenderResult, RunResult
from lpb_benchmarks.measure.statistics import Estimate, ratio_of_medians

__all__ = ["METRICS", "Objective", "Outcome", "check_objectives", "load_objectives"]

METRICS: Final = ("p50", "p99", "throughput", "server_mib_beyond", "p50_us")
_NO_RATIOS: Final = frozenset({"server_mib_beyond", "p50_us"})
"""``server_mib_beyond`` is the server's peak memory beyond the array, in MiB; ``p50_us`` is a bare
time, for goals that are set as one: it says as much of the machine as of the code."""


@dataclass(frozen=True, slots=True)
class Objective:
    """One bound.

    Parameters
    ----------
    name : str
        What a person reads.
    scenario, case, contender : str
        What is bounded.
    against : str
        The contender of the same case that the ratio is to; empty for a metric that is none.
    metric : str
        One of `METRICS`.
    at_most, at_least : float or None
        The bound; exactly one of them.
    """

    name: str
    scenario: str
    case: str
    contender: str
    metric: str
    against: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def bound(self) -> str:
        """Return the bound as a person writes it."""
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps the bound."""
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an objective came to.

    Parameters
    ----------
    objective : Objective
        The bound.
    value : Estimate or None
        What was measured; None where nothing was.
    reason : str
        Why nothing was.
    """

    objective: Objective
    value: Estimate | None
    reason: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept; None where nothing was measured."""
        return None if self.value is None else self.objective.holds(self.value.value)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return {
            "name": self.objective.name,
            "bound": self.objective.bound,
            "value": None if self.value is None else self.value.as_dict(),
            "holds": self.holds,
            "reason": self.reason,
        }


def load_objectives(path: Path) -> list[Objective]:
    """Read the objectives.

    Raises
    ------
    BenchmarkUsageError
        When the file cannot be read, or says something that makes no sense.
    """
    try:
        tables = read_toml_file(path)[0].get("objective", [])
    except ConfigError as error:
        raise BenchmarkUsageError(f"{error}.") from error
    if not isinstance(tables, list):
        raise BenchmarkUsageError(f"{path}: objective must be an array of tables.")
    return [_objective(number, table, path) for number, table in enumerate(tables, start=1)]


def _objective(number: int, table: Any, path: Path) -> Objective:
    try:
        found = Objective(**table)
    except TypeError as error:
        raise BenchmarkUsageError(f"{path}, objective {number}: {error}.") from error
    if found.metric not in METRICS:
        names = ", ".join(METRICS)
        raise BenchmarkUsageError(
            f"{path}, objective {number}: metric {found.metric!r} is none of {names}."
        )
    if (found.at_most is None) == (found.at_least is None):
        raise BenchmarkUsageError(f"{path}, objective {number} takes at_most or at_least.")
    if (found.metric in _NO_RATIOS) == bool(found.against):
        raise BenchmarkUsageError(f"{path}, objective {number}: `against` is for ratios only.")
    return found


def check_objectives(objectives: Sequence[Objective], run: RunResult) -> list[Outcome]:
    """Hold a run against objectives."""
    return [_check(objective, run) for objective in objectives]


def _check(objective: Objective, run: RunResult) -> Outcome:
    case = run.find(objective.scenario, objective.case)
    if case is None:
        return Outcome(objective, None, f"{objective.scenario}, {objective.case} did not run")
    found = case.find(objective.contender)
    if found is None:
        return Outcome(objective, None, _why_not(case, objective.contender))
    if objective.metric == "server_mib_beyond":
        peak = found.peak_mib.get("server_beyond")
        if peak is None:
            return Outcome(objective, None, "this system does not tell peak memory")
        return Outcome(objective, Estimate(peak, peak, peak))
    if objective.metric == "p50_us":
        times = found.round_p50_us
        return Outcome(objective, Estimate(median(times), min(times), max(times)))
    floor = case.find(objective.against)
    if floor is None:
        return Outcome(objective, None, _why_not(case, objective.against))
    value = _ratio(objective.metric, found, floor)
    return Outcome(objective, value, "" if value else "too few calls for this percentile")


def _why_not(case: CaseResult, contender: str) -> str:
    for skipped in case.skipped:
        if skipped.name == contender:
            return f"{contender}: {skipped.reason}"
    return f"{case.name} has no {contender}"


def _ratio(metric: str, over: ContenderResult, under: ContenderResult) -> Estimate | None:
    if over.floor == under.name:
        return over.ratios.get(metric)
    if metric == "p99":
        times = over.microseconds["p99"], under.microseconds["p99"]
        if times[0] is None or times[1] is None:
            return None
        ratio = times[0] / times[1]
        return Estimate(ratio, ratio, ratio)
    if metric == "p50":
        return ratio_of_medians(over.round_p50_us, under.round_p50_us)
    return ratio_of_medians(over.round_calls_per_s, under.round_calls_per_s)
