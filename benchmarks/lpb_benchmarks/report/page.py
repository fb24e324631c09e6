"""One HTML page that stands alone: machine, verdicts, pictures and all numbers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from lpb_benchmarks.measure.machine import describe_machine
from lpb_benchmarks.measure.results import CaseResult, RunResult, ScenarioResult, Skipped
from lpb_benchmarks.peers import OURS
from lpb_benchmarks.report.columns import columns_for, estimate_text, number_text
from lpb_benchmarks.report.comparison import Change, Verdict
from lpb_benchmarks.report.findings import findings, warnings
from lpb_benchmarks.report.growth_table import growth_rows, has_sizes
from lpb_benchmarks.report.objectives import Outcome

__all__ = ["render_page"]

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; max-width: 72rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; font-weight: 600; }
.note { color: #667380; font-size: .87rem; } .warn { color: #9a5b00; }
.good { color: #1b7a3d; } .bad { color: #b3261e; font-weight: 600; }
.scroll { overflow-x: auto; } img { max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .87rem; }
th { font-weight: 500; color: #667380; border-bottom: 1px solid #d5dae0; }
td, th { padding: .18rem .7rem .18rem 0; text-align: right; white-space: nowrap; }
td:first-child, th:first-child, .text td { text-align: left; }
tr.ours td { font-weight: 600; color: #2f6fb7; } tr.floor td { color: #667380; }
pre { background: #f4f6f8; padding: 1rem; overflow-x: auto; font-size: .8rem; }
"""


def render_page(
    run: RunResult,
    pictures: Mapping[str, Path],
    outcomes: Sequence[Outcome] = (),
    changes: Sequence[Change] = (),
) -> str:
    """Return the page.

    Parameters
    ----------
    run : RunResult
        What was measured.
    pictures : mapping of str to Path
        The SVG of each scenario that has one; their bytes become part of the page.
    outcomes : sequence of Outcome
        The objectives, where they were checked.
    changes : sequence of Change
        What an earlier run is compared with, where there is one.

    Raises
    ------
    OSError
        When a picture cannot be read.
    """
    parts = [
        "<h1>lean-python-bridge: benchmarks</h1>",
        _paragraph(f"{run.started}, {run.elapsed_s:.0f} s, {run.rounds} rounds", "note"),
        _paragraph(describe_machine(run.machine), "note"),
        *(_paragraph(line, "warn") for line in warnings(run)),
        _paragraph(
            "Contenders take turns within each round. Every ratio is to the floor of the same "
            "rounds, with its bootstrapped 95 % interval; a percentile without enough calls is "
            "left out.",
            "note",
        ),
        *_objectives(outcomes),
        *_changes(changes),
    ]
    for scenario in run.scenarios:
        parts += _scenario(scenario, pictures.get(scenario.name))
    facts = escape(json.dumps(run.machine, ensure_ascii=False, indent=1))
    parts.append(f"<h2>Machine</h2>\n<pre>{facts}</pre>")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>lean-python-bridge: benchmarks</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _paragraph(text: str, kind: str) -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def _objectives(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    marks = {
        True: '<span class="good">kept</span>',
        False: '<span class="bad">missed</span>',
        None: "not measured",
    }
    yield "<h2>Objectives</h2>"
    yield _text_table(
        [marks[item.holds], *map(escape, (item.objective.name, item.objective.bound, _said(item)))]
        for item in outcomes
    )


def _said(outcome: Outcome) -> str:
    return outcome.reason if outcome.value is None else estimate_text(outcome.value)


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        return
    marks = {Verdict.SLOWER: "bad", Verdict.FASTER: "good"}
    moved = [item for item in changes if item.verdict is not Verdict.SAME]
    yield "<h2>Since the earlier run</h2>"
    yield _paragraph(f"{len(changes) - len(moved)} ratios are as they were.", "note")
    yield _text_table(
        [
            f'<span class="{marks.get(item.verdict, "note")}">{item.verdict}</span>',
            *map(escape, (item.scenario, item.case, item.contender, item.metric)),
            *(
                "" if side is None else escape(estimate_text(side))
                for side in (item.before, item.after)
            ),
            "" if item.factor is None else f"time × {number_text(item.factor)}",
        ]
        for item in moved
    )


def _text_table(rows: Iterator[list[str]]) -> str:
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return '<div class="scroll"><table class="text">' + "\n".join(lines) + "</table></div>"


def _scenario(scenario: ScenarioResult, picture: Path | None) -> Iterator[str]:
    yield f"<h2>{escape(scenario.name)}: {escape(scenario.summary)}</h2>"
    yield from _skipped(scenario.skipped)
    yield from (_paragraph(line, "finding") for line in findings(scenario))
    if picture is not None:
        data = base64.b64encode(picture.read_bytes()).decode("ascii")
        alt = escape(f"Chart: {scenario.summary}", quote=True)
        yield f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
    if has_sizes(scenario):
        yield from _growth(scenario)
        return
    for case in scenario.cases:
        yield f"<h3>{escape(case.name)}</h3>"
        yield _numbers(case)
        yield _paragraph(case.placement, "note")
        yield from _skipped(case.skipped)


def _growth(scenario: ScenarioResult) -> Iterator[str]:
    lines = []
    for number, row in enumerate(growth_rows(scenario)):
        tag = "th" if number == 0 else "td"
        kind = ' class="ours"' if row[1] == "growth" else ""
        cells = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
        lines.append(f"<tr{kind}>{cells}</tr>")
    yield '<div class="scroll"><table>' + "\n".join(lines) + "</table></div>"
    yield _paragraph("Wall time / processor time; growth is fitted to the latter.", "note")
    for case in scenario.cases:
        yield from _skipped([Skipped(f"{case.name}, {i.name}", i.reason) for i in case.skipped])


def _skipped(skipped: Sequence[Skipped]) -> Iterator[str]:
    for item in skipped:
        yield _paragraph(f"skipped {item.name}: {item.reason}", "warn")


def _numbers(case: CaseResult) -> str:
    columns = columns_for(case)
    head = "".join(f"<th>{escape(column.heading)}</th>" for column in columns)
    lines = [f"<tr>{head}</tr>"]
    for item in case.contenders:
        kind = "ours" if item.peer in OURS else "other" if item.ratios else "floor"
        cells = "".join(f"<td>{escape(column.text(case, item))}</td>" for column in columns)
        lines.append(f'<tr class="{kind}">{cells}</tr>')
    return '<div class="scroll"><table>' + "\n".join(lines) + "</table></div>"
