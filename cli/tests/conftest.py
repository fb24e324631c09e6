"""What the tests share: a command runner, the real engine, and servers that lie."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lpb_cli.output.folder import output_lock
from lpb_cli.settings import Settings, load_settings
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_archive import prepare_engine

PROJECT = Path(__file__).parents[2]

RunLpb = Callable[..., "subprocess.CompletedProcess[str]"]


def lpb_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lpb_cli", *arguments]


@pytest.fixture
def run_lpb() -> RunLpb:
    """Run `lpb` as a user does, in the project unless told otherwise."""

    def run(
        *arguments: str,
        directory: Path = PROJECT,
        timeout_s: float = 60.0,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            lpb_command(*arguments),
            cwd=directory,
            env={**os.environ, "COLUMNS": "100", **environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run


@pytest.fixture(scope="session")
def settings() -> Settings:
    os.environ["LPB_PROJECT"] = str(PROJECT)
    try:
        return load_settings()
    finally:
        del os.environ["LPB_PROJECT"]


@pytest.fixture(scope="session")
def engine_cache(settings: Settings) -> Path:
    """The cache with the prepared embedded engine, fetched when it is not there."""
    prepare_engine(settings.cache, lambda text, done, total: None)
    return settings.cache


@pytest.fixture(scope="session")
def toolchain(settings: Settings, engine_cache: Path) -> Iterator[EmbeddedToolchain]:
    """The embedded engine on the project itself."""
    toolchain = EmbeddedToolchain(settings)
    yield toolchain
    toolchain.close()


@pytest.fixture
def own_toolchain(
    settings: Settings, engine_cache: Path, tmp_path: Path
) -> Iterator[EmbeddedToolchain]:
    """The embedded engine on a project of the test's own, `tmp_path`, still without modules."""
    (tmp_path / "lean" / "proofs").mkdir(parents=True)
    toolchain = EmbeddedToolchain(replace(settings, project=tmp_path))
    yield toolchain
    toolchain.close()


@pytest.fixture
def own_output(settings: Settings, proofs: ProofReport, tmp_path: Path) -> dict[str, str]:
    """Variables that give `lpb` a folder of its own: it waits for no other test's.

    What has been compiled, here or by `lpb build`, lies in it.
    """
    for name in ("proofs", "programs", "native"):
        if (settings.output / name).is_dir():
            shutil.copytree(settings.output / name, tmp_path / "output" / name)
    return {"LPB_OUTPUT": str(tmp_path / "output")}


@pytest.fixture(scope="session")
def proofs(settings: Settings, toolchain: EmbeddedToolchain) -> ProofReport:
    """The project's proofs, checked; the transcript needs their compiled form."""
    # Tests run in several processes, which would check them all. The lock is not that of commands:
    # a whole `lpb verify` holds that for longer than a test may wait.
    own = settings.output / "tests"
    own.mkdir(parents=True, exist_ok=True)
    with output_lock(own):
        report = toolchain.check_proofs(lambda result, done, total: None)
    assert report.ok, [d for m in report.modules for d in m.diagnostics if d.severity == "error"]
    return report
