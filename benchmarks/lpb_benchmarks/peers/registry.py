"""Every peer, by name. Modules are imported only when a peer is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.peers.base import Peer

__all__ = ["OURS", "PEERS", "find_peer"]

PEERS: Final[Mapping[str, str]] = {
    "bridge": "bridge:Bridge",
    "c-client": "c_client:CClient",
    "bridge-async": "pipelined:BridgeInFlight",
    "bridge-no-io": "local:BridgeWithoutSockets",
    "echo": "raw_zmq:RawEcho",
    "frame": "raw_zmq:RawFrame",
    "echo-pipelined": "pipelined:EchoInFlight",
    "memcpy": "local:MemoryCopy",
    "numpy": "local:NumpySum",
    "grpc": "grpc_peer:Grpc",
    "grpc-async": "pipelined:GrpcInFlight",
    "flight": "flight:Flight",
    "pyro": "pyro:Pyro",
    "fastapi": "fastapi_peer:FastApi",
}
"""Name to module and class in this package."""

OURS: Final = frozenset({"bridge", "bridge-async", "c-client", "bridge-no-io"})
"""The peers that are this project: what a regression can be of."""


def find_peer(name: str) -> Peer:
    """Return the peer of that name.

    Raises
    ------
    BenchmarkUsageError
        When there is none.
    """
    if name not in PEERS:
        raise BenchmarkUsageError(f"There is no peer {name!r}.", f"There are {', '.join(PEERS)}.")
    module, _, kind = PEERS[name].partition(":")
    peer: Peer = getattr(import_module(f"lpb_benchmarks.peers.{module}"), kind)()
    return peer
