"""Stands between a client and a server, passes all messages on, and keeps their bytes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import zmq
from lpb_server.client import Exchange
from lpb_server.errors import WireError
from lpb_server.wire.messages import decode_reply, decode_request

__all__ = ["Recorder"]


class Recorder:
    """Records what is said, for as long as the context lasts.

    Parameters
    ----------
    server_endpoint
        Where the messages go.

    Attributes
    ----------
    endpoint
        Where the client connects instead: a free loopback port.
    """

    def __init__(self, server_endpoint: str) -> None:
        self._server_endpoint = server_endpoint
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._clients = self._socket(zmq.ROUTER)
        port = self._clients.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self._stopping = threading.Event()
        self._said: list[tuple[bool, list[bytes]]] = []
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.linger = 0
        return socket

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()  # it closes the sockets
        self._context.term()

    def _pass_on(self) -> None:
        poller = zmq.Poller()
        poller.register(self._clients, zmq.POLLIN)
        # Each client has a connection of its own to the server, whose reply needs no route then.
        servers: dict[bytes, zmq.Socket[bytes]] = {}
        routes: dict[zmq.Socket[bytes], bytes] = {}
        try:
            self._pass_on_between(poller, servers, routes)
        finally:  # The context would wait for them for ever.
            for socket in (self._clients, *servers.values()):
                socket.close()

    def _pass_on_between(
        self,
        poller: zmq.Poller,
        servers: dict[bytes, zmq.Socket[bytes]],
        routes: dict[zmq.Socket[bytes], bytes],
    ) -> None:
        while not self._stopping.is_set():
            for socket, _ in poller.poll(50):
                frames = socket.recv_multipart()
                if socket is not self._clients:
                    self._said.append((False, frames))
                    self._clients.send_multipart([routes[socket], *frames])
                    continue
                route, *frames = frames
                self._said.append((True, frames))
                if route not in servers:
                    server = servers[route] = self._socket(zmq.DEALER)
                    server.connect(self._server_endpoint)
                    routes[server] = route
                    poller.register(server, zmq.POLLIN)
                servers[route].send_multipart(frames)

    def exchanges(self) -> list[Exchange]:
        """Give the requests that were answered, in order, each with its first reply."""
        asked: dict[str, list[bytes]] = {}
        exchanges: list[Exchange] = []
        for is_request, raw in list(self._said):
            frames = raw[1:] if raw and not raw[0] else raw
            try:
                if is_request:
                    asked[decode_request(frames)[0].id] = frames
                    continue
                reply = decode_reply(frames)
                request_frames = asked.pop(reply.reply.id)
                request, _, wire_format = decode_request(request_frames)
            except (WireError, KeyError):
                continue  # a test's misuse, which has no place in a transcript
            exchanges.append(
                Exchange(
                    request,
                    reply.reply,
                    tuple(request_frames),
                    tuple(frames),
                    reply.arrays,
                    wire_format,
                    1,
                )
            )
        return exchanges
