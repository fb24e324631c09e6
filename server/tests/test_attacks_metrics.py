"""Connections to the metrics that say nothing, or too slowly, are ended."""

from __future__ import annotations

import socket
import urllib.request
from contextlib import ExitStack

import pytest
from lpb_server.observability import metrics_endpoint
from lpb_server.observability.metrics import Metrics
from lpb_server.observability.metrics_endpoint import METRICS_HOST, serving_metrics


def free_port() -> int:
    with socket.create_server((METRICS_HOST, 0)) as server:
        return int(server.getsockname()[1])


def scrape(port: int) -> str:
    with urllib.request.urlopen(f"http://{METRICS_HOST}:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_a_silent_connection_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_endpoint._Handler, "timeout", 0.2)
    port = free_port()
    with (
        serving_metrics(Metrics({"ping": True}), port),
        socket.create_connection((METRICS_HOST, port), 10) as silent,
    ):
        assert silent.recv(1) == b""
        assert "lpb_queue_length" in scrape(port)


def test_of_many_connections_the_oldest_is_ended() -> None:
    port = free_port()
    with serving_metrics(Metrics({"ping": True}), port), ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((METRICS_HOST, port), 10))
            for _ in range(40)
        ]
        assert "lpb_queue_length" in scrape(port)
        for connection in silent[:20]:
            assert connection.recv(1) == b""
