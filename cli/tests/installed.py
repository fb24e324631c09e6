"""A copy of `lpb` as a stranger has it: a wheel made from the sdist, in its own environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

from conftest import PROJECT

__all__ = ["Installed", "install", "make_wheel"]

_NOT_SOURCES = (".git", ".venv", ".lpb", "build", "dist", "*.egg-info", "__pycache__", ".*_cache")
_BUILD = """\
import setuptools.build_meta as backend, sys
print(getattr(backend, "build_" + sys.argv[1])(sys.argv[2]))
"""


def make_wheel(folder: Path, *, compiled: bool = False) -> Path:
    """Build the sdist from a copy of the sources, and the wheel from what the sdist holds.

    Parameters
    ----------
    compiled
        Make a wheel for this platform, whose modules mypyc has compiled.
    """
    sources = folder / "sources"
    shutil.copytree(PROJECT, sources, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
    sdist = _build("sdist", sources, folder)
    unpacked = folder / "unpacked"
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    return _build(
        "wheel", next(unpacked.iterdir()), folder, **({"LPB_COMPILE": "1"} if compiled else {})
    )


def _build(kind: str, sources: Path, folder: Path, **changes: str) -> Path:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _BUILD, kind, str(folder)],
        cwd=sources,
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return folder / ended.stdout.splitlines()[-1]


class Installed:
    """An environment with the wheel, and the folder that its user works in.

    Parameters
    ----------
    environment
        The virtual environment.
    work
        An empty folder.
    cache
        Of this user, with the engine.
    """

    def __init__(self, environment: Path, work: Path, cache: Path) -> None:
        self.environment, self.work, self.cache = environment, work, cache

    def run(
        self, *argv: str, timeout_s: float = 300.0, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with nothing of ours to help it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LPB_", "PYTHON"))}
        own = {"PATH": f"{self.environment / 'bin'}{os.pathsep}{kept['PATH']}", "COLUMNS": "100"}
        ended = subprocess.run(
            [self.environment / "bin" / argv[0], *argv[1:]],
            cwd=self.work,
            env={**kept, **own, "LPB_CACHE": str(self.cache), **changes},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended


def install(wheel: Path, folder: Path, cache: Path) -> Installed:
    """Install it with what it asks for, as pip does."""
    environment, work = folder / "environment", folder / "work"
    work.mkdir(parents=True)
    venv.create(environment, with_pip=True)
    installed = Installed(environment, work, cache)
    quiet = ("--quiet", "--disable-pip-version-check")
    ended = installed.run("pip", "install", *quiet, f"{wheel}[embedded]")
    assert ended.returncode == 0, ended.stderr
    return installed
