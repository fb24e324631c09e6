"""What a real server counts, as Prometheus sees it; its logs; what it tells systemd."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conditions import await_condition
from fault_helpers import ENVIRONMENT, WAIT_S, server_process, workers_of
from lpb_server.client import BridgeClient
from lpb_server.errors import RemoteError
from lpb_server.observability.metrics import BOUNDS_S, OTHER, Metrics
from lpb_server.observability.systemd import READY, notify
from prometheus_client.parser import text_string_to_metric_families


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def scrape(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_S) as answer:
        text = answer.read().decode()
    return {
        sample.name
        + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("workers", [0, 2])
def test_a_real_server_is_scraped(workers: int) -> None:
    port = free_port()
    with (
        server_process("--workers", str(workers), "--metrics-port", str(port)) as (child, endpoint),
        BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client,
    ):
        if workers:
            await_condition(lambda: scrape(port)["lpb_workers"] == workers)
        sent = received = 0
        for _ in range(5):
            exchange = client.exchange("ping")
            sent += sum(map(len, exchange.request_frames))
            received += sum(map(len, exchange.reply_frames))
        for _ in range(2):  # The second is answered from the cache.
            exchange = client.exchange("echo", {"a": 1}, request_id="the-same")
            sent += sum(map(len, exchange.request_frames))
            received += sum(map(len, exchange.reply_frames))
        before = scrape(port)
        for op in ("matrix_sum", "matrix_sum", "unheard-of"):
            with pytest.raises(RemoteError):
                client.call(op, {"no": 1})
        # A reply is counted after it is sent.
        await_condition(lambda: "lpb_errors_total code=unknown_operation" in scrape(port))
        after = scrape(port)
        assert before["lpb_requests_total op=ping"] == 5
        assert before["lpb_requests_total op=echo"] == 1
        assert before["lpb_request_seconds_count op=ping"] == 5
        assert 0 < before["lpb_request_seconds_sum op=ping"] < WAIT_S
        assert before["lpb_request_seconds_bucket le=+Inf op=ping"] == 5
        assert before["lpb_cache_hits_total"] == 1
        assert before["lpb_bytes_total direction=in"] == sent
        assert before["lpb_bytes_total direction=out"] == received
        assert before["lpb_queue_length"] == before["lpb_running"] == 0
        assert before["process_resident_memory_bytes"] > 0
        assert after["lpb_errors_total code=invalid_params"] == 2
        assert after["lpb_errors_total code=unknown_operation"] == 1
        assert after[f"lpb_requests_total op={OTHER}"] == 1
        if workers:
            os.kill(workers_of(child.pid)[0], signal.SIGKILL)
            await_condition(lambda: scrape(port)["lpb_worker_restarts_total"] == 1)


def test_a_taken_metrics_port_is_code_3_and_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "lpb_server", "--endpoint", "tcp://127.0.0.1:*"),
                *("--workers", "0", "--metrics-port", str(taken.getsockname()[1])),
            ],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot bind http://127.0.0.1:")


def test_latencies() -> None:
    metrics = Metrics(["ping"])
    for seconds in (0.0, BOUNDS_S[0], BOUNDS_S[0] * 1.01, BOUNDS_S[-1], 1e9):
        metrics.finished("1", "ping", seconds, [])
    latencies = metrics.latencies["ping"]
    assert latencies.counts[:2] == [2, 1]
    assert latencies.counts[-2:] == [1, 1]
    assert latencies.count == 5


def test_names_that_clients_choose_do_not_add_up() -> None:
    metrics = Metrics(["ping"])
    for number in range(100):
        metrics.finished("1", f"op {number}", 0.1, [])
    assert set(metrics.latencies) == {"ping", OTHER}
    assert metrics.latencies[OTHER].count == 100


def test_json_log_with_the_correlation_id() -> None:
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "lpb_server", "--endpoint", "tcp://127.0.0.1:*"),
            *("--workers", "1", "--log-format", "json", "--log-level", "debug"),
        ],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        try:
            assert child.stdout is not None
            endpoint = json.loads(child.stdout.readline())["endpoint"]
            with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
                client.exchange("ping", request_id="find-me")
                client.exchange("fail", request_id="failed-inside")
            child.terminate()
            _, log = child.communicate(timeout=WAIT_S)
        finally:
            child.kill()
    lines = [json.loads(line) for line in log.splitlines()]
    (found,) = [line for line in lines if line.get("id") == "find-me"]
    assert (found["op"], found["code"], found["level"]) == ("ping", "", "debug")
    failed = [line for line in lines if line.get("id") == "failed-inside" and "exception" in line]
    assert len(failed) == 1
    assert "ZeroDivisionError" in failed[0]["exception"]
    assert failed[0]["pid"] != child.pid


@pytest.mark.parametrize("workers", ["0", "1"])
def test_systemd_is_told(tmp_path: Path, workers: str) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(WAIT_S)
        with server_process("--workers", workers, environment={"NOTIFY_SOCKET": str(path)}) as (
            child,
            endpoint,
        ):
            assert listener.recv(100) == b"READY=1"
            with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
                client.ping()
            child.terminate()
            assert listener.recv(100) == b"STOPPING=1"
            assert child.wait(WAIT_S) == 0


def test_abstract_sockets_and_no_systemd() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = f"lpb-{os.getpid()}"
        listener.bind("\0" + name)
        listener.settimeout(WAIT_S)
        assert notify(READY, {"NOTIFY_SOCKET": "@" + name})
        assert listener.recv(100) == READY.encode()
    assert not notify(READY, {"NOTIFY_SOCKET": "@" + name})
    assert not notify(READY, {})
