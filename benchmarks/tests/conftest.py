from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lpb_benchmarks.measure.results import CaseResult, ContenderResult, RunResult, ScenarioResult
from lpb_benchmarks.measure.statistics import Estimate

MakeRun = Callable[..., RunResult]


def contender(name: str, peer: str, micros: float, ratio: float | None) -> ContenderResult:
    ratios: dict[str, Estimate | None] = {}
    if ratio is not None:
        ratios = {
            "p50": Estimate(ratio, ratio * 0.98, ratio * 1.02),
            "p99": None,
            "throughput": Estimate(1 / ratio, 0.98 / ratio, 1.02 / ratio),
        }
    return ContenderResult(
        name=name,
        peer=peer,
        floor=None if ratio is None else "raw echo",
        calls=300,
        microseconds={"p50": micros, "p90": 2 * micros, "p99": 3 * micros, "p99.9": None},
        calls_per_s=1e6 / micros,
        round_p50_us=[micros, micros, micros],
        round_calls_per_s=[1e6 / micros] * 3,
        ratios=ratios,
        cpu_us={"server": 10.0, "client": None},
        peak_mib={"server": 40.0, "client": 41.5, "server_beyond": 2.5},
    )


@pytest.fixture
def make_run() -> MakeRun:
    """Give a function that makes up a run: how slow the bridge is, and what else is different."""

    def make(ratio: float = 1.5, **changes: Any) -> RunResult:
        contenders = [
            contender("bridge", "bridge", 100 * ratio, ratio),
            contender("pyro", "pyro", 120, 1.2),
            contender("raw echo", "echo", 100, None),
        ]
        case = CaseResult("4×4 <framed>", 1, None, "anywhere", contenders)
        fields: dict[str, Any] = {
            "started": "2026-01-02T03:04:05+00:00",
            "elapsed_s": 12.0,
            "quick": True,
            "rounds": 3,
            "machine": {
                "processors": 2,
                "processor": "a processor",
                "system": "a system",
                "python": "CPython 3.11",
                "libzmq": "4.3.5",
                "load": 0.1,
            },
            "scenarios": [ScenarioResult("latency", "How long?", [case])],
        }
        return RunResult(**(fields | changes))

    return make
