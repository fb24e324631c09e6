"""The catalogue: each certified operation as a reader meets it, from the registry and from Lean."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lpb_server.errors import RegistrationError
from lpb_server.operations import Operation, default_registry

from lpb_cli.commands.lean_meaning import checker_source, read_meaning
from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings

__all__ = ["PAGE", "catalogue_page", "certified_operations"]

PAGE = Path("docs", "catalogue.md")
"""Where the bridge's own is, in the checkout."""

_INTRODUCTION = """\
# Certified operations

<!-- Written by `make catalogue` from the operations and their Lean files. Do not edit. -->

Of each operation: what it takes, what its certificate is, and what follows when the Lean checker
accepts the answer. `Meaning` speaks of the exact rational values of the doubles that were on the
wire. `sound` is the theorem that the checker's yes implies it; `lpb certify` puts it to use.
"""


def certified_operations(sources: str = "") -> list[Operation]:
    """Return the operations that have certificates by name, the user's own among them.

    Parameters
    ----------
    sources
        Python files and modules with operations of one's own, separated by commas.

    Raises
    ------
    UsageError
        When the user's own cannot be loaded.
    """
    try:
        found = [item for item in default_registry(sources) if item.certified]
    except RegistrationError as error:
        raise UsageError(str(error)) from error
    return sorted(found, key=lambda item: item.name)


def catalogue_page(operations: Sequence[Operation], settings: Settings, folder: Path) -> str:
    """Write the page, in Markdown.

    Parameters
    ----------
    operations
        Certified ones, in order.
    folder
        Where the page will lie: links to Lean files start there.

    Raises
    ------
    UsageError
        When the Lean file of one is missing.
    """
    lines = [_INTRODUCTION]
    lines += [f"- [`{item.name}`](#{item.name}): {item.summary}" for item in operations]
    for operation in operations:
        lines += ["", *_entry(operation, settings, folder)]
    return "\n".join(lines) + "\n"


def _entry(operation: Operation, settings: Settings, folder: Path) -> Iterator[str]:
    assert operation.certificate is not None
    file = checker_source(operation, settings)
    meaning = read_meaning(file)
    yield f"## {operation.name}\n\n{operation.summary}\n"
    yield from _arrays(operation)
    yield from _parameters(operation.params)
    yield f"**Certificate** `{operation.certificate.kind}`. {meaning.about}\n"
    yield f"**Theorem.** {meaning.said or 'Its Lean file says nothing of it in words.'}\n"
    yield f"```lean\n{meaning.statement}\n```\n"
    python = "Python has a checker of the same mind." if operation.certificate.check else ""
    place = Path(os.path.relpath(file, folder)).as_posix()
    yield f"`{operation.theorem}`, in [`{operation.checker}`]({place}). {python}".rstrip()


def _arrays(operation: Operation) -> Iterator[str]:
    if operation.arrays is None:
        yield "It takes any arrays.\n"
        return
    rows = [
        (
            f"`{name}`",
            spec.dtype or "any",
            "any" if spec.shape is None else " × ".join(map(str, spec.shape)) or "a scalar",
            "yes" if spec.needed else "no",
        )
        for name, spec in operation.arrays.items()
    ]
    if rows:
        yield from _table(("array", "dtype", "shape", "needed"), rows)


def _parameters(schema: dict[str, Any]) -> Iterator[str]:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    rows = [
        (
            f"`{name}`",
            _type(about),
            "yes" if name in required else "no",
            str(about.get("description", "")) if isinstance(about, dict) else "",
        )
        for name, about in properties.items()
    ]
    if rows:
        yield from _table(("parameter", "type", "needed", ""), rows)


def _type(about: object) -> str:
    found = about.get("type", "any") if isinstance(about, dict) else "any"
    return " or ".join(map(str, found)) if isinstance(found, list) else str(found)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (heading, ["---"] * len(heading), *rows):
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""
