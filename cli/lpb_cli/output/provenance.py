"""What a report was made of: when, of which commit, of which contents."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lpb_cli.errors import CommandFailedError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import INSTALLED, Settings, child_environment

__all__ = ["provenance"]

_GIT_TIMEOUT_S = 30.0


def provenance(settings: Settings, written: Iterable[Path] = ()) -> Mapping[str, Any]:
    """Give the time, the commit, and the SHA-256 of what was checked.

    Parameters
    ----------
    settings
        Where things are.
    written
        Files that the run wrote, such as transcripts.

    Returns
    -------
    mapping
        ``created`` in UTC; ``commit``, or ``None`` where there is no git, with ``+changes`` where
        files differ from it; ``hashes`` by name: ``lean`` for the Lean and C sources together.
    """
    folder = settings.own or settings.project
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": None if folder == INSTALLED else _commit(folder),
        "hashes": {
            "lean": _of_folder(settings.own or settings.lean),
            **{file.name: _of_file(file) for file in sorted(set(written)) if file.is_file()},
        },
    }


def _commit(folder: Path) -> str | None:
    if shutil.which("git") is None:
        return None

    def git(*arguments: str) -> str:
        return run_command(
            ["git", *arguments],
            directory=folder,
            environment=child_environment(),
            timeout_s=_GIT_TIMEOUT_S,
        ).strip()

    try:
        commit = git("rev-parse", "HEAD")
        return f"{commit}+changes" if git("status", "--porcelain", "--", ".") else commit
    except CommandFailedError:
        return None


def _of_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if any(part.startswith(".") for part in parts) or "tests" in parts:
            continue
        if file.suffix in (".lean", ".c", ".h", ".toml") and file.is_file():
            digest.update(f"{'/'.join(parts)}\0{_of_file(file)}\0".encode())
    return digest.hexdigest()


def _of_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
