"""What a run came to, as values that JSON carries and another run can be compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self, cast

from lpb_server.errors import ConfigError
from lpb_server.wire.reading import read_json_file

from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.measure.statistics import Estimate

__all__ = [
    "PERCENTILE_NAMES",
    "CaseResult",
    "ContenderResult",
    "Growth",
    "RunResult",
    "ScenarioResult",
    "Skipped",
    "load_result",
]

SCHEMA: Final = 1
PERCENTILE_NAMES: Final = ("p50", "p90", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not measured, by name, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ContenderResult:
    """One contender in one case.

    Parameters
    ----------
    name, peer : str
        Its own name within the case, and that of its peer.
    floor : str or None
        The contender that its ratios are to.
    calls : int
        How many were made in all rounds.
    microseconds : dict of str to float or None
        Percentiles of a call's duration; None where there are too few calls.
    calls_per_s : float
        Of the median round, all clients together.
    round_p50_us, round_calls_per_s : list of float
        One a round; rounds of all contenders of a case belong together.
    ratios : dict of str to Estimate or None
        ``p50``, ``p99`` and ``throughput`` over the floor's; empty without a floor.
    cpu_us : dict of str to float or None
        CPU time of ``server`` and ``client`` for one call.
    peak_mib : dict of str to float or None
        Peak resident memory of ``server`` and ``client``, and in ``server_beyond`` the server's
        beyond what it held when idle and the array itself.
    """

    name: str
    peer: str
    floor: str | None
    calls: int
    microseconds: dict[str, float | None]
    calls_per_s: float
    round_p50_us: list[float]
    round_calls_per_s: list[float]
    ratios: dict[str, Estimate | None] = field(default_factory=dict)
    cpu_us: dict[str, float | None] = field(default_factory=dict)
    peak_mib: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Contenders that were measured side by side.

    Parameters
    ----------
    name : str
        What was asked.
    clients : int
        How many client processes asked at once.
    payload_bytes : int or None
        Size of the array, where bandwidth is what counts.
    placement : str
        Which processors the two ends ran on.
    contenders : list of ContenderResult
        In the order in which they are shown.
    skipped : list of Skipped
        The others.
    series, size : str and int, or None
        What grows from case to case, and how large it is in this one.
    """

    name: str
    clients: int
    payload_bytes: int | None
    placement: str
    contenders: list[ContenderResult]
    skipped: list[Skipped] = field(default_factory=list)
    series: str | None = None
    size: int | None = None

    def find(self, name: str) -> ContenderResult | None:
        """Return the contender of that name, or None."""
        return next((item for item in self.contenders if item.name == name), None)


@dataclass(frozen=True, slots=True)
class Growth:
    """How one contender's time grows within a series: like a power of the size.

    Parameters
    ----------
    series, contender : str
        Whose time.
    exponent : float
        The slope of the logarithm of the time over that of the size.
    time : str
        ``processor`` or ``wall``: which time was fitted.
    sizes : list of int
        The sizes that it was fitted to.
    """

    series: str
    contender: str
    exponent: float
    time: str
    sizes: list[int]


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The cases of one scenario, and how times grow where they have sizes."""

    name: str
    summary: str
    cases: list[CaseResult]
    skipped: list[Skipped] = field(default_factory=list)
    growths: list[Growth] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run.

    Parameters
    ----------
    started : str
        When, ISO 8601 in UTC.
    elapsed_s : float
        How long it took.
    quick : bool
        Whether it was a quick one.
    rounds : int
        How many rounds were planned.
    machine : dict
        The machine's facts.
    scenarios : list of ScenarioResult
        What was measured.
    interrupted : bool
        Whether it was stopped before its end.
    """

    started: str
    elapsed_s: float
    quick: bool
    rounds: int
    machine: dict[str, Any]
    scenarios: list[ScenarioResult]
    interrupted: bool = False

    def cases(self) -> Iterator[tuple[ScenarioResult, CaseResult]]:
        """Give every case with its scenario."""
        for scenario in self.scenarios:
            for case in scenario.cases:
                yield scenario, case

    def find(self, scenario: str, case: str) -> CaseResult | None:
        """Return the case of that name, or None."""
        for owner, item in self.cases():
            if owner.name == scenario and item.name == case:
                return item
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """Read what `as_dict` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            When it is something else.
        """
        fields = dict(fields)
        if fields.pop("schema") != SCHEMA:
            raise ValueError(f"not of schema {SCHEMA}")
        return cls(**{**fields, "scenarios": [_scenario(item) for item in fields["scenarios"]]})


def _scenario(fields: dict[str, Any]) -> ScenarioResult:
    cases = [_case(item) for item in fields["cases"]]
    growths = [Growth(**item) for item in fields.get("growths", [])]
    read = {"cases": cases, "skipped": _skipped(fields), "growths": growths}
    return ScenarioResult(**{**fields, **read})


def _case(fields: dict[str, Any]) -> CaseResult:
    contenders = [_contender(item) for item in fields["contenders"]]
    return CaseResult(**{**fields, "contenders": contenders, "skipped": _skipped(fields)})


def _contender(fields: dict[str, Any]) -> ContenderResult:
    ratios = {
        name: None if value is None else Estimate.from_dict(value)
        for name, value in fields["ratios"].items()
    }
    return ContenderResult(**{**fields, "ratios": ratios})


def _skipped(fields: dict[str, Any]) -> list[Skipped]:
    return [Skipped(**item) for item in fields["skipped"]]


def load_result(path: Path) -> RunResult:
    """Read the JSON of an earlier run.

    Raises
    ------
    BenchmarkUsageError
        When the file cannot be read, or holds something else.
    """
    try:
        return RunResult.from_dict(cast("dict[str, Any]", read_json_file(path)))
    except (ConfigError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchmarkUsageError(
            f"{path} is no result of lpb bench: {error}.",
            "It takes the results.json that a run of lpb bench has written.",
        ) from error
