"""Looking out for what is expected any moment, before the thread goes to sleep.

An idle processor takes longer to wake than a small answer takes to come: a round trip of a small
message between two processes took 78 us when both slept, 54 when one of them looked out, and 40
when both did (two processors, one each; `lpb bench`, scenario "latency"). Whoever looks out gives
the processor to anyone who wants it, ZeroMQ's own thread first of all. Where somebody else takes it
for long, sleeping is better, as the system wakes a sleeper at once: that is seen, and looking out
is left alone for a while.
"""

from __future__ import annotations

import os
import select
import time
from typing import Final

__all__ = ["Alertness", "longer_pause"]

_AWAY_NS: Final = 300_000
"""Who gives way and comes back after this time has met another program and not ZeroMQ's thread,
which took up to 140 us on a slow machine: mistaken for another program there, it cost a client a
quarter of its calls. With a busy loop on each processor, it took 4 ms to come back, and a call 40
times as long."""

_VAIN: Final = 64
_CROWDED: Final = 4096
"""Where looking out is in vain, or others take the processor, again and again, it is done only one
time in so many."""

_ONCE: Final = 4
_AGAIN: Final = 8
"""Where others take the processor it is left alone for four waits, then for eight times as many;
what comes halves them. Left alone for 64 waits from the first time on, a client beside a program
that woke for 0.3 ms in every 10 got a seventh less."""


def longer_pause(last: int) -> int:
    """Return for how many turns others are left alone, when it was so many the last time."""
    return min(_AGAIN * last + _ONCE, _CROWDED)


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

    def due(self) -> bool:
        """Tell whether to look out this time; each wait asks once."""
        if self._skipped < self._to_skip or not self._limit_ns:
            self._skipped += 1
            return False
        self._skipped = 0
        return True

    def watch(self) -> list[tuple[int, int]]:
        """Look out for a moment.

        Returns
        -------
        list of tuples
            Descriptors with something to read, as `select.poll` gives them. Empty when nothing has
            come: a wait that sleeps comes next.
        """
        poll, give_way, clock = self._poll.poll, os.sched_yield, time.perf_counter_ns
        now_ns = clock()
        end_ns = now_ns + self._limit_ns
        while not (ready := poll(0)):
            if now_ns > end_ns:
                self._to_skip = min(2 * self._to_skip + 1, max(self._to_skip, _VAIN))
                return []
            give_way()
            before_ns, now_ns = now_ns, clock()
            if now_ns - before_ns > _AWAY_NS:
                self._to_skip = longer_pause(self._to_skip)
                return poll(0)
        self._to_skip //= 2
        return ready
