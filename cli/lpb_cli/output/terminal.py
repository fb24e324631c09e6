"""What a person sees while something runs. Everything goes to stderr; stdout is for results."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from lpb_cli.errors import LpbError
from lpb_cli.output.progress import ProgressReporter

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = [
    "LineReporter",
    "TerminalReporter",
    "download_progress",
    "make_console",
    "plain",
    "print_error",
    "print_json",
    "terminal_reporter",
]

_SECONDS_BETWEEN_LINES = 10.0
"""How often something that goes on says so, where there is no terminal."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal obeys rather than shows, but for tabs and ends of lines."""


def make_console(*, stderr: bool = False) -> Console:
    """Make a console: what is printed comes from outside, too, so `:key:` is no picture of one."""
    return Console(stderr=stderr, emoji=False)


def plain(text: str) -> str:
    """Return a text from outside as markup that shows just that text, and moves no cursor."""
    return escape(_CONTROLS.sub(lambda found: repr(found[0])[1:-1], text))


def print_json(value: Any, *, allow_nan: bool = True) -> None:
    """Print one JSON value on standard output, in whatever encoding that has."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    utf8 = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not utf8, allow_nan=allow_nan))


def print_error(error: LpbError, console: Console) -> None:
    """Print an error: what happened, and what to do next."""
    console.print(f"[bold red]error:[/] {plain(error.message)}", highlight=False, soft_wrap=True)
    if error.hint:
        console.print(f"[dim]→[/] {plain(error.hint)}", highlight=False, soft_wrap=True)


class TerminalReporter(ProgressReporter):
    """Shows one line: the stage, what it does, how far it is, how long it has taken."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._stage = ""

    def stage(self, name: str) -> None:
        """Begin a stage."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._stage = name
        self._task = self._progress.add_task(name, total=None)

    def progress(self, text: str, done: int, total: int) -> None:
        """Show how far the stage is."""
        if self._task is None:
            self.stage(text)
        assert self._task is not None
        described = f"{self._stage}: {text}" if self._stage else text
        self._progress.update(
            self._task, description=described, completed=done, total=total or None
        )


class LineReporter(ProgressReporter):
    """Writes a line for each stage, and one now and then while it goes on: for logs and pipes.

    Parameters
    ----------
    console
        Where to.
    clock
        Gives seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._stage = ""
        self._said_s = -_SECONDS_BETWEEN_LINES

    def stage(self, name: str) -> None:
        """Begin a stage."""
        self._stage = name
        self._say(f"{name} …")

    def progress(self, text: str, done: int, total: int) -> None:
        """Say how far the stage is, unless something was said just now."""
        if self._clock() - self._said_s >= _SECONDS_BETWEEN_LINES:
            far = f" {done}/{total}" if total else ""
            self._say(f"{self._stage}: {text}{far}" if self._stage else f"{text}{far}")

    def _say(self, line: str) -> None:
        self._said_s = self._clock()
        self._console.print(plain(line), highlight=False, soft_wrap=True)


@contextlib.contextmanager
def terminal_reporter(console: Console, *, quiet: bool) -> Iterator[ProgressReporter]:
    """Give a reporter: a silent one when `quiet`, one that writes lines where is no terminal."""
    if quiet:
        yield ProgressReporter()
        return
    if not console.is_terminal:
        yield LineReporter(console)
        return
    from rich.progress import (  # Most commands end too soon to show any.
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield TerminalReporter(progress)


def download_progress(reporter: ProgressReporter, text: str, done: int, total: int) -> None:
    """Show a download in megabytes, anything else as it is."""
    if total > 1_000_000:
        reporter.progress(f"{text} (MB)", done // 1_000_000, total // 1_000_000)
    else:
        reporter.progress(text, done, total)
