"""A Lean file of claims that stand one after another, each under a name that people know it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lpb_cli.toolchain.diagnostics import Diagnostic

__all__ = ["Claim", "LeanFile", "claims_file"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A constant, and a theorem about it that the kernel decides.

    Attributes
    ----------
    name
        What people know it by.
    word
        What the constant is named with.
    type
        Its type.
    term
        Its term, from ``where`` or ``:=`` on.
    statement
        The theorem's, with ``{0}`` for the constant.
    proof
        The theorem's, with ``{0}`` for the constant.
    """

    name: str
    word: str
    type: str
    term: str
    statement: str = "{0}.Holds"
    proof: str = "{0}.holds_of_check (by decide +kernel)"


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
    imports: Iterable[str], namespace: str, introduction: str, claims: Iterable[Claim]
) -> LeanFile:
    """Write a file that has the kernel decide claims.

    Parameters
    ----------
    imports
        The modules that say what is claimed.
    namespace
        Where the constants are.
    introduction
        The text of the file's comment, in Markdown.
    """
    imported = "".join(f"public import {module}\n" for module in dict.fromkeys(imports))
    text = (
        f"module\n\n{imported}\n/-!\n{introduction}\n-/\n\n@[expose] public section\n\n"
        f"namespace {namespace}\n"
    )
    starts: list[tuple[int, str]] = []
    for number, claim in enumerate(claims, start=1):
        text += "\n"
        starts.append((text.count("\n") + 1, claim.name))
        constant = f"{claim.word}{number}"
        text += (
            f"/-- {claim.name.replace('-/', '- /')}. -/\n"
            f"def {constant} : {claim.type} {claim.term}\n\n"
            f"theorem {constant}_holds : {claim.statement.format(constant)} :=\n"
            f"  {claim.proof.format(constant)}\n"
        )
    return LeanFile(f"{text}\nend {namespace}\n", tuple(starts))
