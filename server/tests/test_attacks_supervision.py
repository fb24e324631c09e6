"""A server that a signal ends is started again, and runs nothing twice that must not."""

from __future__ import annotations

import json
import os
import signal
import socket
from functools import partial
from pathlib import Path

import pytest
from conditions import await_condition
from fault_helpers import ended, process
from lpb_server.client import BridgeClient
from lpb_server.process.supervision import Journal


def free_endpoint() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_aborted_server_is_started_again(workers: str) -> None:
    endpoint = free_endpoint()
    flags = ("--supervise", "--workers", workers, "--endpoint", endpoint, "--log-level", "error")
    with process("lpb_server", *flags) as parent:
        assert parent.stdout is not None
        for _ in range(2):
            child = json.loads(parent.stdout.readline())["pid"]
            assert child != parent.pid
            with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
                client.ping()
            os.kill(child, signal.SIGABRT)
            await_condition(partial(ended, child))
        last = json.loads(parent.stdout.readline())["pid"]
        with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
            client.ping()
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(30) == 0
        assert ended(last)


def test_a_server_ends_with_its_parent_and_wrong_usage_is_not_tried_again() -> None:
    with process("lpb_server", "--supervise", "--workers", "0", "--endpoint", "no") as parent:
        assert parent.wait(30) == 2
    flags = ("--supervise", "--workers", "0", "--endpoint", "tcp://127.0.0.1:*")
    with process("lpb_server", *flags) as parent:
        assert parent.stdout is not None
        child = json.loads(parent.stdout.readline())["pid"]
        parent.kill()
        await_condition(lambda: ended(child))


def test_what_has_side_effects_does_not_run_twice_after_a_restart(tmp_path: Path) -> None:
    endpoint = free_endpoint()
    flags = ("--supervise", "--workers", "1", "--endpoint", endpoint, "--log-level", "error")
    with process("lpb_server", *flags) as parent:
        assert parent.stdout is not None
        child = json.loads(parent.stdout.readline())["pid"]
        path = str(tmp_path / "notes")
        with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
            client.exchange("append", {"path": path, "line": "x"}, request_id="1" * 32)
        os.kill(child, signal.SIGABRT)
        assert json.loads(parent.stdout.readline())["pid"] != child
        with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
            again = client.exchange("append", {"path": path, "line": "x"}, request_id="1" * 32)
            assert again.reply.error is not None
            assert again.reply.error.code == "worker_lost"
            assert "started again" in again.reply.error.message
            assert Path(path).read_text() == "x\n"
            client.ping()


def test_the_journal_keeps_the_latest() -> None:
    memory = os.memfd_create("journal")
    try:
        first = Journal(memory)
        assert not first.was_begun(("", "a"))
        for number in range((1 << 16) + 10):
            first.begin(("", str(number)))
        second = Journal(memory)
        assert not second.was_begun(("", "9"))
        assert second.was_begun(("", "10"))
        assert second.was_begun(("", str((1 << 16) + 9)))
        assert not second.was_begun(("user", "10"))
    finally:
        os.close(memory)
    assert not Journal().was_begun(("", "a"))
