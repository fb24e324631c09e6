"""The endpoint that Prometheus scrapes: a thread of its own, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from lpb_server.errors import BindError
from lpb_server.metrics import BOUNDS_S, Metrics

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["METRICS_HOST", "serving_metrics"]

METRICS_HOST: Final = "127.0.0.1"


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
        Where; 0 serves nothing.

    Raises
    ------
    BindError
        When the port cannot be had.
    """
    if not port:
        yield
        return
    from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

    registry = CollectorRegistry()
    registry.register(_Collector(metrics))
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(port, METRICS_HOST, registry)
    except (OSError, OverflowError) as error:
        raise BindError(f"http://{METRICS_HOST}:{port}", str(error)) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
