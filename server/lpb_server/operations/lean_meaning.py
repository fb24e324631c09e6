"""What a checker's Lean file says to a reader: its title block, and its `Meaning` with the comment.

It is read as text: the gate has checked the file, and what stands in it is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lpb_server.operations.definition import Operation

__all__ = ["LeanMeaning", "find_lean_file", "meaning_of"]

_TITLE = re.compile(r"/-!\s*#[^\n]*\n(?P<text>.*?)-/", re.DOTALL)
_MEANING = re.compile(
    r"(?:/--(?P<said>(?:(?!-/).)*)-/\s*)?"
    r"^(?P<statement>(?:def|abbrev|structure|inductive) Meaning\b.*?)(?=\n\s*\n|\Z)",
    re.DOTALL | re.MULTILINE,
)

_PACKAGE: Final = Path("lean", "proofs")


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


def find_lean_file(operation: Operation) -> Path | None:
    """Return the Lean file of an operation's checker; None when it is not found."""
    if operation.checker is None or operation.checker_file is not None:
        return operation.checker_file
    parts = operation.checker.split(".")
    files = (place.joinpath(*parts).with_suffix(".lean") for place in _places())
    return next((file for file in files if file.is_file()), None)


def _places() -> tuple[Path, ...]:
    """Give where the Lean package can be: in a checkout, and in an installed distribution.

    Both are seen from the command line's package: this one may be a compiled copy, elsewhere.
    """
    found = find_spec("lpb_cli")
    if found is None or found.origin is None:
        return ()
    package = Path(found.origin).resolve().parent
    return package.parents[1] / _PACKAGE, package / "project" / _PACKAGE


def meaning_of(source: str) -> LeanMeaning:
    """Read what the text of a checker's file says; what is not in it is empty."""
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
