"""The worker processes of a broker: started, replaced when they die, ended with the broker.

They are forked by a fork server, which is replaced like a worker when it dies. Where it finds that
it cannot fork safely, workers are started from nothing.
"""

from __future__ import annotations

import logging
import math
import secrets
import sys
from collections.abc import Sequence
from typing import Final

from lpb_server.broker.worker_processes import ForkServer, SpawnedWorker, WorkerProcess
from lpb_server.settings.config import PoolConfig

__all__ = ["RestartBudget", "WorkerPool"]

_LOG = logging.getLogger(__name__)
_MINUTE_S: Final = 60.0
_ROUNDED: Final = 1e-9


class RestartBudget:
    """How many workers may be replaced; a function of the times it is told.

    So many can be at once, and then one after the other, evenly: there is never a long time without
    any.

    Parameters
    ----------
    per_minute : int
        How many become possible in a minute, and are kept for when they are needed.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._seen_s = -math.inf

    def spend(self, now_s: float) -> bool:
        """Tell whether one more worker may be started now, and count it when it may."""
        if self.wait_s(now_s) > 0:
            return False
        self._left -= 1
        return True

    def wait_s(self, now_s: float) -> float:
        """Return after how many seconds one more may be started: 0 for now, infinity for never."""
        if not self._per_minute:
            return math.inf
        gained = max(0.0, now_s - self._seen_s) * self._per_minute / _MINUTE_S
        self._left = min(self._left + gained, float(self._per_minute))
        self._seen_s = now_s
        lacking = 1 - self._left
        return 0.0 if lacking < _ROUNDED else lacking * _MINUTE_S / self._per_minute


class WorkerPool:
    """Keeps so many worker processes running.

    Parameters
    ----------
    endpoint : str
        The broker's endpoint for workers.
    config : PoolConfig
        How many, and how often they may be replaced.
    options : sequence of str
        Flags for the workers: the settings that they share with the broker.
    """

    def __init__(self, endpoint: str, config: PoolConfig, options: Sequence[str] = ()) -> None:
        self._endpoint = endpoint
        self._options = options
        self._config = config
        self._budget = RestartBudget(config.restarts_per_minute)
        self._children: dict[int, WorkerProcess] = {}
        self._fork_server: ForkServer | None = None
        self._forks = True
        self._short_said = False
        self._stopping = False
        self.restarts = 0

    @property
    def is_empty(self) -> bool:
        """Whether no worker runs, and none is about to."""
        return self._count() == 0

    @property
    def descriptors(self) -> list[int]:
        """File descriptors that are readable when there is something for `reap`."""
        if self._fork_server is None:
            return list(self._children)
        return [self._fork_server.descriptor, *self._children]

    def start(self) -> None:
        """Start all workers."""
        if self._config.workers:
            self._fork_server = ForkServer(self._command())
        for _ in range(self._config.workers):
            self._add()

    def reap(self, descriptor: int) -> bytes | None:
        """Look at a readable descriptor; return the worker's name when one has ended."""
        if self._fork_server is not None and descriptor == self._fork_server.descriptor:
            self._hear_fork_server(self._fork_server)
            return None
        child = self._children[descriptor]
        if not child.ended():
            return None
        del self._children[descriptor]
        child.close()
        if not self._stopping:
            _LOG.warning("worker %s has ended", child.name.decode())
        return child.name

    def replace_missing(self, now_s: float) -> None:
        """Start workers until there are as many as there should be, or the cap is reached."""
        if self._forks and self._fork_server is None and self._config.workers:
            if not self._may_restart(now_s):
                return
            try:
                self._fork_server = ForkServer(self._command())
            except OSError as error:
                _LOG.error("the fork server cannot be started: %s", error.strerror)
                return
        if self._fork_server is not None and self._fork_server.is_stuck(now_s):
            _LOG.error("the fork server does not answer; it is killed")
            self._fork_server.kill()
            return
        while self._count() < self._config.workers:
            if not self._may_restart(now_s):
                return
            self.restarts += 1
            if not self._add():
                return

    def wait_s(self, now_s: float) -> float:
        """Return after how many seconds a missing worker may be replaced.

        Returns
        -------
        float
            0 when none is missing, or one may be replaced now; infinity when none ever is.
        """
        if self._stopping or self._count() >= self._config.workers:
            return 0.0
        return self._budget.wait_s(now_s)

    def kill(self, name: bytes) -> None:
        """Kill a worker that has been silent; its end is seen as that of any other."""
        for child in self._children.values():
            if child.name == name:
                child.kill()

    def stop(self) -> None:
        """Take the end of a worker for what was wanted from now on."""
        self._stopping = True

    def close(self) -> None:
        """Kill the workers that have not ended."""
        for child in self._children.values():
            child.close()
        self._children.clear()
        if self._fork_server is not None:
            self._fork_server.close()
            self._fork_server = None

    def _count(self) -> int:
        pending = self._fork_server.pending if self._fork_server is not None else 0
        return len(self._children) + pending

    def _may_restart(self, now_s: float) -> bool:
        if self._budget.spend(now_s):
            self._short_said = False
            return True
        if not self._short_said:
            _LOG.error(
                "workers die faster than %d a minute; waiting", self._config.restarts_per_minute
            )
        self._short_said = True
        return False

    def _hear_fork_server(self, fork_server: ForkServer) -> None:
        forked = fork_server.hear()
        if forked is not None:
            self._children.update((worker.descriptor, worker) for worker in forked)
            return
        self._fork_server = None
        missing = fork_server.pending
        if fork_server.close():
            _LOG.info("workers cannot be forked here; each is started from nothing")
            self._forks = False
            for _ in range(missing):
                self._add()
        else:
            _LOG.warning("the fork server has ended")

    def _add(self) -> bool:
        name = f"w-{secrets.token_hex(6)}"
        if self._fork_server is not None:
            return self._fork_server.ask(name)
        try:
            child = SpawnedWorker(name, self._command())
        except OSError as error:
            _LOG.error("worker %s cannot be started: %s", name, error.strerror)
            return False
        self._children[child.descriptor] = child
        return True

    def _command(self) -> Sequence[str]:
        return [
            # -P: not what lies in the working directory under the name of one of our modules.
            *(sys.executable, "-P", "-m", "lpb_server.worker", "--connect", self._endpoint),
            "--no-config",
            *self._options,
        ]
