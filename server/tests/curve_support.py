"""Keys, clients and raw connections for the tests of CURVE."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import zmq
from lpb_server.client import BridgeClient, ClientCurve
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.security.keys import KeyFolder, client_curve
from lpb_server.settings.config import ServerConfig

__all__ = [
    "FREE_PORT",
    "NOTE",
    "Serve",
    "client",
    "curve_config",
    "curve_of",
    "keys",
    "raw",
    "receive",
]

Serve = Callable[..., AbstractContextManager[BridgeServer]]
FREE_PORT = "tcp://127.0.0.1:*"
WAIT_MS = 10_000
NOTE = b'{"schema_version":2,"id":"%s","op":"note","params":{}}'


def keys(path: Path) -> KeyFolder:
    """Make keys of a server and of two clients, of whom alice is let in."""
    folder = KeyFolder(path)
    for name in ("server", "alice", "mallory"):
        folder.new(name)
    folder.allow("alice")
    return folder


def curve_config(folder: KeyFolder, **changes: Any) -> ServerConfig:
    return ServerConfig(FREE_PORT, curve=True, keys=folder.path, **changes)


def curve_of(folder: KeyFolder, name: str) -> ClientCurve:
    curve = client_curve(folder.path, name, "server")
    assert curve is not None
    return curve


def client(endpoint: str, curve: ClientCurve | None, timeout_s: float = 5.0) -> BridgeClient:
    return BridgeClient(endpoint, curve=curve, timeout_s=timeout_s, tries=2, sleep=lambda s: None)


@contextmanager
def raw(endpoint: str, curve: ClientCurve | None, **options: Any) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context() as context, context.socket(zmq.DEALER) as connection:
        connection.linger = 0
        for name, value in options.items():
            setattr(connection, name, value)
        if curve is not None:
            curve.apply(connection)
        connection.connect(endpoint)
        yield connection


def receive(connection: zmq.Socket[bytes]) -> dict[str, Any]:
    assert connection.poll(WAIT_MS)
    reply: dict[str, Any] = json.loads(connection.recv_multipart()[0])
    return reply
