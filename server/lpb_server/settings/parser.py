"""A command-line parser whose errors are one line."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["Parser"]

_EXIT_USAGE = 2


class Parser(argparse.ArgumentParser):
    """Says what is wrong and where help is; the flags are too many to list each time."""

    def flags(self) -> dict[str, str]:
        """Return what each flag that can be given is for, for completion in a shell."""
        return {
            flag: action.help or ""
            for action in self._actions
            for flag in action.option_strings
            if flag.startswith("--")
        }

    def error(self, message: str) -> NoReturn:
        """End the process with the code for wrong usage."""
        self.exit(_EXIT_USAGE, f"error: {message}; see {self.prog} --help\n")
