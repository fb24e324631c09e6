"""CURVE against live servers: who is let in, what the others learn, and what they can disturb."""

from __future__ import annotations

import socket as sockets
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zmq
from curve_support import NOTE, Serve, client, curve_config, curve_of, keys, raw, receive
from lpb_server.client import ClientCurve
from lpb_server.errors import HandshakeError, RemoteError
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.security.keys import KeyFolder
from lpb_server.service import Service
from lpb_server.wire import Limits


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return keys(tmp_path / "keys")


@pytest.fixture
def notes() -> list[str]:
    """What the operation `note` has recorded."""
    return []


@pytest.fixture
def service(notes: list[str]) -> Service:
    @operation("note", params={"type": "object"}, summary="Record a run.", pure=False)
    def note(params: Any, arrays: Any) -> Outcome:
        notes.append("ran")
        return Outcome({"runs": len(notes)})

    registry = default_registry()
    registry.add(note)
    return Service(registry)


def test_an_allowed_key_is_let_in(serve: Serve, folder: KeyFolder, service: Service) -> None:
    with (
        serve(curve_config(folder), service) as server,
        client(server.endpoint, curve_of(folder, "alice")) as alice,
    ):
        assert alice.call("note").result == {"runs": 1}
        assert alice.matrix_sum([[1.0, 2.0]], certify=True).result == {"sum": 3.0}


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "wants CURVE"),
        ("mallory", "refused this client's key"),
        ("revoked", "refused this client's key"),
        ("wrong server", "its public key is the one given"),
    ],
)
def test_who_is_not_allowed_runs_nothing_and_is_told_what_to_check(
    serve: Serve, folder: KeyFolder, service: Service, notes: list[str], who: str, said: str
) -> None:
    alice = curve_of(folder, "alice")
    curves = {
        "nobody": None,
        "mallory": curve_of(folder, "mallory"),
        "revoked": alice,
        "wrong server": ClientCurve(folder.public("mallory"), alice.pair),
    }
    if who == "revoked":
        assert folder.revoke("alice") == 1
    with serve(curve_config(folder), service) as server:
        timeout_s = 0.6 if who == "wrong server" else 5.0
        with client(server.endpoint, curves[who], timeout_s) as refused:
            with pytest.raises(HandshakeError, match=said) as caught:
                refused.call("note")
            assert caught.value.endpoint == server.endpoint
        with raw(server.endpoint, curves[who]) as connection:
            for number in range(20):
                connection.send(NOTE % (b"%d" % number), zmq.NOBLOCK)
            assert not connection.poll(300)
        folder.allow("alice")
        with client(server.endpoint, alice) as allowed:
            assert allowed.call("note").result == {"runs": 1}
    assert notes == ["ran"]


def test_a_server_without_curve_is_recognized(endpoint: str, folder: KeyFolder) -> None:
    with (
        client(endpoint, curve_of(folder, "alice")) as alice,
        pytest.raises(HandshakeError, match=r"speaks? CURVE"),
    ):
        alice.ping()


def test_allow_and_revoke_hold_at_once_for_open_connections_too(
    serve: Serve, folder: KeyFolder, service: Service, notes: list[str]
) -> None:
    with (
        serve(curve_config(folder), service) as server,
        client(server.endpoint, curve_of(folder, "alice")) as alice,
    ):
        alice.call("note")
        with client(server.endpoint, curve_of(folder, "mallory")) as mallory:
            with pytest.raises(HandshakeError):
                mallory.call("note")
            folder.allow("mallory")
            mallory.call("note")
            folder.revoke("mallory")
            for _ in range(2):
                with pytest.raises(RemoteError, match="not allowed any more") as caught:
                    mallory.call("note")
                assert caught.value.code == "unauthorized"
        alice.call("note")
    assert len(notes) == 3


def test_what_waits_when_its_key_is_revoked_is_not_run(
    serve: Serve, folder: KeyFolder, notes: list[str]
) -> None:
    entered, leave = threading.Event(), threading.Event()

    @operation("wait", params={"type": "object"}, summary="Wait.")
    def wait(params: Any, arrays: Any) -> Outcome:
        entered.set()
        assert leave.wait(10)
        return Outcome({})

    @operation("note", params={"type": "object"}, summary="Record.", pure=False)
    def note(params: Any, arrays: Any) -> Outcome:
        notes.append("ran")
        return Outcome({})

    registry = default_registry()
    for item in (wait, note):
        registry.add(item)
    config = curve_config(folder)
    folder.allow("mallory")
    with (
        serve(config, Service(registry)) as server,
        raw(server.endpoint, curve_of(folder, "alice")) as alice,
        raw(server.endpoint, curve_of(folder, "mallory")) as mallory,
    ):
        mallory.send(b'{"schema_version":2,"id":"p","op":"ping","params":{}}')
        assert receive(mallory)["status"] == "ok"
        alice.send(b'{"schema_version":2,"id":"w","op":"wait","params":{}}')
        assert entered.wait(10)
        mallory.send(NOTE % b"1")
        folder.revoke("mallory")
        leave.set()
        assert receive(mallory)["error"]["code"] == "unauthorized"
    assert notes == []


def test_replies_are_kept_for_their_user_alone(
    serve: Serve, folder: KeyFolder, service: Service, notes: list[str]
) -> None:
    folder.allow("mallory")
    with (
        serve(curve_config(folder), service) as server,
        raw(server.endpoint, curve_of(folder, "alice")) as alice,
        raw(server.endpoint, curve_of(folder, "alice")) as again,
        raw(server.endpoint, curve_of(folder, "mallory")) as mallory,
    ):
        for connection in (alice, again):
            connection.send(NOTE % b"same")
            assert receive(connection)["result"] == {"runs": 1}
        mallory.send(NOTE % b"same")
        assert receive(mallory)["result"] == {"runs": 2}
    assert len(notes) == 2


def test_recorded_bytes_cannot_be_played_again(
    serve: Serve, folder: KeyFolder, service: Service, notes: list[str]
) -> None:
    with serve(curve_config(folder), service) as server:
        host, port = server.endpoint.removeprefix("tcp://").split(":")
        listener = sockets.create_server((host, 0))
        recorded = bytearray()

        def relay() -> None:
            near, _ = listener.accept()
            far = sockets.create_connection((host, int(port)))

            def back() -> None:
                while data := far.recv(65536):
                    near.sendall(data)

            answers = threading.Thread(target=back, daemon=True)
            answers.start()
            while data := near.recv(65536):
                recorded.extend(data)
                far.sendall(data)
            far.shutdown(sockets.SHUT_WR)
            answers.join(10)
            near.close()
            far.close()

        relaying = threading.Thread(target=relay)
        relaying.start()
        relayed = f"tcp://{host}:{listener.getsockname()[1]}"
        with client(relayed, curve_of(folder, "alice")) as alice:
            assert alice.call("note").result == {"runs": 1}
        relaying.join(10)
        listener.close()
        assert len(recorded) > 200
        assert b"note" not in recorded
        for _ in range(3):
            with sockets.create_connection((host, int(port)), timeout=5) as replay:
                replay.sendall(bytes(recorded))
                replay.settimeout(0.3)
                with suppress(TimeoutError, ConnectionError):
                    while replay.recv(65536):
                        pass
        with client(server.endpoint, curve_of(folder, "alice")) as alice:
            assert alice.call("note").result == {"runs": 2}
    assert len(notes) == 2


def test_an_oversized_frame_ends_that_connection_only(
    serve: Serve, folder: KeyFolder, service: Service, notes: list[str]
) -> None:
    config = curve_config(folder, limits=Limits(frame_bytes=1000))
    alice = curve_of(folder, "alice")
    with serve(config, service) as server, client(server.endpoint, alice) as other:
        other.ping()
        with raw(server.endpoint, alice) as connection:
            connection.send_multipart([NOTE % b"1", b"x" * 2000])
            assert not connection.poll(300)
        assert other.call("note").result == {"runs": 1}
    assert len(notes) == 1
