"""Compiles the modules that are on the path of every call, with mypyc: a small call takes less.

`setup.py` does it, as it does for a wheel. The sources are plain Python, the same with and without.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lpb_cli.building.compiled import (
    COPY_DIGEST_FILE,
    DIGEST_FILE,
    PACKAGE,
    compiled_folder,
    copy_digest,
    is_current,
    server_sources,
    sources_digest,
)
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment

__all__ = ["CompiledServer", "compile_server", "compiler_lacks"]

_TIMEOUT_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class CompiledServer:
    """The compiled copy, and whether it was made just now."""

    path: Path
    rebuilt: bool


def compiler_lacks() -> tuple[str, str] | None:
    """Return what is missing here for compiling, and how to get it; None when nothing is."""
    if shutil.which("cc") is None:
        return "cc is missing", "apt-get install gcc libc6-dev"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "Python's headers are missing", "apt-get install python3-dev"
    for package in ("mypyc", "setuptools"):
        if find_spec(package) is None:
            return f"{package} is missing", "pip install 'lean-python-bridge[dev]'"
    return None


def compile_server(settings: Settings) -> CompiledServer:
    """Make the compiled copy of `lpb_server`, unless there is a current one.

    Raises
    ------
    EnvironmentLacksError
        When there is no compiler, or no mypyc.
    CommandFailedError
        When they reject the source.
    """
    target = compiled_folder(settings.project)
    if is_current(settings.project):
        return CompiledServer(target, rebuilt=False)
    lacks = compiler_lacks()
    if lacks is not None:
        raise EnvironmentLacksError(f"The server is not compiled: {lacks[0]}.", lacks[1])
    digest = sources_digest(settings.project)
    scratch = target.with_name(f"{target.name}.building")
    shutil.rmtree(scratch, ignore_errors=True)
    run_command(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--build-lib", str(scratch)],
        directory=settings.project,
        environment=child_environment(LPB_COMPILE="1"),
        timeout_s=_TIMEOUT_S,
    )
    shutil.copytree(
        server_sources(settings.project),
        scratch / PACKAGE,
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    (scratch / DIGEST_FILE).write_text(digest, "ascii")
    (scratch / COPY_DIGEST_FILE).write_text(copy_digest(scratch), "ascii")
    shutil.rmtree(target, ignore_errors=True)
    scratch.replace(target)
    return CompiledServer(target, rebuilt=True)
