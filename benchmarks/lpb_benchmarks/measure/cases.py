"""Cases: contenders that stand ready side by side, and what one turn of each is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.environment import Environment
from lpb_benchmarks.measure.processes import Child, child_command
from lpb_benchmarks.measure.station import Round, Station
from lpb_benchmarks.peers import OURS, find_peer
from lpb_benchmarks.peers.workload import Workload

__all__ = ["CallCase", "Case", "Contender", "FunctionCase", "StartCase", "Turn"]

Turn = Callable[[], Round]
"""One round of one contender."""

Failures = dict[str, str]
"""Contender to the reason why it is out."""

_MUST_WORK: Final = OURS | {"echo", "frame"}
"""Peers whose failure ends the run; another's only takes it out, by name."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison.

    Parameters
    ----------
    name : str
        Unique within its case.
    peer : str
        What answers.
    floor : str or None
        The contender of the same case that its ratios are to.
    workloads : tuple of Workload
        What its client asks, in turn; durations are those of the first.
    transport : str
        ``tcp`` or ``ipc``.
    server_arguments, client_arguments : tuple of str
        Options of the two ends.
    """

    name: str
    peer: str
    floor: str | None = None
    workloads: tuple[Workload, ...] = ()
    transport: str = "tcp"
    server_arguments: tuple[str, ...] = ()
    client_arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(ABC):
    """Contenders to be measured side by side.

    Parameters
    ----------
    name : str
        Unique within its scenario, and the same in every run that asks the same.
    contenders : tuple of Contender
        In the order in which they are shown.
    clients : int
        How many client processes ask at once.
    pinned : bool
        Whether the two ends get processors of their own.
    payload_bytes : int or None
        Size of the array, where bandwidth is what counts.
    rounds : int or None
        How many rounds, where it is not the run's own number.
    series, size : str and int, or None
        What grows from case to case, and how large it is in this one.
    """

    name: str
    contenders: tuple[Contender, ...]
    clients: int = 1
    pinned: bool = True
    payload_bytes: int | None = None
    rounds: int | None = None
    series: str | None = None
    size: int | None = None

    @abstractmethod
    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Have contenders stand ready, warmed up.

        Yields
        ------
        dict of str to Turn
            What one turn of each is. Those that failed are in `failures` instead.
        """


@contextmanager
def guarded(contender: Contender, failures: Failures) -> Iterator[None]:
    """Note the failure of a peer that the run can do without."""
    try:
        yield
    except BenchmarkError as error:
        if contender.peer in _MUST_WORK:
            raise
        failures[contender.name] = error.message


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCase(Case):
    """Calls through stations: a number of them, or as many as fit.

    Parameters
    ----------
    calls : int
        In one turn, by one client; 0 when `seconds` counts.
    seconds : float
        How long a turn takes.
    warm_up : int
        Calls before the first turn.
    """

    calls: int = 0
    seconds: float = 0.0
    warm_up: int = 50

    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Start stations where there are none yet, and prepare the calls in every client."""
        turns: dict[str, Turn] = {}
        stations = {item.name: self._station(environment, item) for item in contenders}
        # All servers start at once, and then all clients: there is more than one processor.
        for contender in contenders:
            with guarded(contender, failures):
                stations[contender.name].start_clients(self.clients)
        for contender in contenders:
            if contender.name not in failures:
                with guarded(contender, failures):
                    turns[contender.name] = self._turn(stations[contender.name], contender)
        yield turns
        # Not on the way out of an error: then a client may be busy, and is stopped anyway.
        for contender in contenders:
            if contender.name not in failures:
                with guarded(contender, failures):
                    for key in _names(contender).values():
                        stations[contender.name].release(key)

    def _turn(self, station: Station, contender: Contender) -> Turn:
        station.ensure_clients(self.clients)
        names = _names(contender)
        for workload, key in names.items():
            station.prepare(key, workload)
        keys = [names[workload] for workload in contender.workloads]
        station.run_calls(keys, self.warm_up)
        if self.calls:
            return lambda: station.run_calls(keys, self.calls)
        return lambda: station.run_seconds(keys, self.seconds, self.clients)

    def _station(self, environment: Environment, contender: Contender) -> Station:
        return environment.station(
            contender.peer,
            contender.transport,
            server_arguments=contender.server_arguments,
            client_arguments=contender.client_arguments,
            pinned=self.pinned,
        )


def _names(contender: Contender) -> dict[Workload, str]:
    distinct = dict.fromkeys(contender.workloads)
    return {workload: f"{contender.name} {number}" for number, workload in enumerate(distinct)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCase(Case):
    """A turn starts a server, asks it once, and stops it: the time until the answer counts."""

    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Start each server once, so that its files are in memory."""
        turns: dict[str, Turn] = {}
        for contender in contenders:
            with guarded(contender, failures):
                _start_and_ask(environment, contender)
                turns[contender.name] = self._turn(environment, contender)
        yield turns

    def _turn(self, environment: Environment, contender: Contender) -> Turn:
        return lambda: _single(_start_and_ask(environment, contender))


def _start_and_ask(environment: Environment, contender: Contender) -> float:
    peer = find_peer(contender.peer)
    endpoint = environment.endpoint(contender.transport)
    own_command = peer.start_command(endpoint)
    argv = own_command or child_command("server", contender.peer, endpoint)
    started = time.perf_counter()
    with Child(argv, ends_with_input=own_command is None) as server:
        connection = peer.connect(str(server.wait_ready()["endpoint"]), [])
        try:
            call = connection.prepare(contender.workloads[0])
            answer = call.run()
            elapsed_s = time.perf_counter() - started
        finally:
            connection.close()
        if not call.accepts(answer):
            raise BenchmarkError(f"{contender.name} gave a wrong answer.")
    return elapsed_s


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCase(Case):
    """Functions of the caller's that give how many seconds something took.

    Parameters
    ----------
    functions : mapping of str to callable
        By contender.
    """

    functions: Mapping[str, Callable[[], float]] = field(default_factory=dict)

    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Call each once."""
        turns: dict[str, Turn] = {}
        for contender in contenders:
            function = self.functions[contender.name]
            function()
            turns[contender.name] = self._turn(function)
        yield turns

    def _turn(self, function: Callable[[], float]) -> Turn:
        return lambda: _single(function())


def _single(seconds: float) -> Round:
    return Round(np.array([round(seconds * 1e9)], dtype=np.int64), 1, 1 / seconds)
