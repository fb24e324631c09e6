"""What ``lpb bench`` does: measure or read, judge, and write the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lpb_server.operations import Operation
from rich.console import Console

from lpb_benchmarks.errors import BenchmarkError, BenchmarkUsageError
from lpb_benchmarks.measure.certified import CertificateCheck
from lpb_benchmarks.measure.results import RunResult, load_result
from lpb_benchmarks.measure.runner import LEAST_ROUNDS, Progress
from lpb_benchmarks.report.comparison import (
    DEFAULT_THRESHOLD,
    Change,
    Verdict,
    compare_runs,
    confirmed,
)
from lpb_benchmarks.report.export import write_csv, write_json
from lpb_benchmarks.report.objectives import Outcome, check_objectives, load_objectives
from lpb_benchmarks.report.page import render_page
from lpb_benchmarks.report.plots import can_draw, draw_plots
from lpb_benchmarks.report.table import print_changes, print_outcomes, print_run
from lpb_benchmarks.scenarios import SCENARIOS
from lpb_benchmarks.suite import full_plan, quick_plan, run_suite, select_scenarios

__all__ = ["BenchOptions", "BenchReport", "print_report", "run_bench"]

RESULT_FILE: Final = "results.json"


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What was asked for.

    Parameters
    ----------
    output : Path
        The folder of the report.
    scenarios : sequence of str
        Names; all for none.
    quick : bool
        End within a minute.
    rounds : int or None
        How many rounds, where it is not the plan's number.
    read : Path or None
        A result to report on instead of measuring.
    compare : Path or None
        An earlier result to compare with.
    threshold : float
        How large a change counts.
    objectives : Path or None
        The objectives to check.
    c_library, transcript_check, operations, lean_checks
        As in `Plan`.
    """

    output: Path
    scenarios: Sequence[str] = ()
    quick: bool = False
    rounds: int | None = None
    read: Path | None = None
    compare: Path | None = None
    threshold: float = DEFAULT_THRESHOLD
    objectives: Path | None = None
    c_library: Callable[[], Path] | None = None
    transcript_check: Callable[[int], float] | None = None
    operations: Sequence[Operation] = ()
    lean_checks: Mapping[str, CertificateCheck] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What it came to.

    Parameters
    ----------
    run : RunResult
        What was measured.
    outcomes : list of Outcome
        The objectives, where they were checked.
    changes : list of Change
        Since the earlier run, where there is one.
    compared_with : str
        That run's file.
    files : list of Path
        What was written.
    """

    run: RunResult
    outcomes: list[Outcome] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    compared_with: str = ""
    files: list[Path] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing got slower and no objective was missed."""
        slower = any(change.verdict is Verdict.SLOWER for change in self.changes)
        return not slower and all(outcome.holds is not False for outcome in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {
            "holds": self.holds,
            "run": self.run.as_dict(),
            "objectives": [item.as_dict() for item in self.outcomes],
            "changes": [item.as_dict() for item in self.changes],
            "files": list(map(str, self.files)),
        }


def run_bench(options: BenchOptions, progress: Progress) -> BenchReport:
    """Measure or read, judge, and write the report.

    Raises
    ------
    BenchmarkUsageError
        When an option makes no sense; before anything is measured.
    BenchmarkError
        When one of our own processes fails, or the report cannot be written.
    """
    # Whatever can be wrong with the options is said before minutes of measuring.
    scenarios = select_scenarios(options.scenarios)
    before = load_result(options.compare) if options.compare else None
    objectives = load_objectives(options.objectives) if options.objectives else []
    if options.rounds is not None and options.rounds < LEAST_ROUNDS:
        raise BenchmarkUsageError(f"Fewer than {LEAST_ROUNDS} rounds tell nothing.")
    plan = quick_plan() if options.quick else full_plan()
    plan = replace(
        plan,
        rounds=options.rounds or plan.rounds,
        c_library=options.c_library,
        transcript_check=options.transcript_check,
        operations=options.operations,
        lean_checks=options.lean_checks,
    )
    run = load_result(options.read) if options.read else run_suite(scenarios, plan, progress)
    changes = compare_runs(before, run, options.threshold) if before else []
    slower = {change.scenario for change in changes if change.verdict is Verdict.SLOWER}
    if before and slower and not options.read and not run.interrupted:
        progress("what looks slower is measured again", 0, 0)
        again = run_suite(select_scenarios(sorted(slower)), plan, progress)
        changes = confirmed(changes, compare_runs(before, again, options.threshold))
        run = replace(run, interrupted=again.interrupted)
    outcomes = check_objectives(objectives, run)
    report = BenchReport(run, outcomes, changes, str(options.compare or ""))
    progress("writing the report", 0, 0)
    return replace(report, files=_write(report, options.output))


def _write(report: BenchReport, folder: Path) -> list[Path]:
    files = [folder / RESULT_FILE, folder / "results.csv", folder / "report.html"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(report.run, files[0])
        write_csv(report.run, files[1])
        for scenario in SCENARIOS:  # A picture of an earlier run would pass for one of this.
            for suffix in (".svg", ".png"):
                (folder / scenario.name).with_suffix(suffix).unlink(missing_ok=True)
        pictures = draw_plots(report.run, folder) if can_draw() else {}
        page = render_page(report.run, pictures, report.outcomes, report.changes)
        files[2].write_text(page, encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(
            f"The report cannot be written to {folder}: {error.strerror}.",
            "Name a folder of your own with --output.",
        ) from error
    drawn = [path.with_suffix(suffix) for path in pictures.values() for suffix in (".svg", ".png")]
    return files + drawn


def print_report(report: BenchReport, console: Console) -> None:
    """Print everything a person has to see."""
    print_run(report.run, console)
    if report.changes:
        print_changes(report.changes, report.compared_with, console)
    if report.outcomes:
        print_outcomes(report.outcomes, console)
    page = next(path for path in report.files if path.suffix == ".html")
    console.print(f"\nReport: {page}", style="dim", highlight=False, markup=False, soft_wrap=True)
    if not can_draw():
        text = "No pictures: matplotlib is not installed (pip install 'lean-python-bridge[bench]')."
        console.print(text, style="yellow", highlight=False, markup=False)
