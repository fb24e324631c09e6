"""CPU time and peak memory of other processes, read from outside so that they pay nothing.

On Linux both come from the kernel: a process's CPU clock has nanoseconds, and its peak can be
reset before each turn. Elsewhere psutil gives the CPU time, and the peak is not known.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

__all__ = ["Meter", "Usage", "own_processor_seconds"]

_PROC: Final = Path("/proc")
_CPU_CLOCK: Final = 2
"""The kernel's CPUCLOCK_SCHED: with it and its id a process's CPU clock is named."""
_RESET_PEAK: Final = "5"
"""What ``/proc/PID/clear_refs`` takes to forget the peak of resident memory."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its descendants used in one turn.

    Parameters
    ----------
    cpu_s : float or None
        CPU time in seconds.
    peak_bytes : int or None
        The most resident memory, shared pages included.
    """

    cpu_s: float | None = None
    peak_bytes: int | None = None


class Meter:
    """Measures one process and its descendants from `begin` to `end`.

    Parameters
    ----------
    pid : int
        The process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._family: list[int] = []
        self._cpu_s: float | None = None

    def resident_bytes(self) -> int | None:
        """Return what they hold in memory now."""
        sizes = [_status_bytes(pid, "VmRSS") for pid in _family(self._pid)]
        return _total(sizes)

    def begin(self) -> None:
        """Forget the peak and remember the CPU time."""
        self._family = list(_family(self._pid))
        for pid in self._family:
            with suppress(OSError):
                (_PROC / str(pid) / "clear_refs").write_text(_RESET_PEAK)
        self._cpu_s = self._cpu_time_s()

    def end(self) -> Usage:
        """Return what was used since `begin`."""
        after_s = self._cpu_time_s()
        known = after_s is not None and self._cpu_s is not None
        return Usage(
            (after_s or 0.0) - (self._cpu_s or 0.0) if known else None,
            _total([_status_bytes(pid, "VmHWM") for pid in self._family]),
        )

    def _cpu_time_s(self) -> float | None:
        times = [_cpu_time_s(pid) for pid in self._family]
        known = [item for item in times if item is not None]
        return sum(known) if known else None


def own_processor_seconds() -> float:
    """Return what this process and all its descendants have computed, those that ended too.

    Returns
    -------
    float
        CPU time in seconds: only differences mean anything.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = (_cpu_time_s(pid) for pid in _family(os.getpid()) if pid != os.getpid())
    known = sum(seconds for seconds in running if seconds is not None)
    return time.process_time() + ended.ru_utime + ended.ru_stime + known


def _family(pid: int) -> Iterator[int]:
    yield pid
    for listing in (_PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):
            for child in listing.read_text().split():
                yield from _family(int(child))


def _cpu_time_s(pid: int) -> float | None:
    if sys.platform == "linux":
        try:
            return time.clock_gettime((~pid << 3) | _CPU_CLOCK)
        except OSError:
            return None
    if find_spec("psutil") is None:
        return None
    psutil: Any = import_module("psutil")
    try:
        spent = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(spent.user + spent.system)


def _status_bytes(pid: int, field: str) -> int | None:
    try:
        text = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return None


def _total(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None
