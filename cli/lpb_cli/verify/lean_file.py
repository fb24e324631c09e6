"""A Lean file of claims that stand one after another, each under a name that people know it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lpb_cli.toolchain.diagnostics import Diagnostic

__all__ = ["LeanFile", "claims_file"]


@dataclass(frozen=True, slots=True)
class LeanFile:
    """A Lean file, and which of its lines belong to which claim."""

    source: str
    starts: tuple[tuple[int, str], ...]
    """The first line of each claim, from 1, and its name."""

    def name_at(self, line: int) -> str:
        """Give the name of the claim that a line belongs to; empty before the first."""
        name = ""
        for start, candidate in self.starts:
            if start > line:
                break
            name = candidate
        return name

    def errors(self, diagnostics: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
        """Give Lean's errors by the name of the claim that they stand in."""
        found: dict[str, list[Diagnostic]] = {}
        for diagnostic in diagnostics:
            if diagnostic.severity == "error":
                found.setdefault(self.name_at(diagnostic.line), []).append(diagnostic)
        return found


def claims_file(
    module: str, introduction: str, claims: Iterable[tuple[str, str, str, str]]
) -> LeanFile:
    """Write a file that has the kernel decide claims.

    Parameters
    ----------
    module
        The module that says what is claimed: each kind is a structure in its namespace with a
        proposition ``Holds`` and a theorem ``holds_of_check``.
    introduction
        The text of the file's comment, in Markdown.
    claims
        The name of each, the word that its constant is named with, its kind, and its term from
        ``where`` or ``:=`` on.
    """
    text = (
        f"module\npublic import {module}\n\n/-!\n{introduction}\n-/\n\n@[expose] public section\n\n"
        f"namespace LeanPythonBridge.{module}\n"
    )
    starts: list[tuple[int, str]] = []
    for number, (name, word, kind, term) in enumerate(claims, start=1):
        text += "\n"
        starts.append((text.count("\n") + 1, name))
        constant = f"{word}{number}"
        text += (
            f"/-- {name.replace('-/', '- /')}. -/\n"
            f"def {constant} : {kind} {term}\n\n"
            f"theorem {constant}_holds : {constant}.Holds :=\n"
            f"  {constant}.holds_of_check (by decide +kernel)\n"
        )
    return LeanFile(f"{text}\nend LeanPythonBridge.{module}\n", tuple(starts))
