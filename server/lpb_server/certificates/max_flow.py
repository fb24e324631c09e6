"""Flows whose doubles are exact, and cuts that bound them.

Capacities are counted in a unit, a power of two, in which flows have at most 53 bits: so what
passes through an edge is a double, and what enters a node leaves it exactly. SciPy's solver
computes with 32 bits: it is asked again for what it leaves over, in smaller units each time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT
from lpb_server.certificates.integers import exact_integers, last_bit

__all__ = ["Flow", "FlowNetwork", "maximum_flow"]

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_MANTISSA_BITS: Final = 53
_SOLVER_BITS: Final = 29


@dataclass(frozen=True, slots=True)
class FlowNetwork:
    """A directed graph, and how much may pass through each edge.

    Attributes
    ----------
    nodes, source, sink
        How many nodes there are, and two of them.
    tails, heads
        int64 of shape (e,): where each edge begins and ends.
    capacities
        float64 of shape (e,), finite and not negative.
    """

    nodes: int
    source: int
    sink: int
    tails: Indices
    heads: Indices
    capacities: Doubles

    def ends(self) -> list[tuple[int, int]]:
        """Give where each edge begins and ends."""
        return list(zip(self.tails.tolist(), self.heads.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow, and a cut whose capacity its value nearly reaches.

    Attributes
    ----------
    unit
        Everything is counted in 2 to the power of this, less 1074.
    passing
        What passes through each edge.
    value
        What leaves the source, less what enters it; below 2^53.
    cut
        bool of shape (nodes,): the nodes on the source's side.
    capacity
        That of the cut, in units of 2^(-1074).
    """

    unit: int
    passing: list[int]
    value: int
    cut: npt.NDArray[np.bool_]
    capacity: int

    def doubles(self) -> tuple[Doubles, float]:
        """Give what passes through each edge, and the value.

        Raises
        ------
        OverflowError
            When no double is as large.
        """
        exponent = self.unit - UNIT_EXPONENT
        passing = [math.ldexp(part, exponent) for part in self.passing]
        return np.array(passing, np.float64), math.ldexp(self.value, exponent)


def maximum_flow(network: FlowNetwork) -> Flow:
    """Find a flow of integers, and a cut that it fills but for less than a unit an edge."""
    capacities = exact_integers(network.capacities, 0).tolist()
    leaves, enters = network.tails == network.source, network.heads == network.sink
    bound = min(_total(capacities, leaves), _total(capacities, enters))
    least = last_bit(network.capacities)
    while True:
        unit = max(least, bound.bit_length() - _MANTISSA_BITS, 0)
        most = bound >> unit
        # One more than can pass, so that no edge is full only because its capacity was cut off.
        room = [min(capacity >> unit, most + 1) for capacity in capacities]
        passing, value = _solve(network, room, most)
        cut = _reachable(network, room, passing)
        capacity = _total(capacities, cut[network.tails] & ~cut[network.heads])
        smaller = capacity.bit_length() < bound.bit_length()
        bound = capacity
        if unit == least or not smaller:
            return Flow(unit, passing, value, cut, capacity)


def _total(values: Sequence[int], chosen: npt.NDArray[np.bool_]) -> int:
    return sum(values[index] for index in np.flatnonzero(chosen).tolist())


def _solve(network: FlowNetwork, capacities: list[int], bound: int) -> tuple[list[int], int]:
    """Find a greatest flow of integers below 2^54, and its value, at most the bound."""
    ends = network.ends()
    room: dict[tuple[int, int], int] = {}
    for (tail, head), capacity in zip(ends, capacities, strict=True):
        if tail != head:
            room[tail, head] = min(room.get((tail, head), 0) + capacity, bound + 1)
            room.setdefault((head, tail), 0)
    net = _net_flow(network, room, bound)
    value = sum(x for (tail, _), x in net.items() if tail == network.source)
    passing = []
    for pair, capacity in zip(ends, capacities, strict=True):
        part = min(max(net.get(pair, 0), 0), capacity)
        if part:
            net[pair] -= part
        passing.append(part)
    return passing, value


def _net_flow(
    network: FlowNetwork, room: dict[tuple[int, int], int], bound: int
) -> dict[tuple[int, int], int]:
    """Give what passes from each node to each neighbour, less what passes back."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow as solve

    if not room or not bound:
        return dict.fromkeys(room, 0)
    rows, columns = (np.array(side, np.int64) for side in zip(*room, strict=True))
    start = np.array(list(room.values()), np.int64)
    left, rest, shift = start.copy(), bound, 1
    while rest and shift:
        shift = max(rest.bit_length() - _SOLVER_BITS, 0)
        data = (np.minimum(left, rest + 1) >> shift).astype(np.int32)
        matrix = csr_array((data, (rows, columns)), shape=(network.nodes, network.nodes))
        found: Any = solve(matrix, network.source, network.sink)
        # It is what passes to a neighbour, less what passes back.
        left -= np.asarray(found.flow[rows, columns]).reshape(-1).astype(np.int64) << shift
        # Every edge of a smallest cut has less than one of these units left.
        rest = min(rest - (int(found.flow_value) << shift), len(room) << shift)
    return dict(zip(room, (start - left).tolist(), strict=True))


def _reachable(
    network: FlowNetwork, capacities: list[int], passing: list[int]
) -> npt.NDArray[np.bool_]:
    """Give the nodes that more could reach from the source, beside a flow."""
    neighbours: dict[int, list[int]] = {}
    for (tail, head), capacity, part in zip(network.ends(), capacities, passing, strict=True):
        if part < capacity:
            neighbours.setdefault(tail, []).append(head)
        if part:
            neighbours.setdefault(head, []).append(tail)
    reached = np.zeros(network.nodes, np.bool_)
    reached[network.source] = True
    waiting = [network.source]
    while waiting:
        for node in neighbours.get(waiting.pop(), ()):
            if not reached[node]:
                reached[node] = True
                waiting.append(node)
    return reached
