"""Paths, pinned versions and environment variables: the only place that reads ``os.environ``."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lpb_cli.errors import EnvironmentLacksError, UsageError

__all__ = [
    "INSTALLED",
    "LEAN_VERSION",
    "Settings",
    "cache_folder",
    "child_environment",
    "load_settings",
    "own_project",
    "prefer_modules_in",
    "wants_interpreted",
    "widen_narrow_terminal",
    "writable_output",
]

LEAN_VERSION = "4.28.0"
"""The Lean release that ``lean/lean-toolchain`` pins; a test compares the two."""

INSTALLED = Path(__file__).resolve().parent / "project"
"""What a wheel brings of the checkout: the Lean package, and the goals of `lpb bench`."""

_LEAST_COLUMNS = 40
_PACKAGE = "package «lean-python-bridge»"
_NO_HOME = Path(os.devnull)
"""Nothing lies below it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are on this machine.

    Attributes
    ----------
    project
        The root of the checkout, the directory that holds ``lean/lakefile.lean``; or `INSTALLED`.
    cache
        Downloads shared by all checkouts of this user.
    lake
        ``LPB_LAKE``: the `lake` to use, or ``None``.
    elan_home
        ``ELAN_HOME``, default ``~/.elan``.
    output_folder
        ``LPB_OUTPUT``: the folder for what `lpb` writes; by default ``.lpb`` in the checkout, and
        outside of one in the user's own package, or in the working directory.
    checkers
        A folder of Lean modules beside those of the package, or ``None``.
    own
        The Lake package of the user's own that `lpb` was started in, or ``None``.
    """

    project: Path
    cache: Path
    lake: Path | None
    elan_home: Path
    output_folder: Path | None = None
    checkers: Path | None = None
    own: Path | None = None

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
        """Reports, transcripts, compiled proofs: what `lpb` writes beside its caches."""
        return self.output_folder or self.project / ".lpb"


def find_project(start: Path) -> Path | None:
    """Find the checkout that `start` lies in, if it lies in one."""
    return next((folder for folder in (start, *start.parents) if _is_checkout(folder)), None)


def _is_checkout(folder: Path) -> bool:
    """Tell whether it holds our Lake package, and not another one in a folder of that name."""
    try:
        return _PACKAGE in (folder / "lean" / "lakefile.lean").read_text("utf-8")
    except (OSError, ValueError):
        return False


def find_own_package(start: Path) -> Path | None:
    """Find the Lake package that `start` lies in, unless it is ours."""
    for folder in (start, *start.parents):
        if _is_checkout(folder) or folder == INSTALLED:
            return None
        if any((folder / name).is_file() for name in ("lakefile.toml", "lakefile.lean")):
            return None if folder.name == "lean" and _is_checkout(folder.parent) else folder
    return None


def own_project() -> Path:
    """Give what this very `lpb` came with: `INSTALLED`, or the checkout that it is run from."""
    if _is_checkout(INSTALLED):
        return INSTALLED
    return find_project(INSTALLED) or INSTALLED


def load_settings(*, own: bool = False) -> Settings:
    """Read the settings from the environment and the working directory.

    Parameters
    ----------
    own
        Whether it is about a Lake package of the user's own, where `lpb` was started in one.

    Raises
    ------
    UsageError
        When ``LPB_PROJECT`` names neither a checkout nor another Lake package.
    EnvironmentLacksError
        When there is neither a home directory nor another place for the cache.
    """
    named, lake = _path("LPB_PROJECT"), _path("LPB_LAKE")
    start = named.resolve() if named else Path.cwd()
    package, project = find_own_package(start), find_project(start)
    if package is None and project is None and named is not None:
        raise UsageError(
            f"LPB_PROJECT: no lakefile.lean or lakefile.toml in {start} or above it.",
            "Set it to a Lake package of yours or a checkout of lean-python-bridge, or unset it.",
        )
    output = _path("LPB_OUTPUT")
    if output is None and (package is not None or project in (None, INSTALLED)):
        output = (package or Path.cwd()) / ".lpb"
    return Settings(
        project=project or own_project(),
        cache=cache_folder(),
        lake=lake,
        elan_home=_path("ELAN_HOME") or (_home() or _NO_HOME) / ".elan",
        output_folder=output.absolute() if output else None,
        own=package if own else None,
    )


def cache_folder() -> Path:
    """Give the folder for downloads, which all checkouts of this user share.

    Raises
    ------
    EnvironmentLacksError
        When there is neither a home directory nor another place for it.
    """
    cache = _path("LPB_CACHE")
    if cache is None:
        root = _path("XDG_CACHE_HOME")
        home = _home()
        if root is None and home is None:
            raise EnvironmentLacksError(
                "There is no home directory for the cache: HOME is not set, and the user id "
                f"{os.getuid()} has no entry in the list of users.",
                "Set HOME, or LPB_CACHE to a folder that can be written to.",
            )
        cache = (root or (home or _NO_HOME) / ".cache") / "lean-python-bridge"
    return cache.absolute()


def _path(variable: str) -> Path | None:
    """Read a variable that names a path, ``~`` included; an empty one is none."""
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise EnvironmentLacksError(
            f"There is no home directory for {variable}={text}.", f"Set HOME, or {variable} anew."
        ) from None


def _home() -> Path | None:
    """Return the home directory; a container may have none."""
    if os.environ.get("HOME") == "":  # Python would take the working directory.
        return None
    try:
        return Path.home()
    except RuntimeError:
        return None


def writable_output(settings: Settings) -> None:
    """Make the folder for what is written, before anything takes long.

    Raises
    ------
    EnvironmentLacksError
        When nothing can be written there.
    """
    try:
        settings.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.output):
            pass
    except OSError as error:
        raise EnvironmentLacksError(
            f"{settings.output} cannot be written to: {error.strerror or error}.",
            "Set LPB_OUTPUT to a folder that can.",
        ) from None


def child_environment(**changes: str) -> dict[str, str]:
    """Give the environment for a child process: ours, with `changes`."""
    return {**os.environ, **changes}


def wants_interpreted() -> bool:
    """Tell whether ``LPB_INTERPRETED`` asks for the server's sources, compiled or not."""
    return bool(os.environ.get("LPB_INTERPRETED"))


def widen_narrow_terminal() -> None:
    """Forget a width or height that nothing fits into, for this process and its children."""
    for variable, least in (("COLUMNS", _LEAST_COLUMNS), ("LINES", 1)):
        text = os.environ.get(variable, "")
        if text.isdecimal() and len(text) < 10 and int(text) < least:
            if int(text) == 0:
                del os.environ[variable]
            else:
                os.environ[variable] = str(least)


def prefer_modules_in(folder: Path) -> None:
    """Have this process and its children import modules from `folder` first."""
    sys.path.insert(0, str(folder))
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{others}" if others else str(folder)
