"""A server and its clients, each in a process of its own, that stand ready between their turns."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from lpb_benchmarks.processes import Child, client_command, server_command
from lpb_benchmarks.statistics import Samples
from lpb_benchmarks.workload import Workload

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
    calls_per_s : float
        Of all clients together.
    """

    samples: Samples
    calls_per_s: float


class Station:
    """One peer at one endpoint, and the processes at both ends.

    Parameters
    ----------
    peer : str
        Its name.
    endpoint : str
        Where its server listens.
    clients : int
        How many client processes ask it.
    placement : mapping of str to set of int
        The processors of ``server`` and of ``client``; those that are not named are not pinned.
    """

    def __init__(
        self,
        peer: str,
        endpoint: str,
        clients: int = 1,
        placement: Mapping[str, set[int]] | None = None,
    ) -> None:
        self._peer = peer
        self.endpoint = endpoint
        self._client_count = clients
        self._placement = placement or {}
        self._stack = ExitStack()
        self.clients: list[Child] = []

    def __enter__(self) -> Self:
        """Start both ends and wait until they are ready.

        Raises
        ------
        ChildFailedError
            When one dies or does not get ready; the others are stopped.
        """
        try:
            self.server = self._start(server_command(self._peer, self.endpoint), "server")
            self.endpoint = str(self.server.wait_ready()["endpoint"])
            self.clients = [
                self._start(client_command(self._peer, self.endpoint), "client")
                for _ in range(self._client_count)
            ]
            for client in self.clients:
                client.wait_ready()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _start(self, argv: list[str], role: str) -> Child:
        return self._stack.enter_context(Child(argv, self._placement.get(role)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def prepare(self, key: str, workload: Workload) -> None:
        """Have every client make a call ready, and try it once.

        Raises
        ------
        ChildFailedError
            When its answer is wrong.
        """
        self._ask_all({"prepare": key, "workload": workload.as_dict()})

    def release(self, key: str) -> None:
        """Let go of what `prepare` made."""
        self._ask_all({"release": key})

    def run_calls(self, key: str, calls: int) -> Round:
        """Have the first client make that many calls, one after the other."""
        return _round([self.clients[0].ask({"run": key, "calls": calls})])

    def run_seconds(self, key: str, seconds: float) -> Round:
        """Have all clients call as often as they can, beginning and ending together."""
        start_ns = time.monotonic_ns() + _START_AFTER_NS
        return _round(self._ask_all({"run": key, "seconds": seconds, "start_ns": start_ns}))

    def _ask_all(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        for client in self.clients:
            client.tell(command)
        return [client.answer() for client in self.clients]


def _round(answers: list[dict[str, Any]]) -> Round:
    parts = [np.frombuffer(base64.b64decode(answer["samples"]), "<i8") for answer in answers]
    rates = [
        part.size * 1e9 / answer["elapsed_ns"]
        for part, answer in zip(parts, answers, strict=True)
        if part.size
    ]
    return Round(np.concatenate(parts), float(sum(rates)))
