"""Threads of ours that end: their process must not look alive without them."""

from __future__ import annotations

import os
import signal

import pytest
from fault_helpers import server_process, wait_until, workers_of
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
        wait_until(lambda: before not in workers_of(child.pid))
        client.ping()
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(20) == 0
