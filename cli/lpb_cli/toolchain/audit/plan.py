"""What ``Audit.lean`` is asked to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["AUDIT_FILE", "AUDIT_VERSION", "AuditPlan", "module_files"]

AUDIT_FILE = Path(__file__).parent / "Audit.lean"

_VERDICT_FILES = ("Audit.lean", "answer.py", "verdict.py")
AUDIT_VERSION = hashlib.sha256(
    b"\0".join((Path(__file__).parent / name).read_bytes() for name in _VERDICT_FILES)
).hexdigest()[:16]
"""Of the audit and of how its answer is judged: another version checks everything anew."""


def module_files(olean: Path) -> list[Path]:
    """Give the files of a compiled module that exist, each holding all that the one before does."""
    parts = [olean, *(olean.with_name(olean.name + end) for end in (".server", ".private"))]
    return [part for part in parts if part.is_file()]


@dataclass(slots=True)
class AuditPlan:
    """The modules to replay, after what they import.

    Attributes
    ----------
    path
        How the engine sees a file of this machine.
    """

    path: Callable[[Path], str] = str
    names: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def accept(self, name: str) -> None:
        """Add a module that was accepted before, from the files that stand now."""
        self.lines.append(f"import\t{name}")

    def check(self, name: str, olean: Path) -> None:
        """Add a module to replay."""
        files = module_files(olean)
        self.names.append(name)
        self.lines.append("\t".join(["check", name, *map(self.path, files)]))

    def write(self, file: Path) -> None:
        """Write it where ``Audit.lean`` will read it."""
        file.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
