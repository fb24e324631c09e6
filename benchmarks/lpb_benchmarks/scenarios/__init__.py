"""What is measured: one module for each kind of question."""

from typing import Final

from lpb_benchmarks.scenarios.arrays import ARRAYS
from lpb_benchmarks.scenarios.base import Plan, Scenario, SkipScenario
from lpb_benchmarks.scenarios.certificates import CERTIFICATES
from lpb_benchmarks.scenarios.lifecycle import STARTUP, TRANSCRIPT
from lpb_benchmarks.scenarios.load import MIXED, PIPELINED, QUEUE, THROUGHPUT
from lpb_benchmarks.scenarios.small_calls import (
    CERTIFIED_CALLS,
    CLIENTS,
    FORMATS,
    LATENCY,
    OVERHEAD,
)

__all__ = ["SCENARIOS", "Plan", "Scenario", "SkipScenario"]

SCENARIOS: Final = (
    LATENCY,
    ARRAYS,
    THROUGHPUT,
    PIPELINED,
    MIXED,
    CERTIFIED_CALLS,
    FORMATS,
    OVERHEAD,
    STARTUP,
    CLIENTS,
    QUEUE,
    TRANSCRIPT,
    CERTIFICATES,
)
"""Every scenario, in the order in which they run."""
