"""What was accepted, kept beside the compiled modules it was accepted for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lpb_cli.toolchain.audit.answer import ModuleAudit
from lpb_cli.toolchain.audit.plan import AUDIT_VERSION, module_files
from lpb_cli.toolchain.lean_sources import LeanModule

__all__ = ["AuditRecords", "file_digests"]

_KINDS = (".olean", ".olean.server", ".olean.private", ".ir", ".ilean", ".json")


def file_digests(olean: Path) -> dict[str, str]:
    """Give the SHA-256 of each file of a compiled module, by the end of its name."""
    return {
        part.name.removeprefix(olean.name): hashlib.sha256(part.read_bytes()).hexdigest()
        for part in module_files(olean)
    }


class AuditRecords:
    """The compiled modules of one engine, and what was found of each.

    A record holds for one text of a module, one text of all that it imports, one content of its
    compiled files and one version of the audit. Where any of them differs there is no record.

    Parameters
    ----------
    folder
        Where the records lie.
    oleans
        Where the compiled modules lie, each in the folders of its name.
    beside
        A folder of further modules, whose compiled forms lie beside their sources. Runs in one
        checkout may have different ones, and must not remove one another's.
    """

    def __init__(self, folder: Path, oleans: Path, beside: Path | None = None) -> None:
        self._folder = folder
        self._oleans = oleans
        self._beside = beside

    def olean(self, name: str) -> Path:
        """Give the path of a compiled module."""
        path = name.replace(".", "/")
        if self._beside is not None and (self._beside / f"{path}.lean").is_file():
            return self._beside / f"{path}.olean"
        return self._oleans / f"{path}.olean"

    def _record(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def recall(self, module: LeanModule) -> tuple[ModuleAudit, list[dict[str, Any]]] | None:
        """Give what was found of the same content before, and the warnings of Lean."""
        try:
            record = json.loads(self._record(module.name).read_text(encoding="utf-8"))
            if record["audit_version"] != AUDIT_VERSION or record["digest"] != module.digest:
                return None
            digests = file_digests(self.olean(module.name))
            if not digests or record["files"] != digests:
                return None
            return ModuleAudit.from_dict(record["audit"]), list(record["warnings"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def forget(self, name: str) -> None:
        """Remove a record; the module is checked anew."""
        self._record(name).unlink(missing_ok=True)

    def keep(
        self,
        module: LeanModule,
        audit: ModuleAudit,
        files: dict[str, str],
        warnings: list[dict[str, Any]],
    ) -> None:
        """Record a module that was accepted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        record = {
            "audit_version": AUDIT_VERSION,
            "digest": module.digest,
            "files": files,
            "warnings": warnings,
            "audit": audit.as_dict(),
        }
        self._record(module.name).write_text(json.dumps(record), encoding="utf-8")

    def drop_others(self, names: Iterable[str]) -> None:
        """Remove the compiled form of every module but these: no source stands behind it."""
        if not self._oleans.is_dir():
            return
        names = list(names)  # It is walked twice.
        kept = {self._oleans / (name.replace(".", "/") + kind) for name in names for kind in _KINDS}
        kept |= {self._folder / f"{name}.json" for name in names}
        for file in self._oleans.rglob("*"):
            if file.is_file() and file.name.endswith(_KINDS) and file not in kept:
                file.unlink(missing_ok=True)

    def drop(self, name: str) -> None:
        """Remove a module's record and its compiled form."""
        self.forget(name)
        for part in module_files(self.olean(name)):
            part.unlink(missing_ok=True)
