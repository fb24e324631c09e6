"""Compiles the modules that are on the path of every call, with mypyc: a small call takes less.

The sources are plain Python, and the same with and without. `_MODULES` leaves out what mypyc would
change: structures with class keywords, which it drops, and data classes whose fields are asked for.
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

__all__ = ["CompiledServer", "compile_server", "compiler_lacks", "main"]

_MODULES: Final = (
    "client/calls",
    "client/client",
    "client/dealer",
    "client/dealer_transport",
    "client/exchange",
    "observability/metrics",
    "service",
    "operations/definition",
    "sockets/busy_polling",
    "broker/worker_socket",
    "broker/broker",
    "frontend/executor_server",
    "sockets/frames",
    "frontend/client_socket",
    "client/lazy_pirate",
    "broker/queue",
    "frontend/admission",
    "frontend/reply_cache",
    "frontend/in_process_server",
    "worker/loop",
    "worker/messages",
    "wire/arrays",
    "wire/formats",
    "wire/intake",
    "wire/json_format",
    "wire/known_headers",
    "wire/messages",
    "wire/msgpack_format",
)

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
    shutil.copytree(
        server_sources(settings.project),
        scratch / PACKAGE,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    run_command(
        [sys.executable, "-P", "-m", "lpb_cli.building.compilation"],
        directory=scratch,
        environment=child_environment(),
        timeout_s=_TIMEOUT_S,
    )
    for leftover in ("build", ".mypy_cache"):
        shutil.rmtree(scratch / leftover, ignore_errors=True)
    (scratch / DIGEST_FILE).write_text(digest, "ascii")
    (scratch / COPY_DIGEST_FILE).write_text(copy_digest(scratch), "ascii")
    shutil.rmtree(target, ignore_errors=True)
    scratch.replace(target)
    return CompiledServer(target, rebuilt=True)


def main() -> None:
    """Compile the package in the working directory, in place."""
    from mypyc.build import mypycify
    from setuptools import setup

    sources = [f"{PACKAGE}/{name}.py" for name in _MODULES]
    options = ["--explicit-package-bases", "--ignore-missing-imports", "--config-file="]
    setup(
        name=PACKAGE,
        packages=[],
        ext_modules=mypycify([*options, *sources], opt_level="3"),
        script_args=["--quiet", "build_ext", "--inplace"],
    )


if __name__ == "__main__":
    main()
