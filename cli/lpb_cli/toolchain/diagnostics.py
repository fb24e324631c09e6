"""What checking Lean files came to: values, whichever engine gave them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Diagnostic", "ModuleResult", "ModuleStatus", "ProgramResult", "ProofReport"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message about a place in a Lean file.

    Attributes
    ----------
    severity
        ``error``, ``warning`` or ``information``.
    line, column
        Line from 1, column from 0 in code points, as Lean counts.
    message
        Lean's own words.
    source_line
        The line it is about.
    """

    severity: str
    file: Path
    line: int
    column: int
    message: str
    source_line: str = ""

    def moved(self, lines: int) -> Diagnostic:
        """Give it as it is for a file that has that many lines fewer before it."""
        return replace(self, line=max(self.line - lines, 1)) if lines else self

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data."""
        return {
            "severity": self.severity,
            "file": str(self.file),
            "line": self.line,
            "column": self.column,
            "message": self.message,
        }


class ModuleStatus(StrEnum):
    """How a module came out."""

    CHECKED = "checked"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(slots=True)
class ModuleResult:
    """One module: its status, what the audit found, and what Lean said of it.

    Attributes
    ----------
    theorems, definitions
        How many a person wrote that the kernel has accepted.
    replayed
        How many declarations the kernel has accepted, those that Lean made itself among them.
    axioms
        The axioms that they name.
    statements
        Statements that the report names, with full names and no notation.
    """

    name: str
    file: Path
    status: ModuleStatus
    theorems: int = 0
    definitions: int = 0
    replayed: int = 0
    axioms: tuple[str, ...] = ()
    statements: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def warnings(self) -> int:
        """How many warnings Lean gave."""
        return sum(diagnostic.severity == "warning" for diagnostic in self.diagnostics)


@dataclass(slots=True)
class ProofReport:
    """All modules, and which engine checked them."""

    engine: str
    modules: list[ModuleResult]
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every module was checked, now or before, and none failed."""
        accepted = (ModuleStatus.CHECKED, ModuleStatus.UNCHANGED)
        return bool(self.modules) and all(module.status in accepted for module in self.modules)

    def total(self, name: str) -> int:
        """Add up ``theorems``, ``definitions`` or ``replayed`` of the modules that hold."""
        accepted = (ModuleStatus.CHECKED, ModuleStatus.UNCHANGED)
        return sum(getattr(m, name) for m in self.modules if m.status in accepted)

    @property
    def axioms(self) -> tuple[str, ...]:
        """The axioms that the modules name that hold."""
        accepted = (ModuleStatus.CHECKED, ModuleStatus.UNCHANGED)
        held = [module for module in self.modules if module.status in accepted]
        return tuple(sorted({axiom for module in held for axiom in module.axioms}))

    @property
    def warnings(self) -> int:
        """How many warnings Lean gave."""
        return sum(module.warnings for module in self.modules)


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """What a Lean program printed, and its exit code."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    diagnostics: tuple[Diagnostic, ...] = ()
