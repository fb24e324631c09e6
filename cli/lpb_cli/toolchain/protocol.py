"""What a Lean engine can do, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lpb_cli.toolchain.audit import ModuleAudit
from lpb_cli.toolchain.diagnostics import Diagnostic, ProgramResult, ProofReport

__all__ = ["FileResult", "LeanToolchain", "ProgramRunner", "ProofProgress"]

ProofProgress = Callable[[str, int, int], None]
"""Called with what is done or being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """What checking a file outside the package came to.

    Attributes
    ----------
    diagnostics
        Errors and warnings.
    audit
        What the replay found; ``None`` where it did not come to that.
    output
        What commands such as ``#eval`` and ``#check`` said.
    added
        How many lines the file was checked with before its own: the audit counts them.
    """

    ok: bool
    seconds: float
    diagnostics: list[Diagnostic] = field(default_factory=list)
    audit: ModuleAudit | None = None
    output: list[Diagnostic] = field(default_factory=list)
    added: int = 0

    @property
    def theorems(self) -> list[tuple[str, int]]:
        """The theorems that were proven, and the lines they stand in."""
        found = [] if self.audit is None else self.audit.theorems
        return [(name, max(line - self.added, 1)) for name, line in found]


class ProgramRunner(Protocol):
    """What runs Lean programs, compiled or interpreted."""

    def run_program(self, module: str, arguments: Sequence[str], timeout_s: float) -> ProgramResult:
        """Run the `main` of a module of the package."""


class LeanToolchain(ProgramRunner, Protocol):
    """A Lean engine: it checks proofs and runs programs. Close it after use."""

    @property
    def name(self) -> str:
        """Give ``lake`` or ``embedded``."""

    @property
    def description(self) -> str:
        """Name the engine and its version, for the report."""

    def check_proofs(
        self, progress: ProofProgress, names: Collection[str] | None = None
    ) -> ProofReport:
        """Check every module of the package that has changed.

        Parameters
        ----------
        names
            Only these modules and what they import.
        """

    @property
    def jobs(self) -> int:
        """How many of `check_file` and `run_program` may run at once, each in its thread."""

    def check_file(self, file: Path, timeout_s: float) -> FileResult:
        """Have the kernel check a file that imports modules of the package, and audit it."""

    def warm_up(self) -> None:
        """Start, in the background, what the next call will wait for."""

    def close(self) -> None:
        """Stop all processes."""
