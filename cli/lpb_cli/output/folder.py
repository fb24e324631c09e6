"""The output folder is one command's at a time: what two wrote at once would be neither's."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lpb_cli.output.terminal import make_console

__all__ = ["output_lock"]

_LOCK_FILE = "lock"


@contextmanager
def output_lock(folder: Path) -> Iterator[None]:
    """Hold the output folder; wait, and say so on stderr, while another command holds it.

    Compiled modules and transcripts lie there by fixed names. A transcript must be the one that
    this command wrote when Lean reads it, and a module's compiled form that of this command's
    source. The system drops the lock when the process ends, however it ends.

    Parameters
    ----------
    folder
        ``settings.output``; it exists.
    """
    with (folder / _LOCK_FILE).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            make_console(stderr=True).print(
                f"Waiting for another lpb that works in {folder}.", markup=False, highlight=False
            )
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
