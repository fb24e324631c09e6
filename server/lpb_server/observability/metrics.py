"""What a server counts while it runs.

Counting is done with plain integers by the server's own thread: well under a microsecond for each
number. Whoever reads them makes of them what they need, see `metrics_endpoint`.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from lpb_server.wire.refusal import code_of
from lpb_server.wire.values import Frame

__all__ = ["BOUNDS_S", "OTHER", "Latencies", "Metrics"]

_LOG = logging.getLogger(__name__)

BOUNDS_S: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""The upper bounds of the latency histogram's buckets, in seconds; the last one has none."""

OTHER: Final = "other"
"""Stands for every operation that the server does not know: clients choose those names."""


@dataclass(slots=True)
class Latencies:
    """A histogram.

    Parameters
    ----------
    counts : list of int
        How many fell into each bucket.
    total_s : float
        Their sum.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)


class Metrics:
    """The numbers of one server.

    Parameters
    ----------
    operations : iterable of str
        The operations it knows.
    """

    def __init__(self, operations: Iterable[str] = ()) -> None:
        names = (*operations, OTHER)
        self.latencies: dict[str, Latencies] = {name: Latencies() for name in names}
        self.errors: Counter[str] = Counter()
        self.cache_hits = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.queue_length: Callable[[], int] = lambda: 0
        self.running: Callable[[], int] = lambda: 0
        self.workers: Callable[[], int] = lambda: 0
        self.restarts: Callable[[], int] = lambda: 0

    def came(self, frames: Sequence[Frame]) -> None:
        """Count the bytes of a message."""
        self.bytes_in += sum(map(len, frames))

    def went(self, frames: Sequence[Frame]) -> None:
        """Count the bytes of a reply."""
        self.bytes_out += sum(map(len, frames))

    def at_once(self, reply: Sequence[Frame] | None) -> None:
        """Count a message that is no new request: refused, or a repetition.

        Parameters
        ----------
        reply : list of frames or None
            A refusal, or a reply from the cache; None when the same request is running.
        """
        code = code_of(reply)
        if code:
            self.errors[code] += 1
        else:
            self.cache_hits += 1

    def finished(self, request_id: str, op: str, seconds: float, reply: Sequence[Frame]) -> None:
        """Count a request that has ended, so many seconds after it came."""
        code = code_of(reply)
        (self.latencies.get(op) or self.latencies[OTHER]).add(seconds)
        if code:
            self.errors[code] += 1
        if _LOG.isEnabledFor(logging.DEBUG):
            about = {"id": request_id, "op": op, "code": code, "seconds": round(seconds, 6)}
            _LOG.debug("request %s: %s: %s", request_id, op, code or "ok", extra=about)
