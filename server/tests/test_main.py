"""``python -m lpb_server`` as a process: the ready line, the signals, the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lpb_server
import pytest
from lpb_server.client import BridgeClient

WAIT_S = 30
COMMAND = [sys.executable, "-W", "error", "-m", "lpb_server", "--no-config"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(lpb_server.__file__).parents[1])}


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ready_line_and_clean_stop(number: signal.Signals) -> None:
    with process("--endpoint", "tcp://127.0.0.1:*") as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        assert list(ready) == ["event", "endpoint", "pid", "version"]
        assert ready["event"] == "ready"
        assert ready["pid"] == child.pid
        assert ready["version"] == lpb_server.__version__
        with BridgeClient(ready["endpoint"]) as client:
            client.ping()
        child.send_signal(number)
        rest, log = child.communicate(timeout=WAIT_S)
    assert child.returncode == 0
    assert rest == ""
    assert "stopped" in log
    assert "Traceback" not in log


def test_a_taken_port_is_one_line_and_exit_3(endpoint: str) -> None:
    done = run("--endpoint", endpoint)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: cannot bind {endpoint}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["--endpoint"],
        ["--endpoint", "tcp://0.0.0.0:*"],
        ["--endpoint", "nonsense"],
        ["--endpoint", "tcp://127.0.0.1"],
        ["--log-level", "loud"],
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error" in done.stderr
    assert "Traceback" not in done.stderr


def test_insecure_must_be_said() -> None:
    with process("--endpoint", "tcp://0.0.0.0:*", "--insecure") as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["event"] == "ready"
        child.terminate()
        child.communicate(timeout=WAIT_S)
    assert child.returncode == 0


def test_version() -> None:
    assert run("--version").stdout == f"lpb_server {lpb_server.__version__}\n"
