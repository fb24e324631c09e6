"""Sockets, and no arithmetic."""

from lpb_server.transport.server import BridgeServer

__all__ = ["BridgeServer"]
