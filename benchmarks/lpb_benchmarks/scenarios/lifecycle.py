"""Scenarios beside the calls: the server's cold start, the kernel's check of a transcript."""

from __future__ import annotations

from typing import Final

from lpb_benchmarks.measure.cases import Case, Contender, FunctionCase, StartCase
from lpb_benchmarks.peers.workload import Workload
from lpb_benchmarks.scenarios.base import FLOOR, Plan, Scenario, SkipScenario, peers_beside

__all__ = ["STARTUP", "TRANSCRIPT"]


def _startup(plan: Plan) -> list[Case]:
    work = Workload(4, 4)
    contenders = (
        Contender("bridge", "bridge", FLOOR, (work,)),
        Contender(FLOOR, "echo", None, (work,)),
        *peers_beside(work, FLOOR, "pyro", "grpc", "flight", "fastapi"),
    )
    if plan.quick:
        contenders = contenders[:2]
    return [StartCase(name="from nothing to the first answer", contenders=contenders, pinned=False)]


STARTUP: Final = Scenario(
    "startup", "How long a server takes from its start to an answer", _startup
)

_ELEMENTS: Final = (1000, 10_000)
_NOTHING: Final = "empty transcript"


def _transcript(plan: Plan) -> list[Case]:
    check = plan.transcript_check
    if check is None:
        raise SkipScenario("no Lean engine is at hand")
    if plan.quick:
        raise SkipScenario("a kernel check takes longer than a quick run")
    names = {f"{count} elements": count for count in _ELEMENTS} | {_NOTHING: 0}
    contenders = tuple(
        Contender(name, "bridge", _NOTHING if count else None) for name, count in names.items()
    )
    functions = {name: (lambda count=count: check(count)) for name, count in names.items()}
    return [
        FunctionCase(
            name="Lean's kernel", contenders=contenders, functions=functions, rounds=3, pinned=False
        )
    ]


TRANSCRIPT: Final = Scenario(
    "transcript", "How long Lean's kernel takes to check certified sums", _transcript
)
