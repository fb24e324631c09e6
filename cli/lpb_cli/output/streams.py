"""Makes standard output and error take whatever is printed: only the standard library.

What a command has done must not be lost because a terminal has no letter for it, or says that it
has no columns.
"""

from __future__ import annotations

import io
import sys

from lpb_cli.settings import widen_narrow_terminal

__all__ = ["prepare_streams"]


def prepare_streams() -> None:
    """Write what a terminal cannot show as escapes, and take a width of nothing for none given."""
    widen_narrow_terminal()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
