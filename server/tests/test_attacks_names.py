"""Peers that claim the names which a ROUTER is about to give to others: libzmq aborts at those."""

from __future__ import annotations

import ctypes
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import zmq
from curve_support import curve_of
from fault_helpers import ENVIRONMENT, server_process
from lpb_server.client import BridgeClient
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.security import connections as door
from lpb_server.security.handshake_rate import HandshakeRate
from lpb_server.security.keys import ClientCurve, KeyFolder
from lpb_server.sockets.routing_names import draw_first_names

Serve = Callable[..., AbstractContextManager[BridgeServer]]

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\0" + b"NULL".ljust(20, b"\0") + bytes(32)
_NAMES = 16
_ROUTERS = 4
_ANSWER_S = 20.0
"""How long a peer waits: one whose name was taken all the same may hear nothing."""

_PING = b'{"schema_version":2,"id":"1","op":"ping","params":{}}'

_UNSEEDED = """
import sys
from lpb_server.security import zap_authenticator
zap_authenticator.draw_first_names = lambda: None
from lpb_server.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def foreseen_names() -> Iterator[bytes]:
    """Yield what the first ROUTERs of a process call their first peers when nobody draws a seed."""
    code = (
        "import ctypes; rand = ctypes.CDLL(None).rand\n"
        f"for _ in range({_ROUTERS}): print((rand() | rand() << 31) & 0xFFFFFFFF)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    for first in map(int, said.stdout.split()):
        for number in range(first, first + _NAMES):
            yield b"\0" + struct.pack(">I", number & 0xFFFFFFFF)


def raw_peer(endpoint: str, name: bytes) -> socket.socket:
    """Connect without a library, with a name or none; return when the server has let it in."""

    def entry(key: bytes, value: bytes) -> bytes:
        return bytes([len(key)]) + key + struct.pack(">I", len(value)) + value

    host, _, port = endpoint.removeprefix("tcp://").partition(":")
    peer = socket.create_connection((host, int(port)), 10)
    ready = b"\x05READY" + entry(b"Socket-Type", b"DEALER") + entry(b"Identity", name)
    peer.sendall(_GREETING + b"\x04" + bytes([len(ready)]) + ready)
    received = b""
    while b"READY" not in received:
        got = peer.recv(4096)
        assert got, received
        received += got
    return peer


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_claimed_name_does_not_end_the_server(workers: str) -> None:
    with server_process("--workers", workers) as (child, endpoint), ExitStack() as stack:
        for name in foreseen_names():
            stack.enter_context(raw_peer(endpoint, name))
        for _ in range(_NAMES):
            stack.enter_context(raw_peer(endpoint, b""))
        with BridgeClient(endpoint, timeout_s=20.0, tries=2) as client:
            client.ping()
        assert child.poll() is None


def test_a_claimed_name_at_the_workers_endpoint_does_not_end_the_broker() -> None:
    ends = (
        "--broker",
        "--workers-endpoint",
        "tcp://127.0.0.1:*",
        "--endpoint",
        "tcp://127.0.0.1:*",
    )
    command = [sys.executable, "-m", "lpb_server", "--log-level", "error", *ends]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as child,
        ExitStack() as stack,
    ):
        stack.callback(child.kill)
        assert child.stdout is not None
        endpoint = json.loads(child.stdout.readline())["workers_endpoint"]
        for name in foreseen_names():
            stack.enter_context(raw_peer(endpoint, name))
        for _ in range(_NAMES):
            stack.enter_context(raw_peer(endpoint, b""))
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.2)


@contextmanager
def dealer(endpoint: str, curve: ClientCurve, name: bytes) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context() as context, context.socket(zmq.DEALER) as connection:
        connection.linger = 0
        connection.rcvtimeo = 20_000
        curve.apply(connection)
        if name:
            connection.routing_id = name
        connection.connect(endpoint)
        yield connection


def test_under_curve_the_server_names_its_peers(tmp_path: Path) -> None:
    """Also where the names that it would give otherwise are known.

    Rarely, libzmq takes a claimed name all the same (`routing_names`); a server that named nobody
    would end at each of these tries.
    """
    folder = KeyFolder(tmp_path / "keys")
    for name in ("server", "alice"):
        folder.new(name)
    folder.allow("alice")
    assert any(survives_claimed_names(folder) for _ in range(3))


def survives_claimed_names(folder: KeyFolder) -> bool:
    """Whether a server whose first names are known answers peers that claim them."""
    curve = curve_of(folder, "alice")
    flags = ["--endpoint", "tcp://127.0.0.1:*", "--workers", "0", "--log-level", "error"]
    command = [sys.executable, "-c", _UNSEEDED, *flags, "--curve", "--keys", str(folder.path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as child,
        ExitStack() as stack,
    ):
        stack.callback(child.kill)
        assert child.stdout is not None
        endpoint = json.loads(child.stdout.readline())["endpoint"]
        for claimed in [*foreseen_names(), b"", b"mine", b"mine", b""]:
            connection = stack.enter_context(dealer(endpoint, curve, claimed))
            connection.send(_PING)
            deadline_s = time.monotonic() + _ANSWER_S
            while not connection.poll(100):
                if child.poll() is not None or time.monotonic() > deadline_s:
                    return False
            assert json.loads(connection.recv())["status"] == "ok"
        return child.poll() is None


def test_handshakes_of_one_address_come_at_a_bounded_rate() -> None:
    rate = HandshakeRate(3, 10.0)
    assert [rate.wait_s("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rate.wait_s("a", 0.0) == pytest.approx(0.1)
    assert rate.wait_s("b", 0.0) == 0.0
    waits = [rate.wait_s("a", 0.0) for _ in range(100)]
    assert waits.count(None) == 100 - 19  # Two seconds' worth wait, the others are refused.
    assert rate.wait_s("a", 3.0) == pytest.approx(0.0)
    assert [rate.wait_s("a", 1000.0) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.1)]


def test_peers_that_never_speak_are_cut_off_when_there_are_many(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_MOST_SILENT", 4)
    monkeypatch.setattr(door, "_SILENT_S", 0.1)
    with serve() as server, ExitStack() as stack:
        speaks = stack.enter_context(raw_peer(server.endpoint, b""))
        for _ in range(2):
            speaks.sendall(b"\0" + bytes([len(_PING)]) + _PING)
            assert b'"ok"' in speaks.recv(4096)
            silent = [stack.enter_context(raw_peer(server.endpoint, b"")) for _ in range(5)]
            assert silent[0].recv(1) == b""


def test_first_names_are_drawn_anew() -> None:
    rand = ctypes.CDLL(None).rand
    drawn = set()
    for _ in range(4):
        draw_first_names()
        drawn.add(rand())
    assert len(drawn) == 4
