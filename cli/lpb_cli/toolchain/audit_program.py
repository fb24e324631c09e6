"""The audit, compiled once for an engine: Lean takes 5 s to elaborate it, and each check runs it.

The compiled audit lies in the cache, beside the engine that compiled it, and is trusted as the
engine is: the digests of its files are kept with it, and compared before each run.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from lpb_cli.errors import AuditFailedError
from lpb_cli.toolchain.audit import AUDIT_FILE
from lpb_cli.toolchain.engine_integrity import check_integrity, write_manifest
from lpb_cli.toolchain.engine_process import EngineProcess
from lpb_cli.toolchain.program_compilation import compile_program, has_failed

__all__ = ["AUDIT_MODULE", "AuditProgram", "audit_folder"]

AUDIT_MODULE = "LeanPythonBridgeAuditProgram"
"""The compiled audit as engines import it."""

COMPILE_TIMEOUT_S = 600.0


def audit_folder(home: Path, source: bytes) -> Path:
    """Where the compiled form of this text of the audit is, or will be, for an engine."""
    return home.parent / f"{home.name}-audit-{hashlib.sha256(source).hexdigest()[:16]}"


class AuditProgram:
    """The compiled audit of one engine.

    Parameters
    ----------
    home
        The prepared engine; the compiled audit is kept beside it.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()

    def prepare(self, start: Callable[[], EngineProcess]) -> Path:
        """Give the folder with the compiled audit, every byte as it was compiled.

        Parameters
        ----------
        start
            Starts an engine that has run nothing else; used where nothing is compiled yet.

        Raises
        ------
        AuditFailedError
            When it cannot be compiled.
        EngineUnavailableError
            When its files were changed since.
        """
        source = AUDIT_FILE.read_bytes()
        folder = audit_folder(self._home, source)
        with self._lock:
            if not folder.is_dir():
                self._compile(source.decode(), folder, start)
            check_integrity(folder, every_byte=True)
        return folder

    def _compile(self, source: str, folder: Path, start: Callable[[], EngineProcess]) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".compiling-") as scratch:
            ready = Path(scratch) / "audit"
            ready.mkdir()
            with start() as engine:
                job = compile_program(
                    engine, AUDIT_MODULE, source, ready / f"{AUDIT_MODULE}.olean", COMPILE_TIMEOUT_S
                )
            if has_failed(job):
                said = [str(message["data"]) for message in job.messages]
                text = "\n".join([*said, *job.stderr]) or f"Lean ended with {job.status}"
                raise AuditFailedError(f"the audit could not be compiled: {text}")
            write_manifest(ready)
            try:
                ready.rename(folder)
            except OSError:
                # Another process was faster; its result is the same.
                if not folder.is_dir():
                    raise
