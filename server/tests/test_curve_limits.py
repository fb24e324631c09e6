"""CURVE against live servers: what connections are bounded by, and what a server needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from curve_support import FREE_PORT, Serve, client, curve_config, curve_of, keys, raw
from lpb_server.client import Backoff, BridgeClient, ClientCurve
from lpb_server.errors import HandshakeError, KeyFileError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.security.keys import KeyFolder, KeyPair
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return keys(tmp_path / "keys")


def test_a_slow_reader_does_not_stall_others(serve: Serve, folder: KeyFolder) -> None:
    config = curve_config(folder, high_water_mark=5)
    alice = curve_of(folder, "alice")
    array = {"name": "x", "dtype": "u8", "shape": [25_000], "frames": 1}
    with serve(config) as server, raw(server.endpoint, alice, rcvhwm=1, rcvbuf=4096) as slow:
        for number in range(300):
            header = {"id": f"s{number}", "op": "echo", "params": {}, "arrays": [array]}
            slow.send_multipart(
                [json.dumps({"schema_version": 2, **header}).encode(), bytes(200_000)]
            )
        with client(server.endpoint, alice) as other:
            for _ in range(50):
                other.ping()


def test_the_connections_are_counted(serve: Serve, folder: KeyFolder) -> None:
    with serve(curve_config(folder, connections=2)) as server:
        alice = curve_of(folder, "alice")
        with client(server.endpoint, alice) as first, client(server.endpoint, alice) as second:
            first.ping()
            second.ping()
            third = client(server.endpoint, alice, 0.3)
            with third, pytest.raises(HandshakeError, match="too many connections"):
                third.ping()
            first.ping()
        patient = BridgeClient(
            server.endpoint, curve=alice, timeout_s=1, tries=20, backoff=Backoff(limit_s=0.1)
        )
        with patient:
            patient.ping()


def test_the_connections_are_counted_without_curve_too(serve: Serve) -> None:
    with (
        serve(ServerConfig(FREE_PORT, connections=1)) as server,
        BridgeClient(server.endpoint) as first,
        BridgeClient(server.endpoint, timeout_s=0.3, tries=1) as second,
    ):
        first.ping()
        with pytest.raises(HandshakeError, match="too many connections"):
            second.ping()


def test_a_server_needs_a_key_of_its_own(tmp_path: Path) -> None:
    config = ServerConfig(FREE_PORT, curve=True, keys=tmp_path / "none")
    server = BridgeServer(Service(default_registry()), config)
    with pytest.raises(KeyFileError, match="lpb keys new server"), server:
        pass


def test_curve_allows_what_would_need_insecure(serve: Serve, folder: KeyFolder) -> None:
    config = ServerConfig("tcp://0.0.0.0:*", curve=True, keys=folder.path)
    with serve(config) as server:
        endpoint = server.endpoint.replace("0.0.0.0", "127.0.0.1")
        with client(endpoint, curve_of(folder, "alice")) as alice:
            alice.ping()


def test_secrets_are_not_shown() -> None:
    pair = KeyPair("public", "hidden")
    assert "hidden" not in f"{pair!r} {pair} {ClientCurve('server', pair)!r}"
