"""Two runs side by side: what got slower, judged by ratios to the floor that each run measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from lpb_benchmarks.measure.results import ContenderResult, RunResult
from lpb_benchmarks.measure.statistics import Estimate
from lpb_benchmarks.peers import OURS

__all__ = ["DEFAULT_THRESHOLD", "Change", "Verdict", "compare_runs", "confirmed"]

DEFAULT_THRESHOLD: Final = 0.2
"""By how much a ratio has to change. One or two in a hundred of neighbouring runs do by chance: see
`confirmed`."""

_METRICS: Final = ("p50", "p99", "throughput")


class Verdict(StrEnum):
    """What a comparison came to."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    GONE = "not measured now"
    NEW = "not measured then"


@dataclass(frozen=True, slots=True)
class Change:
    """One ratio, then and now.

    Parameters
    ----------
    scenario, case, contender : str
        What was measured.
    metric : str
        ``p50``, ``p99`` or ``throughput``; empty when there is only one side.
    before, after : Estimate or None
        The ratio to the floor in either run.
    verdict : Verdict
        Slower or faster only where the change passes the threshold and the two confidence
        intervals do not touch.
    """

    scenario: str
    case: str
    contender: str
    metric: str
    before: Estimate | None
    after: Estimate | None
    verdict: Verdict

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What was measured, of which contender, and how."""
        return self.scenario, self.case, self.contender, self.metric

    @property
    def factor(self) -> float | None:
        """How many times slower it is now: above 1 is slower, whatever the metric."""
        if self.before is None or self.after is None:
            return None
        factor = self.after.value / self.before.value
        return 1 / factor if self.metric == "throughput" else factor

    def as_dict(self) -> dict[str, Any]:
        """Return the fields, for JSON."""
        return {**asdict(self), "factor": self.factor}


def compare_runs(
    before: RunResult, after: RunResult, threshold: float = DEFAULT_THRESHOLD
) -> list[Change]:
    """Compare what both runs measured of ours.

    Parameters
    ----------
    before, after : RunResult
        The earlier and the later run.
    threshold : float
        How large a change counts: 0.2 is a fifth.

    Returns
    -------
    list of Change
        Peers are left out: that they got slower is nobody's fault here.
    """
    old, new = dict(_ours(before)), dict(_ours(after))
    changes: list[Change] = []
    for key in dict.fromkeys([*old, *new]):
        if key not in new or key not in old:
            verdict = Verdict.NEW if key in new else Verdict.GONE
            changes.append(Change(*key, "", None, None, verdict))
            continue
        for metric in _METRICS:
            left, right = old[key].ratios.get(metric), new[key].ratios.get(metric)
            if left is not None and right is not None:
                verdict = _judge(metric, left, right, threshold)
                changes.append(Change(*key, metric, left, right, verdict))
    return changes


def confirmed(changes: list[Change], again: list[Change]) -> list[Change]:
    """Take back what looked slower and was not when it was measured again.

    A ratio that was not measured again still counts.

    Parameters
    ----------
    changes, again : list of Change
        The first comparison, and that of the measurement made again of what looked slower in it.
    """
    refuted = {change.key for change in again if change.verdict is not Verdict.SLOWER}
    return [
        replace(change, verdict=Verdict.SAME)
        if change.verdict is Verdict.SLOWER and change.key in refuted
        else change
        for change in changes
    ]


def _ours(run: RunResult) -> Iterator[tuple[tuple[str, str, str], ContenderResult]]:
    for scenario, case in run.cases():
        for contender in case.contenders:
            if contender.peer in OURS and contender.ratios:
                yield (scenario.name, case.name, contender.name), contender


def _judge(metric: str, before: Estimate, after: Estimate, threshold: float) -> Verdict:
    if after.low <= before.high and before.low <= after.high:
        return Verdict.SAME
    factor = after.value / before.value
    if 1 / (1 + threshold) <= factor <= 1 + threshold:
        return Verdict.SAME
    grew_slower = (factor > 1) != (metric == "throughput")
    return Verdict.SLOWER if grew_slower else Verdict.FASTER
