"""One report value, and the ways to give it: a table, JSON, JUnit XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lpb_cli.output.terminal import plain
from lpb_cli.toolchain.diagnostics import Diagnostic

__all__ = ["Check", "Report", "Stage", "Status", "print_report", "write_report"]


class Status(StrEnum):
    """How a check or a stage came out."""

    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_RUN = "not run"
    SKIPPED = "skipped, as asked"
    LACKING = "not possible here"


@dataclass(slots=True)
class Check:
    """One thing that was checked within a stage."""

    name: str
    status: Status
    detail: str = ""
    seconds: float = 0.0
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass(slots=True)
class Stage:
    """A step of `lpb verify`.

    Attributes
    ----------
    summary
        One line for the table.
    data
        Facts for the JSON report.
    """

    name: str
    status: Status = Status.NOT_RUN
    summary: str = ""
    seconds: float = 0.0
    checks: list[Check] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def failures(self) -> list[Check]:
        """The checks that did not hold."""
        return [check for check in self.checks if check.status is Status.FAILED]


@dataclass(slots=True)
class Report:
    """What `lpb verify` found.

    Attributes
    ----------
    made_of
        Time, commit and hashes: see `provenance`.
    """

    engine: str = ""
    seed: int = 0
    stages: list[Stage] = field(default_factory=list)
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    made_of: Mapping[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """The files that its stages have written."""
        data = [stage.data for stage in self.stages]
        named = [name for each in data for name in [each.get("file"), *each.get("files", ())]]
        return [Path(name) for name in named if isinstance(name, str)]

    @property
    def status(self) -> Status:
        """The worst of the stages' statuses; what is skipped or can be done without counts not."""
        statuses = {stage.status for stage in self.stages}
        for worst in (Status.FAILED, Status.INTERRUPTED, Status.NOT_RUN):
            if worst in statuses:
                return worst
        return Status.PASSED

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data."""
        return {
            "report_version": 1,
            "status": self.status,
            "engine": self.engine,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "versions": self.versions,
            **self.made_of,
            "stages": [
                {
                    "name": stage.name,
                    "status": stage.status,
                    "summary": stage.summary,
                    "seconds": round(stage.seconds, 3),
                    **({"data": stage.data} if stage.data else {}),
                    "checks": [
                        {
                            "name": check.name,
                            "status": check.status,
                            "detail": check.detail,
                            "seconds": round(check.seconds, 3),
                            "diagnostics": [d.as_dict() for d in check.diagnostics],
                        }
                        for check in stage.checks
                    ],
                }
                for stage in self.stages
            ],
        }


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.json``, ``junit.xml`` and, of checked modules, ``statements.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    _write_statements(report, folder / "statements.txt")
    suites = ElementTree.Element("testsuites", name="lpb verify", time=f"{report.seconds:.3f}")
    for stage in report.stages:
        checks = stage.checks or [Check(stage.name, stage.status, stage.summary, stage.seconds)]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=stage.name,
            tests=str(len(checks)),
            failures=str(sum(check.status is Status.FAILED for check in checks)),
            skipped=str(
                sum(check.status not in (Status.PASSED, Status.FAILED) for check in checks)
            ),
            time=f"{stage.seconds:.3f}",
        )
        facts = {k: v for k, v in stage.data.items() if isinstance(v, str | int | float)}
        facts |= {k: ", ".join(v) for k, v in stage.data.items() if _is_list_of_texts(v)}
        if facts:
            properties = ElementTree.SubElement(suite, "properties")
            for key, value in facts.items():
                ElementTree.SubElement(properties, "property", name=key, value=_xml(str(value)))
        for check in checks:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=stage.name,
                name=check.name,
                time=f"{check.seconds:.3f}",
            )
            if check.status is Status.FAILED:
                failure = ElementTree.SubElement(case, "failure", message=_xml(check.detail))
                failure.text = _xml("\n".join(_plain(d) for d in check.diagnostics))
            elif check.status is not Status.PASSED:
                ElementTree.SubElement(case, "skipped", message=str(check.status))
            elif check.detail:
                ElementTree.SubElement(case, "system-out").text = _xml(check.detail)
    tree = ElementTree.ElementTree(suites)
    ElementTree.indent(tree)
    tree.write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)


def _write_statements(report: Report, file: Path) -> None:
    """Write what was proven as the kernel has it: full names, every instance, no notation."""
    modules = [m for s in report.stages for m in s.data.get("modules", ()) if isinstance(m, dict)]
    statements = [pair for m in modules for pair in sorted(m.get("statements", {}).items())]
    if statements:
        text = "\n\n".join(f"{name}\n    {statement}" for name, statement in statements)
        file.write_text(text + "\n", encoding="utf-8")


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _xml(text: str) -> str:
    """Drop the characters that XML cannot hold."""
    return "".join(c if c in "\n\t" or " " <= c <= "\ud7ff" or c >= "\ue000" else "�" for c in text)


def _plain(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    return f"{place}: {diagnostic.severity}: {diagnostic.message}\n    {diagnostic.source_line}"


_MARKS = {
    Status.PASSED: "[green]✔[/]",
    Status.FAILED: "[red]✘[/]",
    Status.INTERRUPTED: "[yellow]■[/]",
    Status.NOT_RUN: "[dim]·[/]",
    Status.SKIPPED: "[yellow]·[/]",
    Status.LACKING: "[yellow]·[/]",
}
_SHOWN_FAILURES = 10


def print_report(report: Report, console: Console, folder: Path) -> None:
    """Print one table that can be taken in at a glance; what failed stands above it."""
    for stage in report.stages:
        shown = stage.failures[:_SHOWN_FAILURES]
        for check in shown:
            console.print(f"\n[red]✘ {plain(stage.name)}: {plain(check.name)}[/]", highlight=False)
            if check.detail:
                console.print(f"  {plain(check.detail)}", highlight=False, soft_wrap=True)
            for diagnostic in check.diagnostics[:_SHOWN_FAILURES]:
                print_diagnostic(diagnostic, console)
        if len(stage.failures) > len(shown):
            console.print(f"  … and {len(stage.failures) - len(shown)} more in report.json")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("stage")
    table.add_column("result", ratio=1, overflow="fold")
    table.add_column("seconds", justify="right")
    for stage in report.stages:
        ran = stage.status not in (Status.NOT_RUN, Status.SKIPPED, Status.LACKING)
        seconds = f"{stage.seconds:.1f}" if ran else ""
        table.add_row(
            _MARKS[stage.status], stage.name, plain(stage.summary or str(stage.status)), seconds
        )
    console.print()
    console.print(table)
    verdict = {
        Status.PASSED: "[bold green]Everything held.[/]",
        Status.FAILED: "[bold red]Something did not hold.[/]",
        Status.INTERRUPTED: "[bold yellow]Interrupted: this report is partial.[/]",
        Status.NOT_RUN: "[bold yellow]Not everything ran: this report is partial.[/]",
    }[report.status]
    skipped = [stage.name for stage in report.stages if stage.status is Status.SKIPPED]
    if skipped:
        verdict += f" [bold yellow]Skipped, as asked: {', '.join(skipped)}.[/]"
    console.print(f"\n{verdict} {report.seconds:.1f} s, engine: {plain(report.engine)}")
    console.print(f"[dim]Report, JUnit XML and transcript: {plain(str(folder))}[/]", soft_wrap=True)


def print_diagnostic(diagnostic: Diagnostic, console: Console) -> None:
    """Print a diagnostic with the source line that it is about, and a mark under the column."""
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column + 1}"
    console.print(f"  {plain(place)}: {plain(diagnostic.message)}", highlight=False, soft_wrap=True)
    if diagnostic.source_line.strip() and len(diagnostic.source_line) < 200:
        console.print(f"    {plain(diagnostic.source_line)}", highlight=False, soft_wrap=True)
        console.print("    " + " " * diagnostic.column + "[red]^[/]")
