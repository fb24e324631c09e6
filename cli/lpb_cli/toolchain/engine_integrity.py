"""Whether the prepared engine is still what was made of the pinned archive.

Lean's kernel and library are trusted: a changed byte in them could have anything accepted. So the
digest of every file is kept when the engine is prepared. A run compares sizes and times of change,
and the digest of what differs; ``lpb doctor`` compares all digests.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from lpb_cli.errors import EngineUnavailableError

__all__ = ["check_integrity", "write_manifest"]

_MANIFEST = "manifest.json"
# Written by the engine later on: the machine code that V8 made of the module.
_KEPT_CODE = "code-"


def write_manifest(home: Path) -> None:
    """Record what a prepared engine consists of."""
    files = {
        str(file.relative_to(home)): [_digest(file), *_stat(file)] for file in sorted(_files(home))
    }
    (home / _MANIFEST).write_text(json.dumps(files), encoding="utf-8")


def check_integrity(home: Path, *, every_byte: bool = False) -> None:
    """See that the engine's files are those that were recorded.

    Parameters
    ----------
    every_byte
        Compare all digests, also of files whose size and time of change are as recorded.

    Raises
    ------
    EngineUnavailableError
        When a file differs, is missing or was added.
    """
    try:
        recorded = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        known = {str(name): (str(entry[0]), list(entry[1:])) for name, entry in recorded.items()}
    except (OSError, ValueError, AttributeError, IndexError, TypeError) as error:
        raise _altered(home, _MANIFEST, "cannot be read") from error
    found = {str(file.relative_to(home)): file for file in _files(home)}
    for name in sorted(known.keys() ^ found.keys()):
        raise _altered(home, name, "is missing" if name in known else "does not belong there")
    for name, (digest, stat) in known.items():
        file = found[name]
        if (every_byte or _stat(file) != stat) and _digest(file) != digest:
            raise _altered(home, name, "is not what was made of the pinned archive")


def _files(home: Path) -> list[Path]:
    return [
        file
        for file in home.rglob("*")
        if file.is_file() and file.name != _MANIFEST and not file.name.startswith(_KEPT_CODE)
    ]


def _stat(file: Path) -> list[int]:
    found = file.stat()
    return [found.st_size, found.st_mtime_ns]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _altered(home: Path, name: str, what: str) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"The Lean engine was altered: {home / name} {what}. Nothing was checked with it.",
        f"Remove {home} and run `lpb setup`.",
    )
