"""The floors: pyzmq REQ and REP with nothing around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import zmq

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["RawEcho", "RawFrame"]

_TIMEOUT_MS = 120_000

_Socket = zmq.Socket[bytes]


def _serve(endpoint: str, announce: Announce, answer: Callable[[_Socket], None]) -> None:
    context: zmq.Context[_Socket] = zmq.Context()
    with context, context.socket(zmq.REP) as connection:
        connection.linger = 0
        connection.bind(endpoint[:-1] + "*" if endpoint.endswith(":0") else endpoint)
        announce(connection.getsockopt_string(zmq.LAST_ENDPOINT))
        while True:
            answer(connection)


class _ZmqConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[_Socket] = zmq.Context()
        self._socket = self._context.socket(zmq.REQ)
        self._socket.linger = 0
        self._socket.rcvtimeo = _TIMEOUT_MS
        self._socket.connect(endpoint)

    def close(self) -> None:
        self._context.destroy(linger=0)


class _EchoConnection(_ZmqConnection):
    def prepare(self, workload: Workload) -> PreparedCall:
        frames = [bytes(frame) for frame in workload.frames()]
        connection = self._socket

        def run() -> list[bytes]:
            connection.send_multipart(frames)
            return connection.recv_multipart()

        def accepts(answer: Any) -> bool:
            return bool(answer == frames)

        return PreparedCall(run, accepts)


class _FrameConnection(_ZmqConnection):
    def prepare(self, workload: Workload) -> PreparedCall:
        import struct

        data = workload.matrix().reshape(-1).view("u1").data
        connection = self._socket
        unpack = struct.Struct("<d").unpack

        def run() -> float:
            connection.send(data, copy=False)
            return float(unpack(connection.recv())[0])

        return PreparedCall(run, workload.accepts_sum)


class RawEcho(Peer):
    """The same bytes there and back through pyzmq: what the transport alone costs."""

    title = "raw pyzmq REQ/REP echo of the same bytes"

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Send back whatever comes."""

        def answer(connection: _Socket) -> None:
            connection.send_multipart(connection.recv_multipart())

        _serve(endpoint, announce, answer)

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a REQ socket."""
        return _EchoConnection(endpoint)


class RawFrame(Peer):
    """An array in one pyzmq frame without a copy, summed, and the sum as eight bytes."""

    title = "one pyzmq frame, copy=False"

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Sum whatever comes."""
        import numpy as np

        def answer(connection: _Socket) -> None:
            frame = connection.recv(copy=False)
            total = np.frombuffer(frame.buffer, "<f8").sum()
            del frame
            connection.send(np.asarray(total, "<f8").tobytes())

        _serve(endpoint, announce, answer)

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a REQ socket."""
        return _FrameConnection(endpoint)
