"""Where descriptors or memory run out, the server refuses, and goes on."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any

import pytest
from conditions import await_condition
from fault_helpers import (
    ENVIRONMENT,
    descriptors,
    fork_server_of,
    interpreted_only,
    workers_of,
)
from lpb_server.broker.broker import Broker
from lpb_server.client import BridgeClient
from lpb_server.frontend import admission as reception
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.settings.config import PoolConfig, ServerConfig
from lpb_server.sockets.descriptors import room_for_connections
from lpb_server.wire import decode_reply, intake
from lpb_server.wire.intake import open_request

Serve = Callable[..., AbstractContextManager[BridgeServer]]

_LIMITED = """
import resource, sys
kind, most = getattr(resource, sys.argv[1]), int(sys.argv[2])
resource.setrlimit(kind, (most, most))
from lpb_server.__main__ import main
sys.exit(main(sys.argv[3:]))
"""


def limited(kind: str, most: int, *flags: str) -> subprocess.Popen[str]:
    """Start a server under a limit of the system."""
    command = [sys.executable, "-c", _LIMITED, kind, str(most), "--endpoint", "tcp://127.0.0.1:*"]
    return subprocess.Popen(
        [*command, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def endpoint_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return str(json.loads(child.stdout.readline())["endpoint"])


@pytest.mark.parametrize("workers", ["0", "1"])
def test_connections_do_not_take_the_last_descriptor(workers: str) -> None:
    with limited("RLIMIT_NOFILE", 256, "--workers", workers) as child, ExitStack() as stack:
        stack.callback(child.kill)
        assert child.stderr is not None
        endpoint = endpoint_of(child)
        assert "has room for 64 connections" in child.stderr.readline()
        host, _, port = endpoint.removeprefix("tcp://").partition(":")
        for _ in range(400):  # They say nothing, so that no handshake refuses them.
            with suppress(ConnectionError):  # Those that are too many may be cut off at once.
                stack.enter_context(socket.create_connection((host, int(port)), 10))
        await_condition(lambda: descriptors(child.pid) < 240)
        if workers == "1":  # A worker can be started all the same.
            (worker,) = workers_of(child.pid)
            os.kill(worker, signal.SIGKILL)
            await_condition(lambda: workers_of(child.pid) not in ([], [worker]))
        assert child.poll() is None


def test_a_worker_that_no_descriptor_is_left_for_comes_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pool = PoolConfig(workers=1, heartbeat_s=0.1, restarts_per_minute=1000)
    service = Service(default_registry())
    ready = threading.Event()
    broker = Broker(service.purity, ServerConfig("tcp://127.0.0.1:*"), pool)
    pair, refused = socket.socketpair, threading.Event()

    def run() -> None:
        with broker:
            broker.serve(ready.set)

    def none(*arguments: Any, **options: Any) -> Any:
        refused.set()
        raise OSError(24, "Too many open files")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        monkeypatch.setattr(socket, "socketpair", none)
        broker._pool.kill(*broker._queue.workers)
        assert refused.wait(20)
        monkeypatch.setattr(socket, "socketpair", pair)
        with BridgeClient(broker.endpoint, timeout_s=20, tries=1) as client:
            client.ping()
    finally:
        broker.stop()
        thread.join(20)
    assert not thread.is_alive()
    assert "cannot be started: Too many open files" in caplog.text


def test_the_limit_of_descriptors_is_raised_as_far_as_it_goes() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        assert room_for_connections(1000) == 1000
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@interpreted_only
def test_a_message_that_there_is_no_memory_for_is_dropped_and_the_loop_lives(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_memory(*arguments: Any) -> Any:
        monkeypatch.setattr(reception, "open_request", open_request)
        raise MemoryError

    with serve() as server, BridgeClient(server.endpoint, timeout_s=0.5, tries=2) as client:
        monkeypatch.setattr(reception, "open_request", no_memory)
        client.ping()  # By its second try.
    assert "no memory left" in caplog.text


@interpreted_only
def test_a_header_that_there_is_no_memory_for_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*arguments: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(intake, "decode_header", no_memory)
    error = decode_reply(Service(default_registry()).handle([b"{}"])).reply.error
    assert error is not None
    assert error.code == "too_large"


def test_empty_maps_under_a_limit_of_memory_are_refused() -> None:
    with limited("RLIMIT_AS", 1 << 31, "--workers", "0") as child, ExitStack() as stack:
        stack.callback(child.kill)
        with BridgeClient(endpoint_of(child), timeout_s=20, tries=1) as client:
            header = b'{"a":[' + b",".join([b"{}"] * (20 << 20)) + b"]}"
            assert b"too_large" in client.call_raw([header], "?")[0]
            client.ping()


def test_a_stopped_fork_server_is_noticed_and_replaced() -> None:
    code = (
        "import sys; from lpb_server.broker import worker_processes;"
        "worker_processes._PATIENCE_S = 3.0; from lpb_server.__main__ import main;"
        "sys.exit(main(sys.argv[1:]))"
    )
    flags = ["--workers", "1", "--endpoint", "tcp://127.0.0.1:*"]
    command = [sys.executable, "-c", code, *flags, "--heartbeat-s", "0.2"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as child,
        ExitStack() as stack,
    ):
        stack.callback(child.kill)
        endpoint = endpoint_of(child)
        stopped, (worker,) = fork_server_of(child.pid), workers_of(child.pid)
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        os.kill(worker, signal.SIGKILL)
        with BridgeClient(endpoint, timeout_s=30, tries=1) as client:
            client.ping()
        assert fork_server_of(child.pid) not in (None, stopped)
