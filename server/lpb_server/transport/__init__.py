"""Sockets, and no arithmetic."""

from lpb_server.transport.broker import Broker
from lpb_server.transport.executor_server import ExecutorServer
from lpb_server.transport.lazy_pirate import Backoff, LazyPirate
from lpb_server.transport.server import BridgeServer

__all__ = ["Backoff", "BridgeServer", "Broker", "ExecutorServer", "LazyPirate"]
