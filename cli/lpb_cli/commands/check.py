"""`lpb check`: single Lean files, through the gate that the package's own modules go through."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from lpb_cli.errors import CheckError, UsageError
from lpb_cli.output.report import print_diagnostic
from lpb_cli.output.terminal import plain
from lpb_cli.toolchain.lean_header import read_header
from lpb_cli.toolchain.protocol import FileResult, LeanToolchain

__all__ = ["CHECK_TIMEOUT_S", "Checked", "as_data", "check_files", "lean_files", "print_checked"]

CHECK_TIMEOUT_S = 3600.0
_SHOWN_THEOREMS = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, and what became of it."""

    file: Path
    result: FileResult


def lean_files(files: Sequence[Path]) -> list[Path]:
    """Give the files by their whole paths.

    Raises
    ------
    UsageError
        When one is none, or cannot be read.
    """
    found = []
    for file in files:
        if file.suffix != ".lean":
            raise UsageError(f"{file} is no .lean file.")
        try:
            file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{file} cannot be read: {reason}.") from error
        found.append(Path(os.path.abspath(file)))  # as it was written, without its dots
    return found


def check_files(
    toolchain: LeanToolchain, files: Sequence[Path], progress: Callable[[str, int, int], None]
) -> list[Checked]:
    """Have the kernel check each file, after the modules that they import.

    Raises
    ------
    CheckError
        When a module that one imports does not hold.
    EnvironmentLacksError
        When one imports what this engine does not have.
    """
    imported = {name for file in files for name in read_header(file.read_text("utf-8")).imports}
    needed = toolchain.check_proofs(progress, imported)
    if needed.modules and not needed.ok:
        failed = [module.name for module in needed.modules if module.diagnostics]
        raise CheckError(
            f"A module that is imported does not hold: {', '.join(failed)}.", "See `lpb build`."
        )
    checked = []
    for number, file in enumerate(files):
        progress(file.name, number, len(files))
        checked.append(Checked(file, toolchain.check_file(file, CHECK_TIMEOUT_S)))
    return checked


def as_data(checked: Sequence[Checked], engine: str) -> dict[str, Any]:
    """Give the verdicts as JSON data."""
    return {
        "engine": engine,
        "holds": all(each.result.ok for each in checked),
        "files": [_facts(each) for each in checked],
    }


def _facts(checked: Checked) -> dict[str, Any]:
    result, audit = checked.result, checked.result.audit
    return {
        "file": str(checked.file),
        "holds": result.ok,
        "seconds": round(result.seconds, 3),
        "theorems": [{"name": name, "line": line} for name, line in result.theorems],
        "definitions": 0 if audit is None else audit.definitions,
        "replayed": 0 if audit is None else audit.replayed,
        "axioms": [] if audit is None else list(audit.axioms),
        "diagnostics": [diagnostic.as_dict() for diagnostic in result.diagnostics],
        "output": [diagnostic.as_dict() for diagnostic in result.output],
    }


def print_checked(checked: Sequence[Checked], engine: str, console: Console) -> None:
    """Print what Lean said of each file, and the verdict."""
    for each in checked:
        result = each.result
        found = sorted([*result.output, *result.diagnostics], key=lambda d: (d.line, d.column))
        for diagnostic in found:
            print_diagnostic(diagnostic, console)
        names = [name for name, _ in result.theorems]
        if result.ok and names:
            more = len(names) - _SHOWN_THEOREMS
            shown = ", ".join(names[:_SHOWN_THEOREMS]) + (f" and {more} more" if more > 0 else "")
            console.print(f"  proven: {plain(shown)}", highlight=False, soft_wrap=True)
        console.print(_verdict(each, engine), highlight=False, soft_wrap=True)


def _verdict(checked: Checked, engine: str) -> str:
    result, audit = checked.result, checked.result.audit
    file = plain(str(checked.file))
    if not result.ok or audit is None:
        errors = sum(diagnostic.severity == "error" for diagnostic in result.diagnostics)
        return f"[red]✘[/] {file} does not hold: {_count(errors, 'error')}."
    return (
        f"[green]✔[/] Lean's kernel accepts {file}: {_count(len(audit.theorems), 'theorem')}, "
        f"{_count(audit.definitions, 'definition')}, "
        f"{_count(audit.replayed, 'declaration')} replayed, axioms "
        f"{', '.join(audit.axioms) or 'none'} ({result.seconds:.1f} s, {plain(engine)})."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
