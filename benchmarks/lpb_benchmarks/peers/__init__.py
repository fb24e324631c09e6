"""What the bridge is measured against: one module a peer."""

from lpb_benchmarks.peers.base import Connection, Peer, PreparedCall
from lpb_benchmarks.peers.registry import OURS, PEERS, find_peer

__all__ = ["OURS", "PEERS", "Connection", "Peer", "PreparedCall", "find_peer"]
