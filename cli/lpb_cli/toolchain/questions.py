"""What the tactic ``certified`` asks while Lean elaborates a file, and what it is answered.

Lean writes each question into a folder of answers, and fails; once there is an answer beside it,
the next run finds that. See ``LeanPythonBridge/Tactic.lean``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lpb_cli.toolchain.lean_sources import blank_comments

__all__ = ["TACTIC", "TACTIC_MODULE", "Ask", "answer_questions", "asks"]

Ask = Callable[[str], str]
"""Takes a question as the tactic writes it; gives the line ``answer`` and a Lean term, or the line
``error`` and a reason."""

TACTIC = Path("proofs") / "LeanPythonBridge" / "Tactic.lean"
"""The tactic's file, in the folder of the Lean package."""

TACTIC_MODULE = "LeanPythonBridge.Tactic"

_ASKS = re.compile(r'(?<![\w.])certified\??\s+"')


def asks(source: str) -> bool:
    """Tell whether a Lean file asks anything."""
    return _ASKS.search(blank_comments(source)) is not None


def answer_questions(folder: Path, ask: Ask) -> bool:
    """Answer what was asked since the last time; tell whether there was anything."""
    new = [
        question
        for question in sorted(folder.glob("*.question"))
        if not question.with_suffix(".answer").exists()
    ]
    for question in new:
        answer = ask(question.read_text(encoding="utf-8"))
        question.with_suffix(".answer").write_text(answer, encoding="utf-8")
    return bool(new)
