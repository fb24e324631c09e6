"""What a person sees on the terminal, and as a part of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lpb_benchmarks.measure.machine import describe_machine
from lpb_benchmarks.measure.results import CaseResult, RunResult, ScenarioResult, Skipped
from lpb_benchmarks.peers import OURS, PEERS, find_peer
from lpb_benchmarks.report.columns import columns_for, estimate_text, number_text
from lpb_benchmarks.report.comparison import Change, Verdict
from lpb_benchmarks.report.findings import findings, warnings
from lpb_benchmarks.report.growth_table import growth_rows, has_sizes
from lpb_benchmarks.report.objectives import Outcome
from lpb_benchmarks.scenarios import SCENARIOS

__all__ = ["print_changes", "print_outcomes", "print_run", "print_scenarios", "print_tables"]

_WIDE: Final = 160


def _table(title: str = "") -> Table:
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
    )


def print_run(run: RunResult, console: Console) -> None:
    """Print the tables of all cases."""
    console.print(describe_machine(run.machine), style="dim", highlight=False, markup=False)
    for scenario in run.scenarios:
        console.print(f"\n[bold]{scenario.name}[/]  {scenario.summary}", highlight=False)
        print_tables(scenario, console)
        for line in findings(scenario):
            console.print(line, highlight=False, markup=False)
    for line in warnings(run):
        console.print(f"\n{line}", style="yellow", highlight=False, markup=False)


def print_tables(scenario: ScenarioResult, console: Console) -> None:
    """Print the tables of a scenario's cases, and what was skipped."""
    if has_sizes(scenario):
        _print_growth(scenario, console)
    else:
        for case in scenario.cases:
            _print_case(case, console)
    _print_skipped(scenario.skipped, console)


def _print_case(case: CaseResult, console: Console) -> None:
    table = _table()
    shown = columns_for(case, narrow=console.width < _WIDE)
    for column in shown:
        table.add_column(column.heading, justify="right", no_wrap=True)
    table.columns[0].justify = "left"
    for contender in case.contenders:
        style = "bold" if contender.peer in OURS else "" if contender.ratios else "dim"
        table.add_row(*(column.text(case, contender) for column in shown), style=style)
    console.print(f"\n{case.name}", style="bold", highlight=False, markup=False)
    console.print(table)
    console.print(case.placement, style="dim", highlight=False, markup=False)
    _print_skipped(case.skipped, console)


def _print_growth(scenario: ScenarioResult, console: Console) -> None:
    narrow = console.width < _WIDE
    heading, *rows = growth_rows(scenario, narrow=narrow)
    table = _table()
    for name in heading:
        table.add_column(escape(name), justify="right", no_wrap=True)
    table.columns[0].justify = "left"
    for row in rows:
        style = "bold" if row[1] == "growth" else ""
        table.add_row(*map(escape, row), style=style)
    console.print(table)
    shown = "Processor time" if narrow else "Wall time / processor time"
    text = f"{shown}; growth is the exponent of n that fits the processor time."
    console.print(text, style="dim", highlight=False, markup=False)
    for case in scenario.cases:
        named = [Skipped(f"{case.name}, {item.name}", item.reason) for item in case.skipped]
        _print_skipped(named, console)


def _print_skipped(skipped: Sequence[Skipped], console: Console) -> None:
    for item in skipped:
        console.print(
            f"skipped {item.name}: {item.reason}", style="yellow", highlight=False, markup=False
        )


def print_changes(changes: Sequence[Change], name: str, console: Console) -> None:
    """Print what got slower and what got faster since an earlier run."""
    moved = [item for item in changes if item.verdict is not Verdict.SAME]
    table = _table(f"\nSince {escape(name)}")
    for heading in ("", "", "", "metric", "× floor then", "now", "time ×"):
        table.add_column(heading, no_wrap=heading != "")
    colours = {Verdict.SLOWER: "red", Verdict.FASTER: "green"}
    for item in moved:
        table.add_row(
            item.verdict,
            escape(item.scenario),
            escape(f"{item.case}: {item.contender}"),
            item.metric,
            *("" if side is None else estimate_text(side) for side in (item.before, item.after)),
            "" if item.factor is None else number_text(item.factor),
            style=colours.get(item.verdict, "dim"),
        )
    if moved:
        console.print(table)
    same = len(changes) - len(moved)
    console.print(f"{same} ratios are as they were since {name}.", highlight=False, markup=False)


def print_outcomes(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the objectives: kept, missed, or not measured."""
    table = _table("\nObjectives")
    for heading in ("", "", "bound", "measured"):
        table.add_column(heading)
    marks = {True: "[green]✔[/]", False: "[red]✘[/]", None: "[dim]·[/]"}
    for item in outcomes:
        measured = item.reason if item.value is None else estimate_text(item.value)
        texts = (item.objective.name, item.objective.bound, measured)
        table.add_row(marks[item.holds], *map(escape, texts))
    console.print(table)


def print_scenarios(console: Console) -> None:
    """Print the names of scenarios and peers."""
    table = _table("Scenarios")
    for scenario in SCENARIOS:
        table.add_row(scenario.name, scenario.summary)
    console.print(table)
    table = _table("\nMeasured side by side")
    for name in PEERS:
        peer = find_peer(name)
        missing = ", ".join(peer.missing())
        state = f"[yellow]not installed: {missing}[/]" if missing else "[green]✔[/]"
        table.add_row(name, peer.title, state)
    console.print(table)
    console.print("\nAll peers: pip install 'lean-python-bridge\\[bench]'", highlight=False)
