"""Measures a case: rounds in which every contender has its turn, in an order drawn anew."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from lpb_benchmarks.measure.cases import Case, Contender, Failures, guarded
from lpb_benchmarks.measure.environment import Environment
from lpb_benchmarks.measure.machine import describe_placement, placement
from lpb_benchmarks.measure.results import PERCENTILE_NAMES, CaseResult, ContenderResult, Skipped
from lpb_benchmarks.measure.station import Round
from lpb_benchmarks.measure.statistics import (
    Estimate,
    percentile_ratio,
    percentiles,
    ratio_of_medians,
)
from lpb_benchmarks.peers import find_peer

__all__ = ["LEAST_ROUNDS", "Budget", "Progress", "measure_case"]

Progress = Callable[[str, int, int], None]
"""Told what happens, how many rounds are done, and of how many."""

LEAST_ROUNDS: Final = 3
_SEED: Final = 20
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Budget:
    """How much time is left.

    Parameters
    ----------
    end_s : float or None
        When it is used up, by the monotonic clock; None for never.
    """

    end_s: float | None = None

    @classmethod
    def of(cls, seconds: float | None) -> Budget:
        """Return a budget that begins now."""
        return cls(None if seconds is None else time.monotonic() + seconds)

    def used_up(self) -> bool:
        """Tell whether nothing is left."""
        return self.end_s is not None and time.monotonic() >= self.end_s


def measure_case(
    case: Case, environment: Environment, rounds: int, budget: Budget, progress: Progress
) -> CaseResult:
    """Measure.

    Parameters
    ----------
    case : Case
        What to measure.
    environment : Environment
        Holds the stations.
    rounds : int
        How many rounds, unless the case has its own number.
    budget : Budget
        When it is used up, no more than `LEAST_ROUNDS` rounds are measured.
    progress : callable
        Told after each round.

    Raises
    ------
    BenchmarkError
        When one of our own processes fails.
    """
    rounds = case.rounds or rounds
    failures: Failures = {}
    able = [item for item in case.contenders if not _lacks(item, failures)]
    taken: dict[str, list[Round]] = {item.name: [] for item in able}
    progress(case.name, 0, rounds)
    generator = random.Random(_SEED)
    with case.ready(environment, able, failures) as turns:
        for number in range(rounds):
            if number >= LEAST_ROUNDS and budget.used_up():
                break
            for contender in generator.sample(able, len(able)):
                if contender.name not in failures:
                    with guarded(contender, failures):
                        taken[contender.name].append(turns[contender.name]())
            progress(case.name, number + 1, rounds)
    # A sample is needed for a median: a contender too slow for one call a turn is out, by name.
    for name, item in taken.items():
        if name not in failures and not all(part.samples.size for part in item):
            failures[name] = "not one call ended within a round"
    measured = {name: item for name, item in taken.items() if name not in failures}
    return CaseResult(
        name=case.name,
        clients=case.clients,
        payload_bytes=case.payload_bytes,
        placement=describe_placement(placement(case.pinned)),
        contenders=[_result(item, case, measured) for item in able if item.name in measured],
        skipped=[Skipped(name, reason) for name, reason in failures.items()],
        series=case.series,
        size=case.size,
    )


def _lacks(contender: Contender, failures: Failures) -> bool:
    missing = find_peer(contender.peer).missing()
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        failures[contender.name] = f"{', '.join(missing)} {verb} not installed"
    return bool(missing)


def _result(contender: Contender, case: Case, taken: dict[str, list[Round]]) -> ContenderResult:
    rounds = taken[contender.name]
    times = percentiles([item.samples for item in rounds])
    calls = sum(item.calls for item in rounds)
    floor = contender.floor if contender.floor in taken else None
    return ContenderResult(
        name=contender.name,
        peer=contender.peer,
        floor=floor,
        calls=calls,
        microseconds={
            name: None if value is None else value / 1000
            for name, value in zip(PERCENTILE_NAMES, times.values(), strict=True)
        },
        calls_per_s=median(item.calls_per_s for item in rounds),
        round_p50_us=[float(median(item.samples)) / 1000 for item in rounds],
        round_calls_per_s=[item.calls_per_s for item in rounds],
        ratios={} if floor is None else _ratios(rounds, taken[floor]),
        cpu_us={
            "server": _cpu_us([item.server.cpu_s for item in rounds], calls),
            "client": _cpu_us([item.client.cpu_s for item in rounds], calls),
        },
        peak_mib={
            "server": _mib([item.server.peak_bytes for item in rounds]),
            "client": _mib([item.client.peak_bytes for item in rounds]),
            "server_beyond": _beyond(rounds, case.payload_bytes or 0),
        },
    )


def _ratios(over: Sequence[Round], under: Sequence[Round]) -> dict[str, Estimate | None]:
    samples = [[item.samples for item in side] for side in (over, under)]
    medians = [[float(median(part)) for part in side] for side in samples]
    rates = [[item.calls_per_s for item in side] for side in (over, under)]
    return {
        "p50": ratio_of_medians(medians[0], medians[1]),
        "p99": percentile_ratio(samples[0], samples[1], 99),
        "throughput": ratio_of_medians(rates[0], rates[1]),
    }


def _cpu_us(times: list[float | None], calls: int) -> float | None:
    known = [item for item in times if item is not None]
    return sum(known) * 1e6 / calls if known else None


def _mib(peaks: list[int | None]) -> float | None:
    known = [item for item in peaks if item is not None]
    return max(known) / _MIB if known else None


def _beyond(rounds: list[Round], payload_bytes: int) -> float | None:
    known = [
        item.server.peak_bytes - item.server_idle_bytes - payload_bytes
        for item in rounds
        if item.server.peak_bytes is not None and item.server_idle_bytes is not None
    ]
    return max(max(known), 0) / _MIB if known else None
