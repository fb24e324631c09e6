"""`examples/pytorch-from-lean`: a Lean program asks PyTorch, and has the proof of the answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.verify.checkers import with_checkers
from lpb_server.operations import default_registry
from native_support import package_with

ENGINE_TIMEOUT_S = 900
FOLDER = PROJECT / "examples" / "pytorch-from-lean"
SOURCE = FOLDER / "torch_network.py"


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_lean_program_asks_pytorch_and_has_the_proof(
    settings: Settings, engine_cache: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="pytorch-from-lean: torch not installed")
    trained = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / "train.py"), str(tmp_path)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    program = shutil.copy(FOLDER / "AskNetwork.lean", tmp_path)
    own = [item for item in default_registry(str(SOURCE)) if item.name == "torch_network"]
    with (
        package_with(
            with_checkers(settings, own),
            tmp_path / "package",
            Path(program),
            tmp_path / "Trained.lean",
        ) as programs,
        ServerSupervisor(PROJECT, sources=str(SOURCE)) as server,
    ):
        said = programs.run_program("AskNetwork", [server.endpoint], ENGINE_TIMEOUT_S)
    assert said.status == 0, said.stderr
    corners = [[float(word) for word in line.split()] for line in said.stdout.splitlines()]
    assert [(x, y) for x, y, _ in corners] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [value for *_, value in corners] == pytest.approx([0, 1, 1, 0], abs=0.1)


def test_the_readme_shows_the_files_that_there_are() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    for file in FOLDER.iterdir():
        if file.suffix in (".py", ".lean"):
            assert f"`{file.name}`" in text
