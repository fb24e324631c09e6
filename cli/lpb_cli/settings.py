"""Paths, pinned versions and environment variables: the only place that reads ``os.environ``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lpb_cli.errors import UsageError

__all__ = [
    "LEAN_VERSION",
    "Settings",
    "child_environment",
    "load_settings",
    "prefer_modules_in",
    "wants_interpreted",
]

LEAN_VERSION = "4.28.0"
"""The Lean release that ``lean/lean-toolchain`` pins; a test compares the two."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine.

    Attributes
    ----------
    project
        The root of the checkout: the directory that holds ``lean/lakefile.lean``.
    cache
        Downloads shared by all checkouts of this user.
    lake
        ``LPB_LAKE``: the `lake` to use, or ``None``.
    elan_home
        ``ELAN_HOME``, default ``~/.elan``.
    checkers
        A folder of Lean modules beside those of the package, or ``None``.
    """

    project: Path
    cache: Path
    lake: Path | None
    elan_home: Path
    checkers: Path | None = None

    @property
    def lean(self) -> Path:
        """The Lake package."""
        return self.project / "lean"

    @property
    def lean_folders(self) -> list[Path]:
        """The folders whose Lean modules are checked."""
        folders = [self.lean / "proofs", self.lean / "ffi"]
        return [*folders, self.checkers] if self.checkers is not None else folders

    @property
    def output(self) -> Path:
        """Reports, transcripts, compiled proofs: everything `lpb` writes in a checkout."""
        return self.project / ".lpb"


def find_project(start: Path) -> Path:
    """Find the checkout that `start` lies in.

    Raises
    ------
    UsageError
        When neither `start` nor a directory above it holds ``lean/lakefile.lean``.
    """
    for directory in (start, *start.parents):
        if (directory / "lean" / "lakefile.lean").is_file():
            return directory
    raise UsageError(
        f"No lean/lakefile.lean in {start} or above it.",
        "Run lpb inside a checkout of lean-python-bridge, or set LPB_PROJECT to one.",
    )


def load_settings() -> Settings:
    """Read the settings from the environment and the working directory."""
    environment = os.environ
    home = Path.home()
    named = environment.get("LPB_PROJECT")
    project = find_project(Path(named).expanduser().resolve() if named else Path.cwd())
    cache_root = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    cache = Path(environment.get("LPB_CACHE") or cache_root / "lean-python-bridge")
    lake = environment.get("LPB_LAKE")
    return Settings(
        project=project,
        cache=cache.expanduser().absolute(),
        lake=Path(lake).expanduser() if lake else None,
        elan_home=Path(environment.get("ELAN_HOME") or home / ".elan").expanduser(),
    )


def child_environment(**changes: str) -> dict[str, str]:
    """Give the environment for a child process: ours, with `changes`."""
    return {**os.environ, **changes}


def wants_interpreted() -> bool:
    """Tell whether ``LPB_INTERPRETED`` asks for the server's sources, compiled or not."""
    return bool(os.environ.get("LPB_INTERPRETED"))


def prefer_modules_in(folder: Path) -> None:
    """Have this process and its children import modules from `folder` first."""
    sys.path.insert(0, str(folder))
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{others}" if others else str(folder)
