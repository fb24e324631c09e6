"""Which `lpb_server` a checkout runs: its sources, or a compiled copy that was made of just these.

A wheel for a platform has its compiled modules in it. In a checkout ``lpb build`` makes the copy
(`compilation`). It stands apart from the sources, with the digest of what it was made of: whoever
changes a source runs that source, and nothing that is out of date.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

from lpb_cli.settings import (
    INSTALLED,
    own_project,
    prefer_modules_in,
    wants_interpreted,
)

__all__ = [
    "COPY_DIGEST_FILE",
    "DIGEST_FILE",
    "compiled_folder",
    "copy_digest",
    "is_current",
    "server_sources",
    "sources_digest",
    "use_compiled",
]

DIGEST_FILE: Final = "sources.sha256"
COPY_DIGEST_FILE: Final = "copy.sha256"
PACKAGE: Final = "lpb_server"


def compiled_folder(project: Path) -> Path:
    """Where the compiled copy of a checkout is, or will be: one for each version of Python."""
    return project / ".lpb" / "compiled" / str(sys.implementation.cache_tag)


def server_sources(project: Path) -> Path:
    """Where the server's modules are in a checkout."""
    return project / "server" / PACKAGE


def sources_digest(project: Path) -> str:
    """Return the SHA-256 of the server's modules, schemas and names included."""
    return _digest(server_sources(project))


def copy_digest(folder: Path) -> str:
    """Return the SHA-256 of a compiled copy: what is imported is what was made."""
    return _digest(folder)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if "__pycache__" in name or name in (DIGEST_FILE, COPY_DIGEST_FILE) or not path.is_file():
            continue
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def is_current(project: Path) -> bool:
    """Tell whether there is a compiled copy, as it was made, of the sources as they are."""
    try:
        folder = compiled_folder(project)
        recorded = (folder / DIGEST_FILE).read_text("ascii")
        made = (folder / COPY_DIGEST_FILE).read_text("ascii")
        return recorded == sources_digest(project) and made == copy_digest(folder)
    except (OSError, ValueError):
        return False


def use_compiled() -> None:
    """Have this process and its children import the compiled copy, where there is a current one.

    It must be called before anything of `lpb_server` is imported. Setting ``LPB_INTERPRETED``
    leaves it to the sources.
    """
    project = own_project()
    if project != INSTALLED and not wants_interpreted() and is_current(project):
        prefer_modules_in(compiled_folder(project))
