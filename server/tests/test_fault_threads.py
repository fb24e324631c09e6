"""Threads of ours that end: their process must not look alive without them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conditions import await_condition
from fault_helpers import ENVIRONMENT, server_process, workers_of
from lpb_server.client import BridgeClient
from lpb_server.errors import RemoteError


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_operation_that_calls_exit_costs_no_worker(workers: str) -> None:
    with (
        server_process("--workers", workers) as (child, endpoint),
        BridgeClient(endpoint, timeout_s=20, tries=1) as client,
    ):
        before = workers_of(child.pid)
        for _ in range(3):
            with pytest.raises(RemoteError) as caught:
                client.call("leave")
            assert caught.value.code == "internal"
            assert "SystemExit" in caught.value.remote_message
            client.ping()
        assert workers_of(child.pid) == before
        assert child.poll() is None


def test_a_worker_whose_computing_thread_has_ended_is_replaced() -> None:
    with (
        server_process("--workers", "1") as (child, endpoint),
        BridgeClient(endpoint, timeout_s=20, tries=1) as client,
    ):
        (before,) = workers_of(child.pid)
        client.call("spoil")
        await_condition(lambda: before not in workers_of(child.pid))
        client.ping()
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(20) == 0


def test_without_workers_there_is_an_answer_at_once_and_then_workers_again() -> None:
    with (
        server_process("--workers", "1", "--restarts-per-minute", "20", level="error") as (
            _,
            where,
        ),
        BridgeClient(where, timeout_s=20, tries=1) as client,
    ):
        refused: list[RemoteError] = []
        while not refused:
            with pytest.raises(RemoteError) as caught:
                client.call("die")
            if caught.value.code == "overloaded":
                refused.append(caught.value)
            else:
                assert caught.value.code == "worker_lost"
        assert 0 < refused[0].details["retry_after_ms"] <= 3000
        assert "the next one is started in" in refused[0].remote_message
        time.sleep(refused[0].details["retry_after_ms"] / 1000)  # As the server asks for.

        def pong() -> bool:
            reply = client.exchange("ping").reply
            assert reply.error is None or reply.error.code == "overloaded"
            return reply.error is None

        await_condition(pong, 10)


def test_no_module_of_the_working_directory_is_run(tmp_path: Path) -> None:
    for name in ("lpb_server", "numpy", "zmq", "logging"):
        (tmp_path / f"{name}.py").write_text("open('planted', 'w').close(); raise SystemExit(9)")
    command = [sys.executable, "-P", "-m", "lpb_server", "--workers", "1", "--no-config"]
    with subprocess.Popen(
        [*command, "--endpoint", "tcp://127.0.0.1:*"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert json.loads(child.stdout.readline())["event"] == "ready"
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()
    assert not (tmp_path / "planted").exists()


def test_whoever_starts_python_keeps_the_working_directory_out() -> None:
    project = Path(__file__).parents[2]
    found = 0
    for root in ("cli/lpb_cli", "server/lpb_server", "benchmarks/lpb_benchmarks"):
        for path in (project / root).rglob("*.py"):
            text = path.read_text("utf-8")
            found += len(re.findall(r'sys\.executable,\s*"-P",\s*"-m"', text))
            assert not re.search(r'sys\.executable,\s*"-(?!P)', text), path
    assert found >= 3 or not (project / "cli").exists()
