"""What checking Lean files came to: values, whichever engine gave them."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """One module: its status, how many declarations it has, and what Lean said of it."""

    name: str
    file: Path
    status: ModuleStatus
    theorems: int = 0
    definitions: int = 0
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

    @property
    def theorems(self) -> int:
        """How many theorems the modules hold."""
        return sum(module.theorems for module in self.modules)

    @property
    def definitions(self) -> int:
        """How many definitions the modules hold."""
        return sum(module.definitions for module in self.modules)

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
