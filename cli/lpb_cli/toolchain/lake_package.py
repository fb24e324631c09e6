"""A Lake package of a user's own: which modules it is made of, read from its lakefile.

Lake is not run. A ``lakefile.toml`` says it all; of a ``lakefile.lean`` the declarations are read
as they are usually written. Where that does not give the roots, every file counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpb_server.errors import ConfigError
from lpb_server.wire.reading import read_toml_file

from lpb_cli.errors import UsageError
from lpb_cli.toolchain.lean_header import read_header
from lpb_cli.toolchain.lean_sources import blank_comments

__all__ = ["own_modules"]

_DECLARATION = re.compile(r"^\s*(?:@\[[^\]]*\]\s*)?(lean_lib|lean_exe)\s+([«\w.»]+)", re.M)
_NEXT = re.compile(r"^(?:@\[|[a-z]|/-)", re.M)
_NAME = re.compile(r"`([\w.«»]+)")


@dataclass(frozen=True, slots=True)
class _Target:
    """A library or a program.

    Attributes
    ----------
    roots
        Names of modules; with ``.+`` at the end all below it, with ``.*`` that one as well.
        ``None`` when they are computed, and every file counts.
    """

    folder: str
    roots: tuple[str, ...] | None


def own_modules(folder: Path) -> dict[str, Path]:
    """Give the modules of a package, by name: its roots, and all of its own that they import.

    Raises
    ------
    UsageError
        When the lakefile cannot be read, or no module is found.
    """
    toml = folder / "lakefile.toml"
    targets = _read_toml(toml) if toml.is_file() else _read_lean(folder / "lakefile.lean")
    found: dict[str, Path] = {}
    for target in targets:
        source = folder / target.folder
        files = dict(_below(source))
        roots = list(files) if target.roots is None else list(_chosen(target.roots, files))
        while roots:
            name = roots.pop()
            if name in files and name not in found:
                found[name] = files[name]
                roots += read_header(_text(files[name])).imports
    if not found:
        raise UsageError(f"No Lean module of the package in {folder} was found.")
    return found


def _chosen(roots: tuple[str, ...], files: dict[str, Path]) -> Iterator[str]:
    for root in roots:
        base = root.removesuffix(".+").removesuffix(".*")
        if base == root or root.endswith(".*"):
            yield base
        if base != root:
            yield from (name for name in files if name.startswith(f"{base}."))


def _below(source: Path) -> Iterator[tuple[str, Path]]:
    """Give the modules in a folder, without what is hidden, built or a lakefile."""
    for file in sorted(source.rglob("*.lean")):
        parts = file.relative_to(source).with_suffix("").parts
        if parts != ("lakefile",) and not any(part.startswith(".") for part in parts):
            yield ".".join(parts), file


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error


def _read_toml(file: Path) -> list[_Target]:
    try:
        package = read_toml_file(file)[0]
    except ConfigError as error:
        raise UsageError(str(error)) from error
    base = Path(str(package.get("srcDir", ".")))

    def targets(kind: str) -> list[dict[str, Any]]:
        tables = package.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise UsageError(f"{file}: {kind} must be an array of tables.")
        return tables

    found = []
    for table in targets("lean_lib"):
        roots = table.get("globs") or table.get("roots") or [table.get("name", "")]
        found.append(_target(base, table, [roots] if isinstance(roots, str) else roots))
    for table in targets("lean_exe"):
        found.append(_target(base, table, [table.get("root", table.get("name", ""))]))
    return found


def _target(base: Path, table: dict[str, Any], roots: list[Any]) -> _Target:
    folder = str(base / str(table.get("srcDir", ".")))
    names = tuple(str(root).replace("«", "").replace("»", "") for root in roots)
    return _Target(folder, names)


def _read_lean(file: Path) -> list[_Target]:
    code = blank_comments(_text(file))
    package = re.search(r"^package\b.*?(?=^(?:@\[|lean_|target|require)|\Z)", code, re.M | re.S)
    base = Path(_folder(package[0]) if package else ".")
    found = []
    for match in _DECLARATION.finditer(code):
        after = _NEXT.search(code, match.end())
        body = code[match.end() : after.start() if after else len(code)]
        name = match[2].replace("«", "").replace("»", "")
        folder = str(base / _folder(body))
        found.append(_Target(folder, _roots(match[1], name, body)))
    return found


def _folder(body: str) -> str:
    written = re.search(r'\bsrcDir\s*:=\s*"([^"]*)"', body)
    return written[1] if written else "."


def _roots(kind: str, name: str, body: str) -> tuple[str, ...] | None:
    if kind == "lean_exe":
        root = re.search(r"\broot\s*:=\s*`([\w.«»]+)", body)
        return (root[1].replace("«", "").replace("»", "") if root else name,)
    for field in ("globs", "roots"):
        written = re.search(rf"\b{field}\s*:=\s*#\[([^\]]*)\]", body)
        if written:
            names = [_glob(item) for item in written[1].split(",")]
            return None if None in names else tuple(str(name) for name in names)
        if re.search(rf"\b{field}\s*:=", body):
            return None
    return (name,)


def _glob(item: str) -> str | None:
    found = _NAME.search(item)
    if found is None:
        return None
    name = found[1].replace("«", "").replace("»", "")
    if "andSubmodules" in item or item.rstrip().endswith(".*"):
        return f"{name.removesuffix('.')}.*"
    if "submodules" in item or item.rstrip().endswith(".+"):
        return f"{name.removesuffix('.')}.+"
    return name
