"""Two commands in one output folder: the second waits, and says what for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, lpb_command
from lpb_cli.output.folder import output_lock


@pytest.mark.parametrize("command", [["verify"], ["verify", "--json"], ["build"]])
def test_a_second_command_says_that_it_waits(
    engine_cache: Path, tmp_path: Path, command: list[str]
) -> None:
    with output_lock(tmp_path):
        second = subprocess.Popen(
            lpb_command(*command, "--engine", "embedded"),
            cwd=PROJECT,
            env={**os.environ, "LPB_OUTPUT": str(tmp_path), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        line = second.stderr.readline()
        second.send_signal(signal.SIGINT)
        output, _ = second.communicate(timeout=60)
    assert line == f"Waiting for another lpb that works in {tmp_path}.\n"
    assert second.returncode == 130
    assert output == ""
    assert [file.name for file in tmp_path.iterdir()] == ["lock"]


def test_what_ended_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from lpb_cli.output.folder import output_lock\n"
        "with output_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with output_lock(tmp_path):  # would wait for ever
        pass
