"""Waits for what another thread or process does: until it has done it, and no fixed time."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "async_condition",
    "await_condition",
    "await_connections",
    "await_hang_up",
    "await_read",
    "await_signal",
]

WITHIN_S = 60.0
"""How long something may take on a machine that is busy."""

_EVERY_S = 0.01
_OPEN, _HALF_OPEN = "01", "08"
"""ESTABLISHED and CLOSE_WAIT, as the kernel writes them."""

_SETTLED = 10
"""How often in a row nothing must be under way: between two kernel buffers it is in neither."""


def await_condition(condition: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Return when something holds.

    Raises
    ------
    AssertionError
        When it does not hold in time.
    """
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it does not come to that"
        time.sleep(_EVERY_S)


async def async_condition(condition: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Return when something holds, and let the event loop run meanwhile; see `await_condition`."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it does not come to that"
        await asyncio.sleep(0)


def await_connections(endpoint: str, count: int) -> None:
    """Return when so many are connected to a port of loopback."""
    both_ends = 2 * count
    await_condition(
        lambda: [state for state, _ in _connections(endpoint)].count(_OPEN) >= both_ends
    )


def await_read(endpoint: str) -> None:
    """Return when ZeroMQ has read, at either end, all that was sent over a port of loopback."""
    settled = 0

    def read() -> bool:
        nonlocal settled
        queues = {queue for _, queue in _connections(endpoint)}
        settled = settled + 1 if queues <= {"00000000:00000000"} else 0
        return settled == _SETTLED

    await_condition(read)


def await_hang_up(endpoint: str) -> None:
    """Return when nobody is connected any more to a port of loopback, and its server knows."""
    await_condition(
        lambda: not {_OPEN, _HALF_OPEN} & {state for state, _ in _connections(endpoint)}
    )


def await_signal(pid: int, number: signal.Signals) -> None:
    """Return when a process has dealt with a first signal, and catches no second one."""

    def is_caught() -> bool:
        status = Path(f"/proc/{pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)

    await_condition(lambda: not is_caught())


def _connections(endpoint: str) -> list[tuple[str, str]]:
    """Return the state of each connection of a port, at both ends, and the bytes in its queues."""
    port = f":{int(endpoint.rpartition(':')[2]):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [(row[3], row[4]) for row in rows if row[1].endswith(port) or row[2].endswith(port)]
