"""`lpb serve --reload`: starts the server anew when a file of the user's own operations changes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from lpb_server.settings.sources import load_for
from rich.console import Console

from lpb_cli.errors import UsageError
from lpb_cli.output.terminal import plain
from lpb_cli.processes.child import Child
from lpb_cli.settings import child_environment

__all__ = ["serve_and_reload", "watched_files"]

_LOOK_AGAIN_S = 0.3


def serve_and_reload(arguments: Sequence[str], console: Console) -> NoReturn:
    """Run the server until Ctrl-C, and start it anew when a file changes.

    A server that does not come up, such as for an error in the file, is started again at the next
    change.

    Parameters
    ----------
    arguments
        Those of ``lpb serve``, without ``--reload``.

    Raises
    ------
    UsageError
        When no file is named whose changes could be watched.
    """
    folders = _folders(arguments)
    while True:
        before = watched_files(folders)
        with Child(
            [sys.executable, "-P", "-m", "lpb_server", *arguments],
            directory=Path.cwd(),
            environment=child_environment(),
            on_stdout=lambda line: _pass_on(line, sys.stdout),
            on_stderr=lambda line: _pass_on(line, sys.stderr),
        ) as child:
            ended = _wait_for_change(folders, before, lambda: child.poll() is not None)
            if ended:
                console.print("The server has ended; it is started at the next change.")
                _wait_for_change(folders, before, lambda: False)
        changed = sorted(
            path.name for path, stamp in watched_files(folders).items() if before.get(path) != stamp
        )
        console.print(
            f"{plain(', '.join(changed) or 'A file')} changed: the server starts anew.",
            highlight=False,
        )


def _pass_on(line: str, stream: TextIO) -> None:
    """Write a line in one piece: both streams may lead to one pipe, and have a thread each."""
    stream.write(f"{line}\n")
    stream.flush()


def _folders(arguments: Sequence[str]) -> list[Path]:
    """Find the folders of the files that the setting `operations` names, wherever it is set."""
    from lpb_server.__main__ import make_parser

    options = make_parser("lpb serve").parse_args(list(arguments))
    loaded = load_for(options, child_environment(), Path.cwd())
    sources = loaded.configuration.server.operations.split(",")
    files = [Path(source.strip()) for source in sources if source.strip().endswith(".py")]
    if not files:
        raise UsageError(
            "--reload watches the files that --operations names, and none is named.",
            "For example: lpb serve --operations mine.py --reload",
        )
    return sorted({file.absolute().parent for file in files})


def watched_files(folders: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Give the Python and Lean files in these folders, with the time and size of each."""
    found = {}
    for folder in folders:
        for pattern in ("*.py", "*.lean"):
            for file in folder.glob(pattern):
                try:
                    status = file.stat()
                except OSError:  # It was just replaced.
                    continue
                found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _wait_for_change(
    folders: Sequence[Path],
    before: dict[Path, tuple[int, int]],
    ended: Callable[[], bool],
) -> bool:
    """Wait until a file changes; tell whether it was the server's end instead."""
    while watched_files(folders) == before:
        if ended():
            return True
        time.sleep(_LOOK_AGAIN_S)
    return False
