"""`lpb top` beside a real server."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import RunLpb
from lpb_cli.commands import top
from lpb_cli.errors import EnvironmentLacksError
from lpb_server.client import BridgeClient
from rich.console import Console


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def metrics_port() -> Iterator[int]:
    port = free_port()
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "lpb_server", "--endpoint", "tcp://127.0.0.1:*"),
            *("--workers", "0", "--metrics-port", str(port), "--log-level", "error"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            assert child.stdout is not None
            with BridgeClient(json.loads(child.stdout.readline())["endpoint"]) as client:
                for _ in range(3):
                    client.ping()
            yield port
        finally:
            child.kill()


def test_json(run_lpb: RunLpb, metrics_port: int) -> None:
    shown = json.loads(run_lpb("top", "--port", str(metrics_port), "--json").stdout)
    assert shown["operations"]["ping"]["requests"] == 3
    assert shown["operations"]["ping"]["per_second"] is None
    assert shown["bytes_in"]["total"] > 0
    assert shown["errors"] == {}


def test_once(run_lpb: RunLpb, metrics_port: int) -> None:
    result = run_lpb("top", "--port", str(metrics_port), "--once")
    assert result.returncode == 0
    assert "ping" in result.stdout
    assert "workers 0" in result.stdout


def test_live(metrics_port: int) -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100)
    top.watch(f"http://127.0.0.1:{metrics_port}/metrics", console, 0.01, rounds=2)
    assert "ping" in drawn.getvalue()


def test_without_a_server_it_says_how_to_start_one(run_lpb: RunLpb) -> None:
    result = run_lpb("top", "--port", str(free_port()), "--once")
    assert result.returncode == 3
    assert "lpb serve --metrics-port" in result.stderr


def test_rates_and_quantiles() -> None:
    text = """
lpb_requests_total{op="ping"} %d
lpb_request_seconds_bucket{op="ping",le="0.001"} %d
lpb_request_seconds_bucket{op="ping",le="0.01"} %d
lpb_request_seconds_bucket{op="ping",le="+Inf"} %d
lpb_request_seconds_count{op="ping"} %d
lpb_request_seconds_sum{op="ping"} 1.0
"""
    header = "# TYPE lpb_request_seconds histogram\n# TYPE lpb_requests counter\n"
    before = top.parse(header + text % (10, 10, 10, 10, 10), 100.0)
    now = top.parse(header + text % (30, 20, 29, 30, 30), 110.0)
    shown = top.summary(now, before)["operations"]["ping"]
    assert shown == {"requests": 30, "per_second": 2.0, "p50_s": 0.001, "p99_s": None}


def test_metrics_of_something_else() -> None:
    with pytest.raises(ValueError, match="something else"):
        top.parse("up 1\n", 0.0)
    with pytest.raises(EnvironmentLacksError):
        top.fetch(f"http://127.0.0.1:{free_port()}/metrics")
