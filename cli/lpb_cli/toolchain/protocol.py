"""What a Lean engine can do, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lpb_cli.toolchain.diagnostics import Diagnostic, ModuleResult, ProgramResult, ProofReport

__all__ = ["FileResult", "LeanToolchain", "ProgramRunner", "ProofProgress"]

ProofProgress = Callable[[ModuleResult | None, int, int], None]
"""Called with a module that is done (or ``None``), how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """What checking a file outside the package came to."""

    ok: bool
    seconds: float
    diagnostics: list[Diagnostic] = field(default_factory=list)


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

    def check_proofs(self, progress: ProofProgress) -> ProofReport:
        """Check every module of the package that has changed."""

    @property
    def jobs(self) -> int:
        """How many of `check_file` and `run_program` may run at once, each in its thread."""

    def check_file(self, file: Path, timeout_s: float) -> FileResult:
        """Have the kernel check a file that imports modules of the package."""

    def warm_up(self) -> None:
        """Start, in the background, what the next call will wait for."""

    def close(self) -> None:
        """Stop all processes."""
