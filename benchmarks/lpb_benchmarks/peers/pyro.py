"""Pyro5: a method call on a remote object, with its fastest serializer for bytes, MessagePack."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["Pyro"]

_OBJECT = "sums"


class _PyroConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        api: Any = import_module("Pyro5.api")
        api.config.SERIALIZER = "msgpack"
        self._proxy = api.Proxy(endpoint)
        self._proxy._pyroBind()

    def prepare(self, workload: Workload) -> PreparedCall:
        matrix, proxy = workload.matrix(), self._proxy
        rows, columns = matrix.shape

        def run() -> float:
            return float(proxy.sum(rows, columns, matrix.tobytes()))

        return PreparedCall(run, workload.accepts_sum)

    def close(self) -> None:
        self._proxy._pyroRelease()


class Pyro(Peer):
    """Python's own remote objects; it validates nothing."""

    title = "Pyro5"
    modules = ("Pyro5",)

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Expose one object with one method."""
        import numpy as np

        api: Any = import_module("Pyro5.api")
        api.config.SERIALIZER = "msgpack"

        def total(self: Any, rows: int, columns: int, data: bytes) -> float:
            return float(np.frombuffer(data, "<f8").reshape(rows, columns).sum())

        kind = api.expose(type("Sums", (), {"sum": total}))
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        daemon = api.Daemon(host=host, port=int(port))
        announce(str(daemon.register(kind(), _OBJECT)))
        daemon.requestLoop()

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a proxy."""
        return _PyroConnection(endpoint)
