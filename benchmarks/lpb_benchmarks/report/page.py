"""One HTML page that stands alone: the tables of the terminal, the pictures, the machine."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from lpb_benchmarks.measure.machine import describe_machine
from lpb_benchmarks.measure.results import RunResult, ScenarioResult
from lpb_benchmarks.report.comparison import Change
from lpb_benchmarks.report.findings import findings, warnings
from lpb_benchmarks.report.objectives import Outcome
from lpb_benchmarks.report.table import print_changes, print_outcomes, print_tables

__all__ = ["render_page"]

_WIDTH: Final = 400
"""Wider than any table, in columns: a narrower console would cut it."""

_THEME: Final = TerminalTheme(
    (204, 204, 204),  # Half and half with the next, this is the colour of what is dim.
    (0, 0, 0),
    [
        *((0, 0, 0), (179, 38, 30), (27, 122, 61), (154, 91, 0)),  # black, red, green, yellow
        *((47, 111, 183), (123, 63, 160), (0, 116, 128), (85, 85, 85)),  # blue to white
    ],
)
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lean-python-bridge: benchmarks</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 90rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
.note { color: #666; font-size: .87rem; } .warn { color: #9a5b00; }
img { max-width: 100%; } pre { font-size: .8rem; overflow-x: auto; }
</style>
</head>
<body>
<h1>lean-python-bridge: benchmarks</h1>
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
    console = Console(record=True, file=io.StringIO(), width=_WIDTH)
    parts = [
        _paragraph(f"{run.started}, {run.elapsed_s:.0f} s, {run.rounds} rounds", "note"),
        _paragraph(describe_machine(run.machine), "note"),
        *(_paragraph(line, "warn") for line in warnings(run)),
        _paragraph(
            "Contenders take turns within each round. Every ratio is to the floor of the same "
            "rounds, with its bootstrapped 95 % interval; a percentile without enough calls is "
            "left out.",
            "note",
        ),
    ]
    if outcomes:
        print_outcomes(outcomes, console)
        parts.append(_printed(console))
    if changes:
        print_changes(changes, "the earlier run", console)
        parts.append(_printed(console))
    for scenario in run.scenarios:
        parts += _scenario(scenario, pictures.get(scenario.name), console)
    facts = escape(json.dumps(run.machine, ensure_ascii=False, indent=1))
    parts.append(f"<h2>Machine</h2>\n<pre>{facts}</pre>")
    return _PAGE + "\n".join(parts) + "\n</body>\n</html>\n"


def _paragraph(text: str, kind: str) -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def _scenario(scenario: ScenarioResult, picture: Path | None, console: Console) -> Iterator[str]:
    yield f"<h2>{escape(scenario.name)}: {escape(scenario.summary)}</h2>"
    yield from (_paragraph(line, "finding") for line in findings(scenario))
    if picture is not None:
        data = base64.b64encode(picture.read_bytes()).decode("ascii")
        alt = escape(f"Chart: {scenario.summary}", quote=True)
        yield f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
    print_tables(scenario, console)
    yield _printed(console)


def _printed(console: Console) -> str:
    """Give what was printed since the last time."""
    return console.export_html(theme=_THEME, code_format="<pre>{code}</pre>", inline_styles=True)
