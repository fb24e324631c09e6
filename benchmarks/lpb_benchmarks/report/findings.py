"""What a run says in sentences, beside its tables."""

from __future__ import annotations

from typing import Final

from lpb_benchmarks.measure.results import CaseResult, RunResult, ScenarioResult

__all__ = ["BUSY_LOAD", "findings", "warnings"]

BUSY_LOAD: Final = 0.5
"""Above this load per processor other work disturbs the tails, if not the ratios."""


def warnings(run: RunResult) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    said: list[str] = []
    load, processors = run.machine.get("load"), run.machine.get("processors")
    if load is not None and processors and load > BUSY_LOAD * processors:
        said.append(
            f"The machine was busy when the run began: load {load:g} on {processors} processors."
        )
    if run.machine.get("server") == "interpreted":
        said.append("The server was interpreted: compiled by `lpb build`, it answers faster.")
    if run.interrupted:
        said.append("The run was interrupted: this is what was measured until then.")
    return said


def findings(scenario: ScenarioResult) -> list[str]:
    """Return what follows from a scenario's numbers."""
    if scenario.name == "formats":
        return _formats(scenario.cases)
    if scenario.name == "transcript":
        return _transcript(scenario.cases)
    return []


def _formats(cases: list[CaseResult]) -> list[str]:
    winners: list[tuple[str, str]] = []
    for case in cases:
        ranked = sorted(
            (ratio.value, contender.name)
            for contender in case.contenders
            if (ratio := contender.ratios.get("p50")) is not None
        )
        if ranked:
            winners.append((case.name, ranked[0][1]))
    return [f"Fastest at {size}: {name}." for size, name in winners]


def _transcript(cases: list[CaseResult]) -> list[str]:
    said: list[str] = []
    for case in cases:
        for contender in case.contenders:
            floor = case.find(contender.floor) if contender.floor else None
            count = contender.name.split()[0]
            p50 = contender.microseconds["p50"]
            base = None if floor is None else floor.microseconds["p50"]
            if p50 is not None and base is not None and count.isdigit():
                each = (p50 - base) / 1e6 / int(count) * 1000
                said.append(f"{contender.name}: {each:.2f} s for each thousand elements.")
    return said
