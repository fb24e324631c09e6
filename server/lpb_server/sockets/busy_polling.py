"""Busy polling for what is expected any moment, before the thread goes to sleep.

An idle processor takes longer to wake than a small answer takes to come: a round trip of a small
message between two processes took 78 us when both slept, 54 when one of them polled busily, and 40
when both did (two processors, one each; `lpb bench`, scenario "latency"). A thread that polls
yields the processor to any thread that is ready, ZeroMQ's own first of all. Where other clients
compete for the processor, sleeping is better: the system wakes a sleeper at once. Competition shows
in the processor time that the polling thread got; it then stops polling for a while: two clients on
one processor got 1.3 times as many calls so.
"""

from __future__ import annotations

import os
import select
import time
from typing import Final

__all__ = ["BusyPoller", "longer_pause"]

_LOST_NS: Final = 10_000
"""A thread that polled and had less than three quarters of the time, but for so many nanoseconds,
was not alone: ZeroMQ's own thread counts as oneself, however slow the machine is. One client alone
had all of its time, each of two clients on one processor a third to a half, each of four a
fifth."""

_VAIN: Final = 64
_CROWDED: Final = 4096
"""Where busy polling is in vain, or others take the processor, again and again, it is done only one
time in so many."""

_ONCE: Final = 4
_AGAIN: Final = 8
"""Where others take the processor it is left alone for four waits, then for eight times as many;
what comes while nobody does halves them. Left alone for 64 waits from the first time on, a client
beside a program that woke for 0.3 ms in every 10 got a seventh less."""


def longer_pause(last: int) -> int:
    """Return for how many turns others are left alone, when it was so many the last time."""
    return min(_AGAIN * last + _ONCE, _CROWDED)


class BusyPoller:
    """Polls busily for input at file descriptors.

    Parameters
    ----------
    *descriptors : int
        Where it may come.
    limit_us : int
        For how long at most, in microseconds; 0 never polls busily.
    """

    def __init__(self, *descriptors: int, limit_us: int) -> None:
        self._poll = select.poll()
        for descriptor in descriptors:
            self._poll.register(descriptor, select.POLLIN)
        self._limit_ns = limit_us * 1000
        self._skipped = self._to_skip = 0

    def due(self) -> bool:
        """Tell whether to poll busily this time; each wait asks once."""
        if self._skipped < self._to_skip or not self._limit_ns:
            self._skipped += 1
            return False
        self._skipped = 0
        return True

    def watch(self) -> list[tuple[int, int]]:
        """Poll busily for a moment.

        Returns
        -------
        list of tuples
            Descriptors with something to read, as `select.poll` gives them. Empty when nothing has
            come: a wait that sleeps comes next.
        """
        poll, give_way, clock = self._poll.poll, os.sched_yield, time.perf_counter_ns
        began_ns, began_own_ns = clock(), time.process_time_ns()
        end_ns = began_ns + self._limit_ns
        while not (ready := poll(0)) and clock() <= end_ns:
            give_way()
        own_ns, looked_ns = time.process_time_ns() - began_own_ns, clock() - began_ns
        if looked_ns - own_ns > _LOST_NS + looked_ns // 4:
            self._to_skip = longer_pause(self._to_skip)
        elif ready:
            self._to_skip //= 2
        else:
            self._to_skip = min(2 * self._to_skip + 1, max(self._to_skip, _VAIN))
        return ready
