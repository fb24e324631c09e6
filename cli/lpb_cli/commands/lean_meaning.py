"""What a checker's Lean file says to a reader: its title block, and its `Meaning` with the comment.

It is read as text: the gate has checked the file, and the catalogue shows what stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lpb_server.operations import Operation

from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings

__all__ = ["LeanMeaning", "checker_source", "read_meaning"]

_TITLE = re.compile(r"/-!\s*#[^\n]*\n(?P<text>.*?)-/", re.DOTALL)
_MEANING = re.compile(
    r"(?:/--(?P<said>(?:(?!-/).)*)-/\s*)?"
    r"^(?P<statement>(?:def|abbrev|structure|inductive) Meaning\b.*?)(?=\n\s*\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class LeanMeaning:
    """What a checker's file says.

    Parameters
    ----------
    about : str
        Its title block without the heading: what question, answer and certificate are.
    said : str
        The comment of `Meaning`: the theorem in plain mathematics.
    statement : str
        `Meaning` as Lean has it.
    """

    about: str
    said: str
    statement: str


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
        source = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    title, meaning = _TITLE.search(source), _MEANING.search(source)
    return LeanMeaning(
        _paragraphs(title["text"]) if title else "",
        _paragraphs(meaning["said"] or "") if meaning else "",
        meaning["statement"].rstrip() if meaning else "",
    )


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph; lists keep theirs."""
    joined = [
        part if re.search(r"^\s*[-*|] ", part, re.MULTILINE) else " ".join(part.split())
        for part in re.split(r"\n\s*\n", text.strip())
    ]
    return "\n\n".join(part for part in joined if part)
