"""Runs scenarios, one after the other, and keeps what was measured when the run is cut short."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from typing import Final

from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.measure.environment import Environment
from lpb_benchmarks.measure.machine import machine_facts
from lpb_benchmarks.measure.results import RunResult, ScenarioResult, Skipped
from lpb_benchmarks.measure.runner import Budget, Progress, measure_case
from lpb_benchmarks.report.growth import fitted_growths
from lpb_benchmarks.scenarios import SCENARIOS, Plan, Scenario, SkipScenario

__all__ = ["QUICK_ROUNDS", "full_plan", "quick_plan", "run_suite", "select_scenarios"]

FULL_ROUNDS: Final = 7
QUICK_ROUNDS: Final = 3
_QUICK_LIMIT_S: Final = 36.0
"""A case that has begun by then ends, and the report is drawn, within the minute."""


def full_plan() -> Plan:
    """Return the plan of a full run."""
    return Plan(rounds=FULL_ROUNDS)


def quick_plan() -> Plan:
    """Return the plan of a run that ends within a minute."""
    return Plan(quick=True, rounds=QUICK_ROUNDS, limit_s=_QUICK_LIMIT_S)


def select_scenarios(names: Sequence[str]) -> list[Scenario]:
    """Return the scenarios of these names, all of them for none.

    Raises
    ------
    BenchmarkUsageError
        When there is none of such a name.
    """
    known = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in known:
            raise BenchmarkUsageError(
                f"There is no scenario {name!r}.", f"There are {', '.join(known)}."
            )
    return [scenario for scenario in SCENARIOS if not names or scenario.name in names]


def run_suite(scenarios: Sequence[Scenario], plan: Plan, progress: Progress) -> RunResult:
    """Measure.

    Parameters
    ----------
    scenarios : sequence of Scenario
        What to measure, in order.
    plan : Plan
        How much of it.
    progress : callable
        Told what happens.

    Returns
    -------
    RunResult
        After Ctrl-C, what was measured until then, marked as interrupted.

    Raises
    ------
    BenchmarkError
        When one of our own processes fails.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    budget = Budget.of(plan.limit_s)
    facts = machine_facts()
    done: list[ScenarioResult] = []
    interrupted = False
    try:
        with ExitStack() as stack:
            # A server that has served other scenarios holds more memory; starting it anew for each
            # is what a quick run has no time for.
            shared = stack.enter_context(Environment()) if plan.quick else None
            for scenario in scenarios:
                done.append(ScenarioResult(scenario.name, scenario.summary, []))
                with nullcontext(shared) if shared else Environment() as environment:
                    _measure(scenario, plan, environment, budget, progress, done[-1])
    except KeyboardInterrupt:
        interrupted = True
    for measured in done:
        measured.growths.extend(fitted_growths(measured.cases))
    return RunResult(
        started=started.isoformat(timespec="seconds"),
        elapsed_s=round(time.monotonic() - clock, 2),
        quick=plan.quick,
        rounds=plan.rounds,
        machine=facts,
        scenarios=done,
        interrupted=interrupted,
    )


def _measure(
    scenario: Scenario,
    plan: Plan,
    environment: Environment,
    budget: Budget,
    progress: Progress,
    into: ScenarioResult,
) -> None:
    def tell(text: str, done: int, total: int) -> None:
        progress(f"{scenario.name}: {text}", done, total)

    try:
        for case in scenario.cases(plan):
            if budget.used_up():
                into.skipped.append(Skipped(case.name, "no time was left in a quick run"))
            else:
                into.cases.append(measure_case(case, environment, plan.rounds, budget, tell))
    except SkipScenario as reason:  # Some find out only when they try.
        into.skipped.append(Skipped(scenario.name, str(reason)))
