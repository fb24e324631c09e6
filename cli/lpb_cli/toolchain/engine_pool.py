"""Engine processes that are lent out one job at a time, and kept for the next."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lpb_cli.errors import LpbError
from lpb_cli.toolchain.engine_process import HEAP_LIMIT_BYTES, EngineProcess

__all__ = ["EnginePool", "engine_count"]

_BYTES_PER_ENGINE = 3 << 30


def engine_count(container_limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Give how many engines this machine bears: two threads of work and some 1.5 GB each.

    Parameters
    ----------
    container_limit
        Where the system says how much memory a container may use (cgroup v2).
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # No container, or "max".
        memory = min(memory, int(container_limit.read_text()))
    return max(1, min(len(os.sched_getaffinity(0)), memory // _BYTES_PER_ENGINE, 4))


class EnginePool:
    """Engines for several threads. How many run is for the threads to limit.

    Parameters
    ----------
    start
        Starts an engine.
    """

    def __init__(self, start: Callable[[], EngineProcess]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._idle: list[EngineProcess] = []
        self._all: set[EngineProcess] = set()
        self._closed = False

    def warm_up(self) -> None:
        """Start an engine for the next job, when none waits for one."""
        with self._lock:
            waiting = bool(self._idle)
        if not waiting:
            engine = self._added(self._start())
            with self._lock:
                self._idle.append(engine)

    @contextmanager
    def engine(self) -> Iterator[EngineProcess]:
        """Lend an engine. One that failed, or whose heap is nearly full, is not lent again."""
        with self._lock:
            engine = self._idle.pop() if self._idle else None
        if engine is None:
            engine = self._added(self._start())
        keep = False
        try:
            yield engine
            keep = engine.heap_bytes <= HEAP_LIMIT_BYTES
        finally:
            with self._lock:
                keep = keep and not self._closed
                if keep:
                    self._idle.append(engine)
            if not keep:
                self._remove(engine)

    @contextmanager
    def own(self, engine: EngineProcess) -> Iterator[EngineProcess]:
        """Look after an engine that serves one job only, so that `close` ends it as well."""
        self._added(engine)
        try:
            yield engine
        finally:
            self._remove(engine)

    def _added(self, engine: EngineProcess) -> EngineProcess:
        with self._lock:
            if not self._closed:
                self._all.add(engine)
                return engine
        engine.close()
        raise LpbError("the Lean engine was stopped")

    def _remove(self, engine: EngineProcess) -> None:
        with self._lock:
            self._all.discard(engine)
        engine.close()

    def close(self) -> None:
        """Stop every engine; who waits for one is told so, and no other starts."""
        with self._lock:
            self._closed = True
            engines, self._all = self._all, set()
            self._idle.clear()
        for engine in engines:
            engine.close()
