"""What a scenario is: a question, and the cases that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lpb_server.operations import Operation

from lpb_benchmarks.measure.cases import Case, Contender
from lpb_benchmarks.measure.certified import CertificateCheck
from lpb_benchmarks.peers.workload import Workload

__all__ = ["FLOOR", "Plan", "Scenario", "SkipScenario", "peers_beside"]

FLOOR: Final = "raw echo"
"""What the floor of most cases is called."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured, and with what of the caller's.

    Parameters
    ----------
    quick : bool
        Whether everything has to end within a minute.
    rounds : int
        How many rounds each case gets.
    limit_s : float or None
        After how many seconds no further case begins.
    c_library : callable, optional
        Builds the project's C library and returns its path; it may raise `SkipScenario`.
    transcript_check : callable, optional
        Has Lean's kernel check a transcript of so many elements and returns the seconds.
    operations : sequence of Operation
        Those whose certificates are measured: all that are installed when there are none.
    lean_checks : mapping of str to callable
        By contender, what has Lean check one certificate.
    """

    quick: bool = False
    rounds: int = 7
    limit_s: float | None = None
    c_library: Callable[[], Path] | None = field(default=None, compare=False)
    transcript_check: Callable[[int], float] | None = field(default=None, compare=False)
    operations: Sequence[Operation] = field(default=(), compare=False)
    lean_checks: Mapping[str, CertificateCheck] = field(default_factory=dict, compare=False)


class SkipScenario(Exception):
    """This scenario cannot be measured here; the message says why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question.

    Parameters
    ----------
    name : str
        What the command line calls it.
    summary : str
        The question, in one line.
    cases : callable
        Gives the cases of a plan. It may raise `SkipScenario`.
    """

    name: str
    summary: str
    cases: Callable[[Plan], list[Case]]


def peers_beside(workload: Workload, floor: str, *names: str) -> tuple[Contender, ...]:
    """Return what people would take instead, asked for the same over tcp."""
    return tuple(Contender(name, name, floor, (workload,)) for name in names)
