"""Where there is no home, and nothing can be written: one clear error that says what to set."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import load_settings


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ServerSupervisor(PROJECT) as server:
        yield server.endpoint


def homeless(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lpb with a user id that has no name and no HOME, as containers do."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("HOME", "XDG_"))}
    code = (
        "import pwd, runpy, sys\n"
        "def nobody(_uid): raise KeyError(_uid)\n"
        "pwd.getpwuid = nobody\n"
        "runpy.run_module('lpb_cli', run_name='__main__', alter_sys=True)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env={**bare, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_needs_no_home_asks_for_none(endpoint: str, tmp_path: Path) -> None:
    assert homeless("call", "ping", "--endpoint", endpoint).returncode == 0
    assert homeless("config").returncode == 0
    assert homeless("doctor", LPB_CACHE=str(tmp_path)).returncode == 0


@pytest.mark.parametrize("command", [["doctor"], ["verify"], ["build"]])
@pytest.mark.parametrize("home", [{}, {"HOME": ""}])
def test_what_needs_a_home_says_what_to_set(command: list[str], home: dict[str, str]) -> None:
    result = homeless(*command, **home)
    assert result.returncode == 3
    assert "LPB_CACHE" in result.stderr
    assert "Traceback" not in result.stderr


def test_keys_without_a_home_say_what_to_set(endpoint: str) -> None:
    for command in (["keys", "list"], ["call", "ping", "--curve-key", "x"], ["serve", "--curve"]):
        result = homeless(*command)
        assert result.returncode == 2
        assert "LPB_KEYS" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("variable", ["LPB_OUTPUT", "LPB_CACHE"])
@pytest.mark.parametrize("command", ["verify", "build", "setup"])
def test_a_place_that_cannot_be_written_to(
    run_lpb: RunLpb, tmp_path: Path, variable: str, command: str
) -> None:
    (tmp_path / "file").touch()  # Root may write everywhere, but not below a file.
    if (variable, command) == ("LPB_OUTPUT", "setup"):
        return  # It writes nothing there.
    place = str(tmp_path / "file" / "x")
    result = run_lpb(command, "--engine", "embedded", **{variable: place})
    assert result.returncode == 3, result
    assert variable in result.stderr


def test_the_output_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(PROJECT)
    assert load_settings().output == PROJECT / ".lpb"
    monkeypatch.setenv("LPB_OUTPUT", str(tmp_path))
    assert load_settings().output == tmp_path
