"""A server and its clients, each in a process of its own, that stand ready between their turns."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from lpb_benchmarks.measure.processes import Child, child_command
from lpb_benchmarks.measure.statistics import Samples
from lpb_benchmarks.measure.usage import Meter, Usage
from lpb_benchmarks.peers import find_peer
from lpb_benchmarks.peers.workload import Workload

__all__ = ["Round", "Station"]

_START_AFTER_NS: Final = 50_000_000
"""How far ahead clients that begin together are told the time: longer than telling them takes."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one turn of one contender gave.

    Parameters
    ----------
    samples : Samples
        Nanoseconds of each call, of all clients.
    calls : int
        How many calls were made; more than there are samples when only some of them are timed.
    calls_per_s : float
        Of all clients together.
    server, client : Usage
        What either end used, all clients together.
    server_idle_bytes : int or None
        What the server held in memory before it had answered anything.
    """

    samples: Samples
    calls: int
    calls_per_s: float
    server: Usage = field(default_factory=Usage)
    client: Usage = field(default_factory=Usage)
    server_idle_bytes: int | None = None


class Station:
    """One peer at one endpoint, and the processes at both ends.

    Parameters
    ----------
    peer : str
        Its name.
    endpoint : str
        Where its server listens.
    server_arguments, client_arguments : sequence of str
        Options of the two ends.
    placement : mapping of str to set of int
        The processors of ``server`` and of ``client``; those that are not named are not pinned.
    """

    def __init__(
        self,
        peer: str,
        endpoint: str,
        *,
        server_arguments: Sequence[str] = (),
        client_arguments: Sequence[str] = (),
        placement: Mapping[str, set[int]] | None = None,
    ) -> None:
        self._peer = peer
        self.endpoint = endpoint
        self._arguments = {"server": server_arguments, "client": client_arguments}
        self._placement = placement or {}
        self._stack = ExitStack()
        self._meters: dict[int, Meter] = {}
        self._prepared: dict[str, Workload] = {}
        self.server: Child | None = None
        self.clients: list[Child] = []
        self._starting: list[Child] = []
        self._server_ready = False
        self.server_idle_bytes: int | None = None

    def __enter__(self) -> Self:
        """Start the server; `ensure_clients` waits until it is ready."""
        if find_peer(self._peer).has_server:
            self.server = self._start("server")
        return self

    def _wait_for_server(self) -> None:
        if self.server is not None and not self._server_ready:
            self.endpoint = str(self.server.wait_ready()["endpoint"])
            self._server_ready = True
            self.server_idle_bytes = self._meters[self.server.pid].resident_bytes()

    def _start(self, role: str) -> Child:
        argv = child_command(role, self._peer, self.endpoint, self._arguments[role])
        child = self._stack.enter_context(Child(argv, self._placement.get(role)))
        self._meters[child.pid] = Meter(child.pid)
        return child

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def start_clients(self, count: int) -> None:
        """Start clients until there are that many, without waiting for them.

        Raises
        ------
        ChildFailedError
            When the server does not get ready.
        """
        self._wait_for_server()
        missing = count - len(self.clients) - len(self._starting)
        self._starting += [self._start("client") for _ in range(missing)]

    def ensure_clients(self, count: int) -> None:
        """Start clients until there are that many, and wait for them; they know all calls.

        Raises
        ------
        ChildFailedError
            When the server or a client dies or does not get ready.
        """
        self.start_clients(count)
        while self._starting:
            client = self._starting[0]
            client.wait_ready()
            for key, workload in self._prepared.items():
                client.ask({"prepare": key, "workload": workload.as_dict()})
            self.clients.append(self._starting.pop(0))

    def prepare(self, key: str, workload: Workload) -> None:
        """Have every client make a call ready, and try it once.

        Raises
        ------
        ChildFailedError
            When its answer is wrong.
        """
        self.ensure_clients(1)
        self._prepared[key] = workload
        _ask_all(self.clients, {"prepare": key, "workload": workload.as_dict()})

    def release(self, key: str) -> None:
        """Let go of what `prepare` made."""
        del self._prepared[key]
        _ask_all(self.clients, {"release": key})

    def run_calls(self, keys: Sequence[str], calls: int) -> Round:
        """Have the first client make that many calls, one after the other."""
        return self._metered(self.clients[:1], {"run": list(keys), "calls": calls})

    def run_seconds(self, keys: Sequence[str], seconds: float, clients: int = 1) -> Round:
        """Have that many clients call as often as they can, beginning and ending together."""
        start_ns = time.monotonic_ns() + _START_AFTER_NS
        command = {"run": list(keys), "seconds": seconds, "start_ns": start_ns}
        return self._metered(self.clients[:clients], command)

    def _metered(self, clients: list[Child], command: dict[str, Any]) -> Round:
        server = [] if self.server is None else [self._meters[self.server.pid]]
        ends = (server, [self._meters[client.pid] for client in clients])
        for meter in (*ends[0], *ends[1]):
            meter.begin()
        answers = _ask_all(clients, command)
        used = [_together([meter.end() for meter in end]) for end in ends]
        samples = [np.frombuffer(base64.b64decode(answer["samples"]), "<i8") for answer in answers]
        rates = [answer["calls"] * 1e9 / answer["elapsed_ns"] for answer in answers]
        calls = sum(answer["calls"] for answer in answers)
        return Round(
            np.concatenate(samples),
            calls,
            float(sum(rates)),
            used[0],
            used[1],
            self.server_idle_bytes,
        )


def _ask_all(clients: list[Child], command: dict[str, Any]) -> list[dict[str, Any]]:
    for client in clients:
        client.tell(command)
    return [client.answer() for client in clients]


def _together(parts: list[Usage]) -> Usage:
    times = [part.cpu_s for part in parts if part.cpu_s is not None]
    peaks = [part.peak_bytes for part in parts if part.peak_bytes is not None]
    return Usage(sum(times) if times else None, sum(peaks) if peaks else None)
