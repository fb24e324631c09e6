"""The worker processes of a broker: started, replaced when they die, ended with the broker.

Each has a pipe as its standard input that only the broker holds the other end of: however the
broker ends, the pipe closes and the worker ends with it. Its standard output is a pipe too, which
tells the broker at once when the worker ends.
"""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from lpb_server.config import PoolConfig

__all__ = ["RestartBudget", "WorkerPool"]

_LOG = logging.getLogger(__name__)
_MINUTE_S: Final = 60.0
_KILL_WAIT_S: Final = 10.0


class RestartBudget:
    """How many workers may be replaced in a minute; a function of the times it is told.

    Parameters
    ----------
    per_minute : int
        The cap.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent_s: deque[float] = deque()

    def spend(self, now_s: float) -> bool:
        """Tell whether one more worker may be started now, and count it when it may."""
        while self._spent_s and now_s - self._spent_s[0] >= _MINUTE_S:
            self._spent_s.popleft()
        if len(self._spent_s) >= self._per_minute:
            return False
        self._spent_s.append(now_s)
        return True


class WorkerPool:
    """Keeps so many worker processes running.

    Parameters
    ----------
    endpoint : str
        The broker's endpoint for workers.
    config : PoolConfig
        How many, and how often they may be replaced.
    """

    def __init__(self, endpoint: str, config: PoolConfig) -> None:
        self._endpoint = endpoint
        self._config = config
        self._budget = RestartBudget(config.restarts_per_minute)
        self._children: dict[int, tuple[bytes, subprocess.Popen[bytes]]] = {}
        self._short_said = False
        self.restarts = 0

    @property
    def descriptors(self) -> list[int]:
        """File descriptors that are readable when a worker ends."""
        return list(self._children)

    def start(self) -> None:
        """Start all workers."""
        for _ in range(self._config.workers):
            self._spawn()

    def reap(self, descriptor: int) -> bytes | None:
        """Look at a readable descriptor; return the worker's name when it has ended."""
        name, child = self._children[descriptor]
        if os.read(descriptor, 65536):
            return None  # An operation prints; nobody reads it here.
        del self._children[descriptor]
        _end(child)
        _LOG.warning("worker %s ended with code %s", name.decode(), child.returncode)
        return name

    def replace_missing(self, now_s: float) -> None:
        """Start workers until there are as many as there should be, or the cap is reached."""
        while len(self._children) < self._config.workers:
            if not self._budget.spend(now_s):
                if not self._short_said:
                    _LOG.error(
                        "workers die faster than %d a minute; waiting",
                        self._config.restarts_per_minute,
                    )
                self._short_said = True
                return
            self._short_said = False
            self.restarts += 1
            self._spawn()

    def kill(self, name: bytes) -> None:
        """Kill a worker that has been silent; its end is seen as that of any other."""
        for known, child in self._children.values():
            if known == name:
                child.kill()

    def close(self, grace_s: float) -> None:
        """End all workers: those that do not end by themselves in time are killed."""
        deadline_s = time.monotonic() + grace_s
        for _, child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline_s - time.monotonic()))
        for _, child in self._children.values():
            _end(child)
        self._children.clear()

    def _spawn(self) -> None:
        name = f"w-{secrets.token_hex(6)}"
        child = subprocess.Popen(
            self._command(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the broker, which lets the workers finish.
        )
        assert child.stdout is not None
        self._children[child.stdout.fileno()] = (name.encode(), child)

    def _command(self, name: str) -> Sequence[str]:
        config = self._config
        return [
            *(sys.executable, "-m", "lpb_server.worker", "--end-with-stdin"),
            *("--connect", self._endpoint, "--identity", name),
            *("--heartbeat", str(config.heartbeat_s), "--liveness", str(config.liveness_s)),
            *("--log-level", logging.getLevelName(_LOG.getEffectiveLevel()).lower()),
        ]


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child unless it has ended, reap it and close its pipes."""
    child.kill()
    try:
        child.wait(_KILL_WAIT_S)
    except subprocess.TimeoutExpired:
        _LOG.error("worker process %d does not end", child.pid)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
