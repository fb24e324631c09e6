"""The floor: pyzmq REQ and REP that echo the bridge's bytes, and nothing else."""

from __future__ import annotations

from typing import Any

import zmq

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall
from lpb_benchmarks.workload import Workload

__all__ = ["RawEcho"]

_TIMEOUT_MS = 60_000


class _EchoConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.REQ)
        self._socket.linger = 0
        self._socket.rcvtimeo = _TIMEOUT_MS
        self._socket.connect(endpoint)

    def prepare(self, workload: Workload) -> PreparedCall:
        frames = [bytes(frame) for frame in workload.frames()]
        connection = self._socket

        def run() -> list[bytes]:
            connection.send_multipart(frames)
            return connection.recv_multipart()

        def accepts(answer: Any) -> bool:
            return bool(answer == frames)

        return PreparedCall(run, accepts)

    def close(self) -> None:
        self._context.destroy(linger=0)


class RawEcho(Peer):
    """The same bytes there and back through pyzmq: what the transport alone costs."""

    name = "echo"
    title = "raw pyzmq REQ/REP echo"

    def serve(self, endpoint: str, announce: Announce) -> None:
        """Send back whatever comes."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        with context, context.socket(zmq.REP) as connection:
            connection.linger = 0
            connection.bind(endpoint.replace(":0", ":*") if endpoint.endswith(":0") else endpoint)
            announce(connection.getsockopt_string(zmq.LAST_ENDPOINT))
            while True:
                connection.send_multipart(connection.recv_multipart())

    def connect(self, endpoint: str) -> Connection:
        """Open a REQ socket."""
        return _EchoConnection(endpoint)
