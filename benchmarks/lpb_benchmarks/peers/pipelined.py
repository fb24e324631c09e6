"""Peers with many requests in flight: one run is a batch of them, all at once or in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import zmq

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall
from lpb_benchmarks.peers.bridge import Bridge
from lpb_benchmarks.peers.grpc_peer import Grpc, messages, sum_method

if TYPE_CHECKING:
    from lpb_server.client.async_client import AsyncClient

    from lpb_benchmarks.peers.workload import Workload

__all__ = ["BATCH", "IN_TURN", "BridgeInFlight", "EchoInFlight", "GrpcInFlight"]

BATCH: Final = 64
"""How many requests make one run."""

IN_TURN: Final = "in-turn"
"""The argument of a client that sends each when the one before is answered."""

_TIMEOUT_S: Final = 120.0

_Call = Callable[[], Awaitable[float]]


class _LoopConnection(Connection):
    """A client in an event loop of its own."""

    def __init__(self, arguments: list[str]) -> None:
        self._in_turn = IN_TURN in arguments
        self._loop = asyncio.new_event_loop()

    def _batch(self, call: _Call, workload: Workload) -> PreparedCall:
        async def at_once() -> list[float]:
            return list(await asyncio.gather(*(call() for _ in range(BATCH))))

        async def in_turn() -> list[float]:
            return [await call() for _ in range(BATCH)]

        chosen = in_turn if self._in_turn else at_once

        def accepts(answer: Any) -> bool:
            return len(answer) == BATCH and all(map(workload.accepts_sum, answer))

        return PreparedCall(lambda: self._loop.run_until_complete(chosen()), accepts)

    async def _disconnect(self) -> None:
        """Close the client, in its loop."""

    def close(self) -> None:
        self._loop.run_until_complete(self._disconnect())
        self._loop.close()


class _BridgeConnection(_LoopConnection):
    def __init__(self, endpoint: str, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._endpoint = endpoint
        self._client: AsyncClient | None = None

    def prepare(self, workload: Workload) -> PreparedCall:
        from lpb_server.client.async_client import AsyncClient

        client = self._client = self._client or AsyncClient(
            self._endpoint, timeout_s=_TIMEOUT_S, tries=1, in_flight=BATCH
        )
        params, arrays, certify = workload.params(), workload.arrays(), workload.certify

        async def call() -> float:
            called = await client.call("matrix_sum", params, arrays, certify=certify)
            return float(called.result["sum"])

        return self._batch(call, workload)

    async def _disconnect(self) -> None:
        if self._client is not None:
            await self._client.close()


class BridgeInFlight(Bridge):
    """The bridge's own client for asyncio."""

    title = "lean-python-bridge, asyncio client"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open one client."""
        return _BridgeConnection(endpoint, arguments)


class _GrpcConnection(_LoopConnection):
    def __init__(self, endpoint: str, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._endpoint = endpoint
        self._channel: Any = None

    def prepare(self, workload: Workload) -> PreparedCall:
        grpc: Any = import_module("grpc")
        request_type, _ = messages()
        rows, columns = workload.matrix().shape
        matrix = workload.matrix()

        async def opened() -> Any:  # A channel belongs to the loop that it is made in.
            return self._channel or grpc.aio.insecure_channel(self._endpoint)

        self._channel = self._loop.run_until_complete(opened())
        ask = sum_method(self._channel)

        async def call() -> float:
            request = request_type(rows=rows, columns=columns, data=matrix.tobytes())
            return float((await ask(request, timeout=_TIMEOUT_S)).sum)

        return self._batch(call, workload)

    async def _disconnect(self) -> None:
        if self._channel is not None:
            await self._channel.close()


class GrpcInFlight(Grpc):
    """gRPC's client for asyncio."""

    title = "gRPC, asyncio client"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open one channel."""
        return _GrpcConnection(endpoint, arguments)


class _EchoConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.rcvtimeo = round(_TIMEOUT_S * 1000)
        self._socket.connect(endpoint)

    def prepare(self, workload: Workload) -> PreparedCall:
        frames = [bytes(frame) for frame in workload.frames()]
        connection = self._socket

        def run() -> list[list[bytes]]:
            for _ in range(BATCH):
                connection.send_multipart(frames)
            return [connection.recv_multipart() for _ in range(BATCH)]

        return PreparedCall(run, lambda answer: bool(answer == [frames] * BATCH))

    def close(self) -> None:
        self._context.destroy(linger=0)


class EchoInFlight(Peer):
    """The same bytes there and back: all are sent, then all are received."""

    title = "raw pyzmq DEALER/ROUTER echo of the same bytes"

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Send back whatever comes."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        with context, context.socket(zmq.ROUTER) as connection:
            connection.linger = 0
            connection.bind(endpoint[:-1] + "*" if endpoint.endswith(":0") else endpoint)
            announce(connection.getsockopt_string(zmq.LAST_ENDPOINT))
            while True:
                connection.send_multipart(connection.recv_multipart())

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a DEALER socket."""
        return _EchoConnection(endpoint)
