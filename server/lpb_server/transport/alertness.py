"""Looking out for what is expected any moment, before the thread goes to sleep.

An idle processor takes longer to wake than a small answer takes to come: a round trip of a small
message between two processes took 78 us when both slept, 54 when one of them looked out, and 40
when both did (two processors, one each; `lpb bench`, scenario "latency"). Whoever looks out gives
the processor to anyone who wants it, ZeroMQ's own thread first of all, and goes to sleep when
nothing has come for a moment.
"""

from __future__ import annotations

import os
import select
import time
from typing import Final

__all__ = ["LOOK_OUT_US", "Alertness"]

LOOK_OUT_US: Final = 100
"""How long a client looks out by default, in microseconds: some round trips of a small call."""

_MOST_SKIPPED: Final = 64
"""Where looking out is in vain again and again, it is done only one time in so many."""


class Alertness:
    """Looks out for input at file descriptors.

    Parameters
    ----------
    *descriptors : int
        Where it may come.
    limit_us : int
        For how long at most, in microseconds; 0 never looks out.
    """

    def __init__(self, *descriptors: int, limit_us: int) -> None:
        self._poll = select.poll()
        for descriptor in descriptors:
            self._poll.register(descriptor, select.POLLIN)
        self._limit_ns = limit_us * 1000
        self._skipped = self._to_skip = 0

    def watch(self) -> list[tuple[int, int]]:
        """Look out for a moment.

        Returns
        -------
        list of tuples
            Descriptors with something to read, as `select.poll` gives them. Empty when nothing has
            come, or when looking out has been in vain too often: a sleeping wait comes next.
        """
        if self._skipped < self._to_skip or not self._limit_ns:
            self._skipped += 1
            return []
        self._skipped = 0
        poll, give_way, clock = self._poll.poll, os.sched_yield, time.perf_counter_ns
        end_ns = clock() + self._limit_ns
        while not (ready := poll(0)):
            if clock() > end_ns:
                self._to_skip = min(2 * self._to_skip + 1, _MOST_SKIPPED)
                return []
            give_way()
        self._to_skip = 0
        return ready
