"""Builds the project's C library, `bridge_socket`, with the system's C compiler."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from lpb_cli.errors import CommandFailedError, EnvironmentLacksError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment

__all__ = ["CLibrary", "build_c_library", "library_path", "zmq_flags"]

_FLAGS = [
    "-std=c11",
    "-O2",
    "-fPIC",
    "-shared",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fvisibility=hidden",
]


@dataclass(frozen=True, slots=True)
class CLibrary:
    """The built library, and whether it was built just now."""

    path: Path
    rebuilt: bool


def library_path(settings: Settings) -> Path:
    """Where the shared library is, or will be."""
    return settings.output / "lib" / "libbridge_socket.so"


def build_c_library(settings: Settings) -> CLibrary:
    """Build ``libbridge_socket.so`` unless it is newer than its sources.

    Raises
    ------
    EnvironmentLacksError
        When the compiler, pkg-config or ZeroMQ's headers are missing.
    CommandFailedError
        When the compiler rejects the source.
    """
    source = settings.lean / "ffi" / "bridge_socket.c"
    target = library_path(settings)
    inputs = [source, source.with_suffix(".h")]
    if target.is_file() and all(
        target.stat().st_mtime > path.stat().st_mtime for path in inputs if path.is_file()
    ):
        return CLibrary(target, rebuilt=False)
    flags = zmq_flags(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(".building")
    arguments = [*_FLAGS, "-o", str(scratch), str(source), *flags, "-lpthread"]
    _run(source.parent, ["cc", *arguments])
    scratch.replace(target)
    return CLibrary(target, rebuilt=True)


def zmq_flags(settings: Settings) -> list[str]:
    """Give the compiler's arguments for ZeroMQ.

    Raises
    ------
    EnvironmentLacksError
        When the compiler, pkg-config or ZeroMQ's headers are missing.
    """
    for program, package in (("cc", "gcc libc6-dev"), ("pkg-config", "pkg-config")):
        if shutil.which(program) is None:
            raise EnvironmentLacksError(
                f"{program}, which builds the C library, is missing.",
                f"On Debian or Ubuntu: apt-get install {package}",
            )
    try:
        return shlex.split(_run(settings.project, ["pkg-config", "--cflags", "--libs", "libzmq"]))
    except CommandFailedError as error:
        raise EnvironmentLacksError(
            "ZeroMQ's headers, which the C library is built with, are missing.",
            "On Debian or Ubuntu: apt-get install libzmq3-dev",
        ) from error


def _run(directory: Path, argv: list[str]) -> str:
    return run_command(argv, directory=directory, environment=child_environment(), timeout_s=300.0)
