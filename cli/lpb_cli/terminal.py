"""What a person sees while something runs. Everything goes to stderr; stdout is for results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from lpb_cli.errors import LpbError
from lpb_cli.verify.options import Narrator

__all__ = ["TerminalNarrator", "download_progress", "print_error", "terminal_narrator"]


def print_error(error: LpbError, console: Console) -> None:
    """Print an error: what happened, and what to do next."""
    console.print(f"[bold red]error:[/] {_plain(error.message)}", highlight=False, soft_wrap=True)
    if error.hint:
        console.print(f"[dim]→[/] {_plain(error.hint)}", highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


class TerminalNarrator(Narrator):
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
        described = f"{self._stage}: {_plain(text)}" if self._stage else _plain(text)
        self._progress.update(
            self._task, description=described, completed=done, total=total or None
        )


@contextlib.contextmanager
def terminal_narrator(console: Console, *, quiet: bool) -> Iterator[Narrator]:
    """Give a narrator; a silent one when `quiet`."""
    if quiet:
        yield Narrator()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield TerminalNarrator(progress)


def download_progress(narrator: Narrator, text: str, done: int, total: int) -> None:
    """Show a download in megabytes, anything else as it is."""
    if total > 1_000_000:
        narrator.progress(f"{text} (MB)", done // 1_000_000, total // 1_000_000)
    else:
        narrator.progress(text, done, total)
