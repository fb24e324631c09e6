"""ZeroMQ's own threads beside the thread that answers: who of them has the processor first.

They wake whenever something is given to them, and where there is no other processor the system lets
them take that of the very thread that gave it: two switches for every reply. Scheduled as batch
tasks they wait until that thread gives way, and several replies leave together: with four clients
on two processors a server answered 1.3 times as many small calls (`lpb bench`, scenario
"throughput"). But a batch task waits for any other program just as patiently. The system counts how
long a thread has waited for a processor; where that is long, they are left as they were for some
turns, and for more each time. A look that finds nobody else halves that.
"""

from __future__ import annotations

import os
import time
from typing import Final

import zmq

from lpb_server.sockets.busy_polling import longer_pause

__all__ = ["IoThreads"]

_TASKS: Final = "/proc/self/task"

_LONG_NS: Final = 500_000
"""A turn for which they waited longer than this was another program's. Their own server's turns
take a fifth of it. With a busy loop on each processor they waited 4 ms for each, and a client got
an eighth of its calls."""

_LOOK_NS: Final = 10_000_000
"""How often it is looked at, at most."""


class IoThreads:
    """The threads of a context; making this starts them.

    Parameters
    ----------
    context : zmq.Context
        One that has had no socket yet.

    Attributes
    ----------
    patient : bool
        Whether they wait for their turn.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        before = _threads()
        context.socket(zmq.PAIR).close(linger=0)
        self._threads = _threads() - before
        self._counters: list[int] = []
        self._turns = self._pause = self._next_look_ns = self._waited_ns = 0
        self._left = 1  # The first turn comes when they have begun, and have done so by themselves.
        self.patient = False
        try:
            for thread in self._threads:
                self._counters.append(os.open(f"{_TASKS}/{thread}/schedstat", os.O_RDONLY))
        except OSError:  # A system that does not count that, so nobody would see what goes wrong.
            self._threads.clear()

    def close(self) -> None:
        """Look at them no more."""
        while self._counters:
            os.close(self._counters.pop())

    def give_way(self) -> None:
        """Let them do what they were given, before there is nothing else to do."""
        if not self.patient:
            self._left -= 1
            if not self._left:
                self._make(patient=True)
            return
        os.sched_yield()
        self._turns += 1
        now_ns = time.perf_counter_ns()
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_NS
            self._look()

    def _look(self) -> None:
        turns, self._turns = self._turns, 0
        before_ns, self._waited_ns = self._waited_ns, sum(map(_waited_ns, self._counters))
        if self._waited_ns - before_ns > turns * _LONG_NS:
            self._left = self._pause = longer_pause(self._pause)
            self._make(patient=False)
        else:
            self._pause //= 2

    def _make(self, *, patient: bool) -> None:
        try:
            policy = os.SCHED_BATCH if patient else os.SCHED_OTHER
            for thread in self._threads:
                os.sched_setscheduler(thread, policy, os.sched_param(0))
        except (AttributeError, OSError):  # Not Linux, or forbidden.
            self._threads.clear()
        self.patient = patient and bool(self._threads)
        self._turns = self._next_look_ns = 0
        self._waited_ns = sum(map(_waited_ns, self._counters))


def _threads() -> set[int]:
    try:
        return {int(name) for name in os.listdir(_TASKS)}
    except OSError:
        return set()


def _waited_ns(counter: int) -> int:
    """Return how long a thread has been ready and had no processor."""
    return int(os.pread(counter, 80, 0).split()[1])
