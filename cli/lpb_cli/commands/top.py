"""`lpb top`: a server's metrics, live in the terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lpb_cli.commands.numbers import a_number
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.terminal import make_console, print_json

__all__ = ["DEFAULT_METRICS_PORT", "Snapshot", "fetch", "parse", "show", "summary", "top", "watch"]

DEFAULT_METRICS_PORT: Final = 9555
_TIMEOUT_S: Final = 5.0


def top(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The server's --metrics-port.")
    ] = DEFAULT_METRICS_PORT,
    interval_s: Annotated[
        float,
        typer.Option(
            "--interval", min=0.1, max=86_400, callback=a_number, help="Seconds between two looks."
        ),
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once: totals, no rates.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Look once; print one JSON object, for scripts.")
    ] = False,
) -> None:
    """Show a running server's metrics live; it must have been started with --metrics-port."""
    url = f"http://127.0.0.1:{port}/metrics"
    if as_json:
        print_json(summary(fetch(url)))
    elif once:
        make_console().print(show(summary(fetch(url)), url))
    else:
        watch(url, make_console(), interval_s)


@dataclass(slots=True)
class Operation:
    """What a server has counted of one operation."""

    requests: float = 0.0
    total_s: float = 0.0
    buckets: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Snapshot:
    """A server's metrics at one moment."""

    taken_s: float
    operations: dict[str, Operation] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)


def fetch(url: str) -> Snapshot:
    """Read the metrics endpoint.

    Raises
    ------
    EnvironmentLacksError
        When nothing answers there, or not with metrics.
    """
    import urllib.error
    import urllib.parse
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            text = answer.read().decode("utf-8")
        return parse(text, time.monotonic())
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        port = urllib.parse.urlsplit(url).port
        raise EnvironmentLacksError(
            f"{url} gives no metrics: {reason}",
            f"Start the server with `lpb serve --metrics-port {port}`.",
        ) from None


def parse(text: str, now_s: float) -> Snapshot:
    """Read metrics in the text format of Prometheus.

    Raises
    ------
    ValueError
        When they are not of a bridge server.
    """
    from prometheus_client.parser import text_string_to_metric_families

    found = Snapshot(now_s)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels, value = sample.labels, float(sample.value)
            if sample.name == "lpb_errors_total":
                found.errors[labels["code"]] = value
            elif "op" in labels:
                operation = found.operations.setdefault(labels["op"], Operation())
                if sample.name == "lpb_requests_total":
                    operation.requests = value
                elif sample.name == "lpb_request_seconds_sum":
                    operation.total_s = value
                elif sample.name == "lpb_request_seconds_bucket":
                    operation.buckets.append((float(labels["le"]), value))
            else:
                name = sample.name + "".join(f".{label}" for label in labels.values())
                found.values[name] = value
    if not found.operations:
        raise ValueError("they are of something else")
    return found


def summary(now: Snapshot, before: Snapshot | None = None) -> dict[str, Any]:
    """Return what is shown: since `before`, or since the server started.

    Rates a second are None when there is nothing to compare with. Quantiles are upper bounds: the
    histogram knows no more.
    """
    elapsed_s = now.taken_s - before.taken_s if before is not None else None

    def rate(value: float, earlier: float) -> float | None:
        return None if not elapsed_s else (value - earlier) / elapsed_s

    then = before or Snapshot(0.0)
    operations = {}
    for name, item in sorted(now.operations.items()):
        old = then.operations.get(name, Operation())
        if item.requests:
            earlier = dict(old.buckets)
            counts = [(bound, count - earlier.get(bound, 0.0)) for bound, count in item.buckets]
            operations[name] = {
                "requests": int(item.requests),
                "per_second": rate(item.requests, old.requests),
                "p50_s": _quantile(counts, 0.5),
                "p99_s": _quantile(counts, 0.99),
            }

    def value(name: str) -> float:
        return now.values.get(name, 0.0)

    return {
        "operations": operations,
        "errors": {code: int(count) for code, count in sorted(now.errors.items())},
        "queue_length": int(value("lpb_queue_length")),
        "running": int(value("lpb_running")),
        "workers": int(value("lpb_workers")),
        "worker_restarts": int(value("lpb_worker_restarts_total")),
        "cache_hits": int(value("lpb_cache_hits_total")),
        **{
            f"bytes_{way}": {
                "total": int(value(f"lpb_bytes_total.{way}")),
                "per_second": rate(
                    value(f"lpb_bytes_total.{way}"), then.values.get(f"lpb_bytes_total.{way}", 0.0)
                ),
            }
            for way in ("in", "out")
        },
        "resident_bytes": int(value("process_resident_memory_bytes")),
    }


def _quantile(buckets: list[tuple[float, float]], share: float) -> float | None:
    """Return the upper bound of the bucket that the quantile is in; None beyond the last bound."""
    total = buckets[-1][1] if buckets else 0.0
    for bound, count in buckets:
        if total and count >= share * total:
            return bound if math.isfinite(bound) else None
    return None


def show(shown: dict[str, Any], url: str) -> Group:
    """Draw it."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("operation")
    for heading in ("requests", "a second", "p50 ≤", "p99 ≤"):
        table.add_column(heading, justify="right")
    for name, item in shown["operations"].items():
        table.add_row(
            escape(name),
            f"{item['requests']:,}",
            "" if item["per_second"] is None else f"{item['per_second']:,.1f}",
            _milliseconds(item["p50_s"]),
            _milliseconds(item["p99_s"]),
        )
    errors = ", ".join(f"{code} {count:,}" for code, count in shown["errors"].items())
    lines = [
        f"queue {shown['queue_length']}   running {shown['running']}   "
        f"workers {shown['workers']} (replaced {shown['worker_restarts']})   "
        f"cache hits {shown['cache_hits']:,}   resident {shown['resident_bytes'] / 2**20:.1f} MiB",
        "   ".join(
            f"bytes {way} {shown[f'bytes_{way}']['total']:,}"
            + ("" if (rate := shown[f"bytes_{way}"]["per_second"]) is None else f" ({rate:,.0f}/s)")
            for way in ("in", "out")
        ),
        f"errors: {errors or 'none'}",
    ]
    return Group(Text(url, style="dim"), *map(Text, lines), Text(), table)


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:g} ms"


def watch(
    url: str,
    console: Console,
    interval_s: float,
    sleep: Callable[[float], None] = time.sleep,
    rounds: int | None = None,
) -> None:
    """Show metrics until interrupted, or for so many rounds.

    Raises
    ------
    EnvironmentLacksError
        When the server does not answer any more.
    """
    from rich.live import Live

    before = fetch(url)
    with Live(show(summary(before), url), console=console, auto_refresh=False) as live:
        while rounds is None or rounds > 0:
            rounds = None if rounds is None else rounds - 1
            sleep(interval_s)
            now = fetch(url)
            live.update(show(summary(now, before), url), refresh=True)
            before = now
