"""bridge_socket through ctypes, against pyzmq and against the live server."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from bridge_library import (
    DEALER,
    MAX_FRAMES,
    READABLE,
    RECEIVE_TIMEOUT_MS,
    REQ,
    TIMEOUT,
    TOO_LARGE,
    WRONG_THREAD,
    Bridge,
    BridgeError,
    Client,
    Frame,
    Pointer,
    Release,
)


@pytest.fixture
def bridge(bridge_library: Path) -> Bridge:
    return Bridge(bridge_library)


@pytest.fixture
def new_client(bridge: Bridge) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(kind: int = DEALER) -> Client:
        clients.append(Client(bridge, kind))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def endpoint_of(peer: zmq.Socket[bytes]) -> str:
    return peer.getsockopt_string(zmq.LAST_ENDPOINT)


def test_the_library_exports_what_the_header_declares_and_nothing_else(
    bridge_library: Path,
) -> None:
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", bridge_library], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    exported = {line.split()[-1] for line in listed if line}
    header = (Path(__file__).parent.parent / "bridge_socket.h").read_text()
    declared = {
        line.split("(")[0].split()[-1].lstrip("*")
        for line in header.splitlines()
        if line.startswith("LPB_API ")
    }
    assert exported == declared
    assert len(declared) > 20


def test_versions(bridge: Bridge) -> None:
    numbers = [ctypes.c_int() for _ in range(3)]
    bridge.c.lpb_zmq_version(*map(ctypes.byref, numbers))
    assert tuple(n.value for n in numbers) >= (4, 2, 0)
    assert bridge.c.lpb_interface_version() == 2
    assert bridge.c.lpb_status_name(99) == b"unknown"


@pytest.mark.parametrize("kind", [REQ, DEALER])
@pytest.mark.parametrize(
    "frames",
    [[b"one"], [b""], [b"a", b"", b"c"], [b"x" * 33, b"y" * 34], [bytes(3_000_000), b"end"]],
    ids=["one", "empty", "with-an-empty-one", "around-the-inline-size", "large"],
)
def test_frames_arrive_as_they_were_sent(
    new_client: Callable[..., Client], peer: zmq.Socket[bytes], kind: int, frames: list[bytes]
) -> None:
    client = new_client(kind)
    client.connect(endpoint_of(peer))
    client.send(*frames)
    request = peer.recv_multipart()
    assert request[1:] == ([b"", *frames] if kind == REQ else frames)
    peer.send_multipart(request)
    assert client.poll(READABLE, 10_000) == READABLE
    assert client.receive() == frames


def test_a_lent_frame_lies_where_it_lay_and_is_given_back_once(
    bridge: Bridge, new_client: Callable[..., Client], peer: zmq.Socket[bytes]
) -> None:
    client = new_client()
    client.connect(endpoint_of(peer))
    data = ctypes.create_string_buffer(b"z" * 1_000_000, 1_000_000)
    released: list[tuple[int, int]] = []
    done = threading.Event()

    def release(address: int, hint: int) -> None:
        released.append((address, hint))
        done.set()

    callback = Release(release)
    frame = Frame(
        ctypes.cast(data, Pointer), len(data), ctypes.cast(callback, Pointer), Pointer(42)
    )
    bridge.check(bridge.c.lpb_socket_send(client.socket, ctypes.byref(frame), 1))
    assert peer.recv_multipart()[1] == data.raw
    assert done.wait(10)
    assert released == [(ctypes.addressof(data), 42)]


def test_a_silent_peer_ends_in_a_timeout_that_names_it(
    new_client: Callable[..., Client], peer: zmq.Socket[bytes]
) -> None:
    client = new_client()
    client.connect(endpoint_of(peer))
    client.set(RECEIVE_TIMEOUT_MS, 50)
    client.send(b"hello")
    with pytest.raises(BridgeError, match=f"{endpoint_of(peer)}: not done within 50 ms") as caught:
        client.receive()
    assert caught.value.status == TIMEOUT


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("", "there is no endpoint"),
        ("nonsense", "connect to nonsense: Invalid argument"),
        ("tcp://127.0.0.1:70991", "connect to tcp://127.0.0.1:70991: its port is none from 1 to"),
        ("tcp://127.0.0.1:0", "connect to tcp://127.0.0.1:0: its port is none from 1 to 65535"),
        ("tcp://127.0.0.1", "connect to tcp://127.0.0.1: its port is none from 1 to 65535"),
        ("carrier-pigeon://loft", "carrier-pigeon://loft: Protocol not supported"),
    ],
)
def test_a_bad_endpoint_is_refused_by_name(
    new_client: Callable[..., Client], endpoint: str, text: str
) -> None:
    with pytest.raises(BridgeError, match=text):
        new_client().connect(endpoint)


def test_another_thread_is_refused_and_the_owner_goes_on(
    new_client: Callable[..., Client], peer: zmq.Socket[bytes]
) -> None:
    client = new_client()
    client.connect(endpoint_of(peer))
    statuses: list[int] = []

    def intrude() -> None:
        for call in (lambda: client.send(b"x"), client.receive, lambda: client.poll(READABLE, 0)):
            try:
                call()
            except BridgeError as error:
                statuses.append(error.status)

    thread = threading.Thread(target=intrude)
    thread.start()
    thread.join()
    assert statuses == [WRONG_THREAD] * 3
    client.send(b"mine")
    assert peer.recv_multipart()[1] == b"mine"


def test_a_message_of_too_many_frames_is_dropped_whole(
    new_client: Callable[..., Client], peer: zmq.Socket[bytes]
) -> None:
    client = new_client()
    client.set(MAX_FRAMES, 2)
    client.connect(endpoint_of(peer))
    client.send(b"hello")
    address = peer.recv_multipart()[0]
    peer.send_multipart([address, b"1", b"2", b"3", b"4"])
    peer.send_multipart([address, b"good", b"bye"])
    with pytest.raises(BridgeError, match="more than 2 frames") as caught:
        client.receive()
    assert caught.value.status == TOO_LARGE
    assert client.receive() == [b"good", b"bye"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Run the bridge's own server on a free port; gives its endpoint."""
    command = [
        sys.executable,
        "-m",
        "lpb_server",
        "--workers",
        "0",
        "--endpoint",
        "tcp://127.0.0.1:*",
    ]
    log = tmp_path / "server.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            assert ready, f"the server did not come up:\n{log.read_text()}"
            yield json.loads(ready)["endpoint"]
        finally:
            process.terminate()


@pytest.mark.parametrize("kind", [REQ, DEALER])
def test_the_live_server_answers(new_client: Callable[..., Client], server: str, kind: int) -> None:
    client = new_client(kind)
    client.connect(server)

    def call(request: dict[str, Any], *arrays: bytes) -> tuple[dict[str, Any], list[bytes]]:
        # To a ROUTER, a REQ socket's message begins with an empty frame, and so do its replies.
        begin = [] if kind == REQ else [b""]
        client.send(*begin, json.dumps({"schema_version": 2, **request}).encode(), *arrays)
        reply = client.receive()[len(begin) :]
        return json.loads(reply[0]), reply[1:]

    reply, _ = call({"id": "p-1", "op": "ping", "params": {}})
    assert (reply["id"], reply["status"], reply["result"]) == ("p-1", "ok", {"pong": True})

    array = bytes(range(256)) * 4096
    header = {"name": "a", "dtype": "u8", "shape": [len(array) // 8], "frames": 1}
    reply, arrays = call({"id": "e-1", "op": "echo", "params": {}, "arrays": [header]}, array)
    assert reply.get("arrays") == [header], reply
    assert arrays == [array]

    reply, _ = call({"id": "u-1", "op": "no-such-operation", "params": {}})
    assert reply["error"]["code"] == "unknown_operation"


PING = b'{"schema_version":2,"id":"p","op":"ping","params":{}}'


def set_curve(client: Client, server_key: str, public: str, secret: str) -> None:
    keys = (key.encode() for key in (server_key, public, secret))
    client.bridge.check(client.bridge.c.lpb_socket_set_curve(client.socket, *keys))


@pytest.mark.parametrize("kind", [REQ, DEALER])
def test_the_live_server_with_curve_answers(
    new_client: Callable[..., Client], curve_server: Any, kind: int
) -> None:
    keys = curve_server.keys
    pair = keys.pair("alice")
    client = new_client(kind)
    set_curve(client, keys.public("server"), pair.public, pair.secret)
    client.connect(curve_server.endpoint)
    client.send(PING)
    assert json.loads(client.receive()[-1])["result"] == {"pong": True}
    keys.revoke("alice")
    client.send(PING.replace(b'"p"', b'"q"'))
    refused = json.loads(client.receive()[-1])
    assert (refused["id"], refused["error"]["code"]) == ("q", "unauthorized")


@pytest.mark.parametrize("who", ["nobody", "mallory", "wrong server"])
def test_the_live_server_with_curve_is_silent_to_others(
    new_client: Callable[..., Client], curve_server: Any, who: str
) -> None:
    keys = curve_server.keys
    client = new_client()
    client.set(RECEIVE_TIMEOUT_MS, 500)
    if who != "nobody":
        pair = keys.pair("mallory" if who == "mallory" else "alice")
        server_key = keys.public("mallory" if who == "wrong server" else "server")
        set_curve(client, server_key, pair.public, pair.secret)
    client.connect(curve_server.endpoint)
    client.send(PING)
    with pytest.raises(BridgeError) as caught:
        client.receive()
    assert caught.value.status == TIMEOUT
