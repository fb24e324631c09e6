"""Runs stages one after the other, and puts what each came to into a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from lpb_cli.errors import LpbError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Check, Report, Stage, Status

__all__ = ["Outcome", "Steps"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a stage came to.

    Attributes
    ----------
    summary
        One line for the table.
    value
        What later stages need of it; ``None`` where there is nothing for them.
    status
        ``None`` leaves it to the checks: failed when one of them is; not run when there are none.
    data
        Facts for the JSON report.
    """

    summary: str
    value: T | None = None
    status: Status | None = None
    checks: Sequence[Check] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def write_to(self, stage: Stage) -> None:
        """Put it into a report's stage."""
        stage.summary = self.summary
        stage.checks = list(self.checks)
        stage.data = dict(self.data)
        if self.status is not None:
            stage.status = self.status
        elif self.checks:
            stage.status = Status.FAILED if stage.failures else Status.PASSED


class Steps:
    """The stages of one report. A stage that fails does not keep the others from running.

    Parameters
    ----------
    report
        Gets a stage for each name, in order: skipped, or not run until `run` is told otherwise.
    reporter
        Is told which stage runs.
    skip
        The names of those that are left out, as asked.
    """

    def __init__(
        self,
        report: Report,
        reporter: ProgressReporter,
        names: Sequence[str],
        skip: Collection[str],
    ) -> None:
        self._reporter = reporter
        self._stages = {
            name: Stage(name, Status.SKIPPED if name in skip else Status.NOT_RUN) for name in names
        }
        report.stages = list(self._stages.values())

    def __contains__(self, name: str) -> bool:
        return name in self._stages

    def run(self, name: str, step: Callable[[], Outcome[T]]) -> T | None:
        """Run a stage, unless it is skipped; give what later ones need of it.

        Raises
        ------
        KeyboardInterrupt
            After the stage was marked as interrupted.
        """
        stage = self._stages[name]
        if stage.status is Status.SKIPPED:
            return None
        self._reporter.stage(name)
        started = time.monotonic()
        try:
            outcome = step()
        except KeyboardInterrupt:
            stage.status, stage.summary = Status.INTERRUPTED, "interrupted"
            raise
        except LpbError as error:
            stage.status = Status.FAILED
            detail = f"{error.message}\n{error.hint or ''}".strip()
            stage.checks.append(Check(name, Status.FAILED, detail))
            stage.summary = error.message.splitlines()[0]
            return None
        finally:
            stage.seconds = time.monotonic() - started
        outcome.write_to(stage)
        return outcome.value
