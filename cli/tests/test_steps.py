"""The runner of stages: what each came to, and what becomes of those after one that failed."""

from __future__ import annotations

import pytest
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Check, Report, Status
from lpb_cli.verify.steps import Outcome, Steps


def steps(*skip: str) -> tuple[Report, Steps]:
    report = Report()
    return report, Steps(report, ProgressReporter(), ["first", "second", "third"], skip)


def failing() -> Outcome[int]:
    raise EnvironmentLacksError("It is missing.\nAll of it.", "Install it.")


def interrupted() -> Outcome[int]:
    raise KeyboardInterrupt


def test_a_value_goes_on_and_checks_decide() -> None:
    report, run = steps()
    assert run.run("first", lambda: Outcome("seven", 7, data={"n": 7})) == 7
    assert run.run("second", lambda: Outcome("", 8, checks=[Check("a", Status.PASSED)])) == 8
    run.run("third", lambda: Outcome("", checks=[Check("b", Status.FAILED)]))
    first, second, third = report.stages
    assert (first.summary, first.data, first.status) == ("seven", {"n": 7}, Status.NOT_RUN)
    assert (second.status, third.status) == (Status.PASSED, Status.FAILED)


def test_a_failure_is_told_and_the_next_stage_runs() -> None:
    report, run = steps()
    assert run.run("first", failing) is None
    assert run.run("second", lambda: Outcome("well", 1, Status.PASSED)) == 1
    first, second, _ = report.stages
    assert (first.status, first.summary) == (Status.FAILED, "It is missing.")
    assert first.checks[0].detail == "It is missing.\nAll of it.\nInstall it."
    assert second.status is Status.PASSED
    assert report.status is Status.FAILED


def test_what_is_skipped_is_not_called() -> None:
    report, run = steps("first")
    assert run.run("first", failing) is None
    assert report.stages[0].status is Status.SKIPPED


def test_ctrl_c_leaves_a_partial_report() -> None:
    report, run = steps()
    run.run("first", lambda: Outcome("well", status=Status.PASSED))
    with pytest.raises(KeyboardInterrupt):
        run.run("second", interrupted)
    statuses = [stage.status for stage in report.stages]
    assert statuses == [Status.PASSED, Status.INTERRUPTED, Status.NOT_RUN]
