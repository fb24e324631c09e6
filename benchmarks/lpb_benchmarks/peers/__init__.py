"""What the bridge is measured against: one module a peer."""

from lpb_benchmarks.peers.base import Connection, Peer, PreparedCall
from lpb_benchmarks.peers.registry import PEERS, find_peer

__all__ = ["PEERS", "Connection", "Peer", "PreparedCall", "find_peer"]
