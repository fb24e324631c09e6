"""The server over real sockets: every kind of peer, and nothing brings it down."""

from __future__ import annotations

import json
import logging
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq
from conditions import await_hang_up, await_read
from lpb_server.client import BridgeClient
from lpb_server.errors import BindError, InsecureBindError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.wire import Limits

Serve = Callable[..., AbstractContextManager[BridgeServer]]
WAIT_MS = 10_000
PING = b'{"schema_version":2,"id":"1","op":"ping","params":{}}'


@contextmanager
def peer(kind: int, endpoint: str) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context() as context, context.socket(kind) as connection:
        connection.linger = 0
        connection.connect(endpoint)
        yield connection


def receive(connection: zmq.Socket[bytes]) -> list[bytes]:
    assert connection.poll(WAIT_MS)
    return connection.recv_multipart()


def test_dealer_and_req_peers(endpoint: str) -> None:
    with peer(zmq.DEALER, endpoint) as dealer, peer(zmq.REQ, endpoint) as req:
        dealer.send(PING)
        req.send(PING)
        assert json.loads(receive(dealer)[0])["result"] == {"pong": True}
        assert json.loads(receive(req)[0])["result"] == {"pong": True}
        dealer.send_multipart([b"", PING])
        delimiter, header = receive(dealer)
        assert delimiter == b""
        assert json.loads(header)["status"] == "ok"


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"", b""],
        [b"\x00" * 100],
        [b"{"],
        [b"\xde\xff\xff"],
        [b"\x08\x02"],
        [PING, b"extra"],
        [PING] * 50,
        [b"\xff" * 1_000_000],
    ],
    ids=[*"012345678"],
)
def test_malformed_messages_get_an_error_reply(endpoint: str, frames: list[bytes]) -> None:
    with peer(zmq.DEALER, endpoint) as dealer:
        dealer.send_multipart(frames)
        assert b"bad_message" in receive(dealer)[-1]
        dealer.send(PING)
        assert b"pong" in receive(dealer)[0]


def test_random_bytes_never_bring_it_down(endpoint: str) -> None:
    source = random.Random(1)
    with peer(zmq.DEALER, endpoint) as dealer:
        for _ in range(300):
            damaged = bytearray(PING)
            for _ in range(source.randrange(1, 4)):
                damaged[source.randrange(len(damaged))] = source.randrange(256)
            dealer.send_multipart([bytes(damaged), *[b"x"] * source.randrange(2)])
        for _ in range(300):
            assert receive(dealer)
        dealer.send(PING)
        assert b"pong" in receive(dealer)[0]


def test_bytes_that_are_not_zeromq(endpoint: str) -> None:
    host, port = endpoint.removeprefix("tcp://").split(":")
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, b""):
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(data)
    with BridgeClient(endpoint) as client:
        client.ping()


def test_an_oversized_frame_ends_that_connection_only(serve: Serve) -> None:
    config = ServerConfig("tcp://127.0.0.1:*", limits=Limits(frame_bytes=1000))
    with serve(config) as server, peer(zmq.DEALER, server.endpoint) as dealer:
        dealer.send(b"x" * 2000)
        with BridgeClient(server.endpoint) as client:
            client.ping()


def test_a_peer_that_leaves_costs_one_log_line(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    entered, leave = threading.Event(), threading.Event()

    @operation("wait", params={"type": "object"}, summary="Wait.")
    def wait(params: Any, arrays: Any) -> Outcome:
        entered.set()
        assert leave.wait(10)
        return Outcome({})

    registry = default_registry()
    registry.add(wait)
    with caplog.at_level(logging.WARNING), serve(service=Service(registry)) as server:
        with peer(zmq.DEALER, server.endpoint) as dealer:
            dealer.send(PING.replace(b"ping", b"wait"))
            assert entered.wait(10)
        await_hang_up(server.endpoint)  # Only when the server knows of it is it a lost reply.
        leave.set()
        with BridgeClient(server.endpoint) as client:
            client.ping()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "dropped" in caplog.text


def test_a_full_queue_is_overloaded_at_once(serve: Serve) -> None:
    entered, leave = threading.Event(), threading.Event()

    @operation("wait", params={"type": "object"}, summary="Wait.")
    def wait(params: Any, arrays: Any) -> Outcome:
        entered.set()
        assert leave.wait(10)
        return Outcome({})

    registry = default_registry()
    registry.add(wait)
    config = ServerConfig("tcp://127.0.0.1:*", queue_length=2)
    with (
        serve(config, Service(registry)) as server,
        peer(zmq.DEALER, server.endpoint) as dealer,
    ):
        dealer.send(PING.replace(b"ping", b"wait"))
        assert entered.wait(10)
        for number in range(5):
            dealer.send(PING.replace(b'"1"', b'"p%d"' % number))
        await_read(server.endpoint)  # All five are with the server before it looks again.
        leave.set()
        statuses = [json.loads(receive(dealer)[0]) for _ in range(6)]
    codes = [reply["error"]["code"] for reply in statuses if reply["status"] == "error"]
    assert codes == ["overloaded"] * 3


def test_nothing_runs_twice(serve: Serve) -> None:
    runs = []

    @operation("count", params={"type": "object"}, summary="Count.", pure=False)
    def count(params: Any, arrays: Any) -> Outcome:
        runs.append(1)
        return Outcome({"runs": len(runs)})

    registry = default_registry()
    registry.add(count)
    request = PING.replace(b"ping", b"count")
    with (
        serve(service=Service(registry)) as server,
        peer(zmq.DEALER, server.endpoint) as first,
        peer(zmq.DEALER, server.endpoint) as second,
    ):
        first.send(request)
        reply = receive(first)
        for connection in (first, second):
            connection.send(request)
            assert receive(connection) == reply
        second.send(PING)
        refused = json.loads(receive(second)[0])
        assert (refused["id"], refused["error"]["code"]) == ("1", "bad_message")
        second.send(request.replace(b'"1"', b'"2"'))
        assert json.loads(receive(second)[0])["result"] == {"runs": 2}
    assert len(runs) == 2


def test_a_taken_port_is_named(endpoint: str) -> None:
    server = BridgeServer(Service(default_registry()), ServerConfig(endpoint))
    with pytest.raises(BindError, match="in use") as caught, server:
        pass
    assert endpoint in str(caught.value)


@pytest.mark.parametrize("endpoint", ["tcp://192.0.2.1:*", "ipc:///no/such/dir/x"])
def test_what_cannot_be_bound(endpoint: str) -> None:
    server = BridgeServer(Service(default_registry()), ServerConfig(endpoint, insecure=True))
    with pytest.raises(BindError), server:
        pass


def test_beyond_loopback_is_refused() -> None:
    server = BridgeServer(Service(default_registry()), ServerConfig("tcp://0.0.0.0:*"))
    with pytest.raises(InsecureBindError), server:
        pass


def test_ipc_and_port_zero(serve: Serve, tmp_path: Path) -> None:
    for wanted in (f"ipc://{tmp_path}/socket", "tcp://127.0.0.1:0"):
        with serve(ServerConfig(wanted)) as server, BridgeClient(server.endpoint) as client:
            assert not server.endpoint.endswith(":0")
            client.ping()


def test_the_port_is_free_after_a_stop(serve: Serve) -> None:
    with serve() as server:
        endpoint = server.endpoint
    with serve(ServerConfig(endpoint)), BridgeClient(endpoint) as client:
        client.ping()


def test_stop_is_idempotent_and_safe_after_the_end(serve: Serve) -> None:
    with serve() as server:
        server.stop()
        server.stop()
    server.stop()
