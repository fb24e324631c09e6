"""The Lean file of an operation's checker, and what it says to a reader."""

from __future__ import annotations

from pathlib import Path

from lpb_server.operations import Operation
from lpb_server.operations.lean_meaning import LeanMeaning, meaning_of

from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings

__all__ = ["checker_source", "read_meaning"]


def checker_source(operation: Operation, settings: Settings) -> Path:
    """Return the Lean file of an operation's checker.

    Raises
    ------
    UsageError
        When there is no such file.
    """
    assert operation.checker is not None
    if operation.checker_file is not None:
        return operation.checker_file
    file = (settings.lean / "proofs").joinpath(*operation.checker.split(".")).with_suffix(".lean")
    if not file.is_file():
        raise UsageError(f"There is no Lean file of {operation.checker}: no {file}.")
    return file


def read_meaning(file: Path) -> LeanMeaning:
    """Read what a checker's file says; what is not in it is empty.

    Raises
    ------
    UsageError
        When it cannot be read.
    """
    try:
        return meaning_of(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
