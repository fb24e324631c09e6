"""What a bind may remove or take over: nothing that is somebody's."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from conditions import await_condition
from fault_helpers import process, server_process, workers_of
from lpb_server.client import BridgeClient
from lpb_server.errors import BindError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.settings.config import ServerConfig
from lpb_server.sockets.socket_files import claimed, private_folder, remove_left_folders

Serve = Callable[..., AbstractContextManager[BridgeServer]]


def ping(endpoint: str) -> None:
    with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
        client.ping()


def test_a_file_that_is_no_socket_is_left_as_it_is(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    with process(
        "lpb_server", "--workers", "0", "--endpoint", f"ipc://{thesis}", stderr=subprocess.PIPE
    ) as child:
        said = child.communicate(timeout=60)[1]
    assert child.returncode == 3
    assert said.count("\n") == 1
    assert "no socket" in said
    assert thesis.read_text() == "years of work"
    assert os.listdir(tmp_path) == ["thesis.txt"]


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_other_kinds_of_files_are_left_too(serve: Serve, tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "x", tmp_path / "other"
    other.write_text("")
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(other)
    else:
        os.mkfifo(path)
    before = path.lstat()
    with pytest.raises(BindError, match="no socket"), serve(ServerConfig(f"ipc://{path}")):
        pass
    assert os.path.samestat(path.lstat(), before)


def test_a_second_server_on_one_socket_file_is_refused(serve: Serve, tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/x"
    with serve(ServerConfig(endpoint)):
        with (
            pytest.raises(BindError, match="another server listens"),
            serve(ServerConfig(endpoint)),
        ):
            pass
        ping(endpoint)
    assert not os.listdir(tmp_path)
    with serve(ServerConfig(endpoint)):
        ping(endpoint)


def test_somebody_else_s_socket_is_not_taken_over(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(BindError, match="another server"), serve(ServerConfig(f"ipc://{path}")):
            pass
        assert stat.S_ISSOCK(path.lstat().st_mode)
    with serve(ServerConfig(f"ipc://{path}")):  # Nobody listens there any more.
        ping(f"ipc://{path}")


def test_the_socket_file_of_a_killed_server_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for _ in range(2):
        with server_process("--workers", "0", endpoint=f"ipc://{path}") as (child, endpoint):
            ping(endpoint)
            child.kill()
    assert path.exists()


def test_a_lock_that_is_no_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BindError), claimed(f"ipc://{tmp_path}/x"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_broker_waits_for_workers_where_no_other_user_comes(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    flags = ("--broker", "--endpoint", "tcp://127.0.0.1:*")
    with process("lpb_server", *flags, environment=environment) as broker:
        assert broker.stdout is not None
        ready = json.loads(broker.stdout.readline())
        place = Path(ready["workers_endpoint"].removeprefix("ipc://"))
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        assert place.is_relative_to(tmp_path)
        with process("lpb_server.worker", "--connect", ready["workers_endpoint"]):
            ping(ready["endpoint"])


def test_a_private_folder_of_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "lean-python-bridge").mkdir(mode=0o777)
    (tmp_path / "lean-python-bridge").chmod(0o777)
    with pytest.raises(BindError, match="this user alone"):
        private_folder()


def test_a_workers_endpoint_without_protection_is_logged() -> None:
    flags = ("--broker", "--endpoint", "tcp://127.0.0.1:*", "--workers-endpoint")
    with process("lpb_server", *flags, "tcp://127.0.0.1:*", stderr=subprocess.PIPE) as broker:
        assert broker.stderr is not None
        assert any("has no CURVE" in line for line in broker.stderr)


def test_folders_of_killed_brokers_are_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"TMPDIR": str(tmp_path)}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "lpb-mine").mkdir()
    (tmp_path / "lpb-mine" / "notes").write_text("")
    for folder in (tmp_path / "lpb-mine",):
        os.utime(folder, (0, 0))
    with server_process("--workers", "1", environment=environment) as (lives, endpoint):
        (living,) = set(tmp_path.iterdir()) - {tmp_path / "lpb-mine"}
        with server_process("--workers", "1", environment=environment) as (child, _):
            (left,) = set(tmp_path.iterdir()) - {living, tmp_path / "lpb-mine"}
            child.kill()
        remove_left_folders()
        assert left.exists()  # It might be of one that is about to start.
        os.utime(left, (0, 0))
        os.utime(living, (0, 0))
        remove_left_folders()
        assert not left.exists()
        assert living.exists()
        ping(endpoint)
        lives.send_signal(signal.SIGTERM)
        assert lives.wait(30) == 0
    assert [item.name for item in tmp_path.iterdir()] == ["lpb-mine"]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_hangup_stops_in_order(tmp_path: Path, workers: str) -> None:
    environment = {"TMPDIR": str(tmp_path)}
    with server_process("--workers", workers, environment=environment) as (child, endpoint):
        ping(endpoint)
        found = workers_of(child.pid)
        child.send_signal(signal.SIGHUP)
        assert child.wait(30) == 0
        await_condition(lambda: not any(Path(f"/proc/{worker}").exists() for worker in found))
    assert not os.listdir(tmp_path)


def test_a_hangup_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with server_process("--workers", "0") as (child, endpoint):
            child.send_signal(signal.SIGHUP)
            ping(endpoint)
            assert child.poll() is None
    finally:
        signal.signal(signal.SIGHUP, before)
