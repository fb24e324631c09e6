"""``python -m lpb_server`` as a process: the ready line, the signals, the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lpb_server
import pytest
from conditions import await_condition, await_connections, await_read, await_signal
from lpb_server.client import BridgeClient
from lpb_server.errors import BridgeError
from lpb_server.wire.values import ValueMap

WAIT_S = 30
COMMAND = [sys.executable, "-W", "error", "-m", "lpb_server", "--no-config"]
PLUGIN = Path(__file__).parent / "plugin"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(lpb_server.__file__).parents[1]), str(PLUGIN)]),
}


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
    assert [line for line in log.splitlines() if " INFO " not in line] == []


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


def ask(
    endpoint: str,
    request_id: str,
    op: str,
    params: ValueMap,
    answers: dict[str, str],
    timeout_s: float,
) -> None:
    with BridgeClient(endpoint, timeout_s=timeout_s, tries=1) as client:
        try:
            reply = client.exchange(op, params, request_id=request_id).reply
        except BridgeError as error:
            answers[request_id] = type(error).__name__
        else:
            answers[request_id] = reply.status if reply.error is None else reply.error.code


@contextmanager
def asked(
    tmp_path: Path, timeout_s: float
) -> Iterator[tuple[subprocess.Popen[str], Path, dict[str, str]]]:
    """Run a server of one process that is at work for one client while another waits."""
    gate = tmp_path / "gate"
    answers: dict[str, str] = {}
    with process("--endpoint", "tcp://127.0.0.1:*", "--workers", "0") as child:
        assert child.stdout is not None
        endpoint = json.loads(child.stdout.readline())["endpoint"]
        requests: list[tuple[str, str, ValueMap]] = [
            ("running", "wait_for", {"path": str(gate)}),
            ("waiting", "ping", {}),
        ]
        threads = []
        for request_id, op, params in requests:
            arguments = (endpoint, request_id, op, params, answers, timeout_s)
            threads.append(threading.Thread(target=ask, args=arguments))
            threads[-1].start()
            await_condition(Path(f"{gate}.entered").exists)
        await_connections(endpoint, len(threads))
        await_read(endpoint)  # The second request is with the server, which has not looked at it.
        yield child, gate, answers
        for thread in threads:
            thread.join(WAIT_S)


def test_one_process_answers_what_runs_and_refuses_what_waits(tmp_path: Path) -> None:
    with asked(tmp_path, WAIT_S) as (child, gate, answers):
        child.terminate()
        await_signal(child.pid, signal.SIGTERM)
        assert child.poll() is None
        gate.touch()
        assert child.wait(WAIT_S) == 0
    assert answers == {"running": "ok", "waiting": "overloaded"}


def test_a_second_signal_stops_one_process_at_once(tmp_path: Path) -> None:
    with asked(tmp_path, 3.0) as (child, _, answers):
        child.terminate()
        await_signal(child.pid, signal.SIGTERM)
        assert child.poll() is None
        child.terminate()
        assert child.wait(WAIT_S) == -signal.SIGTERM
    assert answers == dict.fromkeys(("running", "waiting"), "BridgeTimeout")


def test_version() -> None:
    assert run("--version").stdout == f"lpb_server {lpb_server.__version__}\n"
