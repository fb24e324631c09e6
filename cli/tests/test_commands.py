"""The commands as a user runs them, all but `lpb verify`, which has a file of its own."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, RunLpb, lpb_command
from lpb_cli.processes.supervisor import ServerSupervisor


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ServerSupervisor(PROJECT) as server:
        yield server.endpoint


@pytest.mark.parametrize(
    "command",
    [
        *([], ["verify"], ["build"], ["serve"], ["call"], ["bench"], ["setup"], ["doctor"]),
        *(["top"], ["worker"], ["config"], ["keys"], ["keys", "allow"]),
    ],
)
def test_help_is_there(run_lpb: RunLpb, command: list[str]) -> None:
    result = run_lpb(*command, "--help")
    assert result.returncode == 0
    assert "usage" in result.stdout.lower()


def test_version(run_lpb: RunLpb) -> None:
    assert run_lpb("--version").stdout.startswith("lpb 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["verify", "--engine", "none"],
        ["verify", "--requests", "-1"],
        ["call"],
        ["call", "ping", "--param", "without-equals-sign"],
        ["call", "ping", "--array", "matrix=/no/such/file.npy"],
        ["call", "ping", "--format", "xml"],
    ],
)
def test_wrong_usage_is_code_2_and_one_clear_error(run_lpb: RunLpb, arguments: list[str]) -> None:
    result = run_lpb(*arguments)
    assert result.returncode == 2
    assert result.stderr.strip()


def test_no_server_is_code_3_and_says_where(run_lpb: RunLpb) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        result = run_lpb("call", "ping", "--endpoint", endpoint, "--timeout", "0.2", "--tries", "2")
    assert result.returncode == 3
    assert endpoint in result.stderr


def test_call_sends_params_and_arrays(run_lpb: RunLpb, endpoint: str, tmp_path: Path) -> None:
    file = tmp_path / "m.npy"
    np.save(file, np.array([[1.0, 2.0], [3.0, 4.5]]))
    result = run_lpb(
        "call", "matrix_sum", "--array", f"matrix={file}", "--certify", "--json",
        "--endpoint", endpoint,
    )  # fmt: skip
    answer = json.loads(result.stdout)
    assert answer["result"] == {"sum": 10.5}
    assert answer["certificate"]["count"] == 4
    result = run_lpb(
        "call", "echo", "--param", "a=[1, 2]", "--param", "b=text", "--array", f"x={file}",
        "--output", str(tmp_path / "out"), "--json", "--endpoint", endpoint,
    )  # fmt: skip
    assert json.loads(result.stdout)["result"] == {"a": [1, 2], "b": "text"}
    assert np.array_equal(np.load(tmp_path / "out" / "x.npy"), np.load(file))


def test_a_refused_call_is_code_1_with_the_server_s_code(run_lpb: RunLpb, endpoint: str) -> None:
    result = run_lpb("call", "no_such_operation", "--endpoint", endpoint)
    assert result.returncode == 1
    assert "unknown_operation" in result.stderr


def test_doctor_names_every_prerequisite(run_lpb: RunLpb) -> None:
    findings = json.loads(run_lpb("doctor", "--json").stdout)
    names = {finding["name"] for finding in findings}
    assert {"Python", "lake", "Node.js", "embedded engine", "cc", "libzmq"} <= names
    assert all(finding["found"] or finding["remedy"] for finding in findings)


def test_setup_without_network_or_cache(run_lpb: RunLpb, tmp_path: Path) -> None:
    result = run_lpb(
        "setup",
        "--engine",
        "embedded",
        LPB_CACHE=str(tmp_path),
        NPM_CONFIG_REGISTRY="http://127.0.0.1:9",
        NPM_CONFIG_FETCH_RETRIES="0",
    )
    assert result.returncode == 3
    assert "lpb setup" in result.stderr


def test_serve_announces_itself_and_stops_cleanly_on_ctrl_c() -> None:
    process = subprocess.Popen(
        lpb_command("serve", "--endpoint", "tcp://127.0.0.1:0"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    port = int(ready["endpoint"].rsplit(":", 1)[1])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_serve_on_a_taken_port_is_code_3(run_lpb: RunLpb, endpoint: str) -> None:
    result = run_lpb("serve", "--endpoint", endpoint)
    assert result.returncode == 3
    assert endpoint in result.stderr


def test_lean_version_is_pinned_once() -> None:
    from lpb_cli.settings import LEAN_VERSION

    pinned = (PROJECT / "lean" / "lean-toolchain").read_text().strip()
    assert pinned == f"leanprover/lean4:v{LEAN_VERSION}"


def test_the_environment_is_read_in_one_place() -> None:
    readers = [
        file.name
        for file in (PROJECT / "cli" / "lpb_cli").rglob("*.py")
        if "os.environ" in file.read_text()
    ]
    assert readers == ["settings.py"]
    assert os.environ  # the name that is searched for is the real one
