"""The Lean files that ship beside users' own operations, gathered for an engine.

They are copied into a folder that is named after their contents, each where its module's name
says, and are checked there as the package's own modules are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lpb_server.operations import Operation

from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings
from lpb_cli.toolchain.lean_header import read_header

__all__ = ["with_checkers"]


def with_checkers(settings: Settings, operations: Iterable[Operation]) -> Settings:
    """Give settings whose Lean modules include the checkers of users' own operations.

    Raises
    ------
    UsageError
        When a file cannot be read, or two are of one module.
    """
    sources: dict[str, Path] = {}
    for operation in operations:
        if operation.checker is not None and operation.checker_file is not None:
            _gather(operation.checker, operation.checker_file, sources)
    if not sources:
        return settings
    texts = {name: _read(file) for name, file in sorted(sources.items())}
    digest = hashlib.sha256()
    for name, text in texts.items():
        digest.update(f"{name}\0{len(text)}\0{text}".encode())
    folder = settings.output / "checkers" / digest.hexdigest()[:16]
    for name, text in texts.items():
        target = folder.joinpath(*name.split(".")).with_suffix(".lean")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return replace(settings, checkers=folder)


def _gather(module: str, file: Path, sources: dict[str, Path]) -> None:
    """Find a checker's file and those beside it that it imports."""
    known = sources.setdefault(module, file)
    if known != file:
        raise UsageError(f"Two Lean files are of the module {module}: {known} and {file}.")
    for imported in read_header(_read(file)).imports:
        beside = file.parent.joinpath(*imported.split(".")).with_suffix(".lean")
        if imported not in sources and beside.is_file():
            _gather(imported, beside, sources)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
