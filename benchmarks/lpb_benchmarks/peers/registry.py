"""Every peer, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.peers.base import Peer
from lpb_benchmarks.peers.bridge import Bridge
from lpb_benchmarks.peers.raw_zmq import RawEcho

__all__ = ["PEERS", "find_peer"]

PEERS: Final[Mapping[str, Peer]] = {peer.name: peer for peer in (Bridge(), RawEcho())}


def find_peer(name: str) -> Peer:
    """Return the peer of that name.

    Raises
    ------
    BenchmarkUsageError
        When there is none.
    """
    peer = PEERS.get(name)
    if peer is None:
        raise BenchmarkUsageError(f"There is no peer {name!r}.", f"There are {', '.join(PEERS)}.")
    return peer
