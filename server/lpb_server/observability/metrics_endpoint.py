"""The endpoint that Prometheus scrapes: a thread of its own, on loopback."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from lpb_server.errors import BindError
from lpb_server.observability.metrics import BOUNDS_S, Metrics

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["METRICS_HOST", "serving_metrics"]

_LOG = logging.getLogger(__name__)

METRICS_HOST: Final = "127.0.0.1"


_SILENT_S: Final = 10.0
_MOST_CONNECTIONS: Final = 16
"""How long a connection may say nothing, and how many there are; the oldest one goes first."""


class _Handler(WSGIRequestHandler):
    timeout = _SILENT_S

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: it is asked every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 2 * _MOST_CONNECTIONS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._open: dict[int, socket.socket] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, after ending the oldest connection of too many."""
        while len(self._open) >= _MOST_CONNECTIONS:
            with suppress(StopIteration, RuntimeError, KeyError, OSError):
                oldest = self._open.pop(next(iter(self._open)))
                oldest.shutdown(socket.SHUT_RDWR)
        self._open[id(request)] = request
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let go of a connection."""
        self._open.pop(id(request), None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note that a connection failed; whoever asked for metrics has gone, or said nothing."""
        _LOG.debug("a connection for metrics failed: %s", sys.exc_info()[1])


class _Collector:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        metrics = self._metrics
        requests = CounterMetricFamily("lpb_requests", "Requests by operation.", labels=["op"])
        for op, latencies in metrics.latencies.items():
            requests.add_metric([op], latencies.count)
        yield requests
        errors = CounterMetricFamily("lpb_errors", "Error replies by code.", labels=["code"])
        for code, count in metrics.errors.copy().items():
            errors.add_metric([code], count)
        yield errors
        seconds = HistogramMetricFamily(
            "lpb_request_seconds", "From arrival to reply, by operation.", labels=["op"]
        )
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        for op, latencies in metrics.latencies.items():
            total, buckets = 0, []
            for bound, count in zip(bounds, latencies.counts.copy(), strict=True):
                total += count
                buckets.append((bound, total))
            seconds.add_metric([op], buckets, latencies.total_s)
        yield seconds
        sent = CounterMetricFamily("lpb_bytes", "Bytes of messages.", labels=["direction"])
        sent.add_metric(["in"], metrics.bytes_in)
        sent.add_metric(["out"], metrics.bytes_out)
        yield sent
        yield CounterMetricFamily(
            "lpb_cache_hits", "Repeated requests that did not run again.", value=metrics.cache_hits
        )
        yield CounterMetricFamily(
            "lpb_worker_restarts", "Workers that were replaced.", value=metrics.restarts()
        )
        for name, what, value in (
            ("lpb_queue_length", "Requests that wait.", metrics.queue_length()),
            ("lpb_running", "Requests that run.", metrics.running()),
            (
                "lpb_workers",
                "Worker processes alive.",
                metrics.workers(),
            ),
        ):
            yield GaugeMetricFamily(name, what, value=value)


@contextmanager
def serving_metrics(metrics: Metrics, port: int) -> Iterator[None]:
    """Serve metrics over HTTP on loopback.

    Parameters
    ----------
    metrics : Metrics
        What to serve.
    port : int
        Where.

    Raises
    ------
    BindError
        When the port cannot be had.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    ProcessCollector(registry=registry)
    try:
        application = make_wsgi_app(registry)
        server = make_server(METRICS_HOST, port, application, _Server, _Handler)
    except (OSError, OverflowError) as error:
        raise BindError(f"http://{METRICS_HOST}:{port}", str(error)) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
