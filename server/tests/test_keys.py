"""The folder of the keys: what is written, who can read it, and what a broken file means."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
import zmq.auth.certs
from lpb_server.errors import KeyFileError
from lpb_server.security.allow_list import AllowList, is_key
from lpb_server.security.keys import KeyFolder, Role, client_curve


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "a" / "keys")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_pair(folder: KeyFolder) -> None:
    pair = folder.new("alice")
    assert is_key(pair.public)
    assert is_key(pair.secret)
    assert folder.pair("alice") == pair
    assert folder.public("alice") == pair.public
    assert mode(folder.path) == 0o700
    assert mode(folder.path / "alice.key_secret") == 0o600
    assert pair.secret not in (folder.path / "alice.key").read_text()
    public, secret = zmq.auth.load_certificate(folder.path / "alice.key_secret")
    assert (public.decode(), (secret or b"").decode()) == (pair.public, pair.secret)


@pytest.mark.parametrize("umask", [0, 0o002, 0o077])
def test_the_modes_do_not_depend_on_the_umask(
    folder: KeyFolder, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    write = zmq.auth.certs._write_key_file

    def watch(path: Path, *arguments: Any, **options: Any) -> None:
        modes.append(mode(Path(path)))
        write(path, *arguments, **options)
        modes.append(mode(Path(path)))

    monkeypatch.setattr(zmq.auth.certs, "_write_key_file", watch)
    before = os.umask(umask)
    try:
        pair = folder.new("alice")
    finally:
        os.umask(before)
    # Of the public and the secret file, before the first byte and after the last.
    public = 0o644 & ~umask
    assert modes == [public, public, 0o600, 0o600]
    assert KeyFolder(folder.path).pair("alice") == pair
    assert folder.public("alice") == pair.public
    assert {file.name for file in folder.path.iterdir()} == {"alice.key", "alice.key_secret"}


def test_a_pair_of_the_earlier_format_is_read(folder: KeyFolder) -> None:
    pair = folder.new("alice")
    text = "# The {} key of alice, for CURVE. Give it to {}.\nmetadata\ncurve\n"
    line = f'    public-key = "{pair.public}"\n'
    (folder.path / "alice.key").write_text(text.format("public", "whoever needs it") + line)
    secret = folder.path / "alice.key_secret"
    both = f'{line}    secret-key = "{pair.secret}"\n'
    secret.write_text(text.format("secret", "nobody") + both)
    assert (folder.pair("alice"), folder.public("alice")) == (pair, pair.public)


def test_no_key_begins_like_an_option(folder: KeyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = [(b"-" + b"a" * 39, b"b" * 40), (b"c" * 40, b"d" * 40)]
    monkeypatch.setattr(zmq, "curve_keypair", lambda: draws.pop(0))
    assert folder.new("alice").public == "c" * 40


def test_nothing_is_overwritten_unless_asked(folder: KeyFolder) -> None:
    first = folder.new("alice")
    with pytest.raises(KeyFileError, match="--force"):
        folder.new("alice")
    assert folder.pair("alice") == first
    assert folder.new("alice", force=True) == folder.pair("alice") != first
    assert mode(folder.path / "alice.key_secret") == 0o600


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a" * 33, "é", "-x", "a b"])
def test_names_that_are_none(folder: KeyFolder, name: str) -> None:
    with pytest.raises(KeyFileError, match="no name for a key"):
        folder.new(name)
    with pytest.raises(KeyFileError, match="name of one"):
        folder.public(name)


def test_a_secret_that_others_can_read_is_not_used(folder: KeyFolder) -> None:
    folder.new("alice")
    (folder.path / "alice.key_secret").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        folder.pair("alice")


def test_files_that_hold_no_key(folder: KeyFolder) -> None:
    folder.new("alice")
    for text in ("", "curve\n", 'public-key = "short"', 'public-key = "' + "~" * 40 + '"'):
        (folder.path / "alice.key").write_text(text)
        with pytest.raises(KeyFileError, match=r"alice\.key holds no key"):
            folder.public("alice")
    with pytest.raises(KeyFileError, match="lpb keys new bob"):
        folder.pair("bob")


def test_allow_and_revoke(folder: KeyFolder) -> None:
    alice, bob = folder.new("alice").public, folder.new("bob").public
    clients, workers = folder.allowed(Role.CLIENT), folder.allowed(Role.WORKER)
    assert not clients.permits(alice)
    assert folder.allow("alice") == alice
    assert folder.allow(bob) == bob
    assert clients.names() == {alice: "alice", bob: ""}
    assert not workers.permits(alice)
    folder.allow("alice", Role.WORKER)
    assert workers.permits(alice)
    assert folder.revoke("alice") == 1
    assert folder.revoke("alice") == 0
    assert folder.revoke("bob") == 1
    assert clients.names() == {}
    assert workers.permits(alice)


def test_revoking_a_name_revokes_the_key_that_had_it(folder: KeyFolder) -> None:
    old = folder.new("alice").public
    folder.allow("alice")
    new = folder.new("alice", force=True).public
    folder.allow("alice")
    clients = folder.allowed(Role.CLIENT)
    assert clients.permits(old)
    assert clients.permits(new)
    assert folder.revoke("alice") == 2
    assert clients.names() == {}


def test_a_list_is_read_again_whatever_became_of_it(tmp_path: Path) -> None:
    key, other = "a" * 40, "b" * 40
    path = tmp_path / "list"
    allowed = AllowList(path)
    assert not allowed.permits(key)
    path.write_text(f"# comment\n\n{key} somebody\nnonsense {other}\n")
    assert allowed.names() == {key: "somebody"}
    path.write_text(f"{other}\n")
    assert allowed.names() == {other: ""}
    path.unlink()
    assert allowed.names() == {}
    path.mkdir()
    assert allowed.names() == {}


def test_what_a_client_needs(folder: KeyFolder) -> None:
    server, alice = folder.new("server"), folder.new("alice")
    assert client_curve(folder.path, "", "server") is None
    by_name = client_curve(folder.path, "alice", "server")
    by_key = client_curve(folder.path, "alice", server.public)
    assert by_name is not None
    assert by_name == by_key
    assert (by_name.server_key, by_name.pair) == (server.public, alice)


def test_the_list_of_keys(folder: KeyFolder) -> None:
    alice, bob = folder.new("alice").public, folder.new("bob").public
    (folder.path / "bob.key_secret").unlink()
    assert folder.list() == {"alice": (alice, True), "bob": (bob, False)}


@pytest.mark.parametrize("mode", [0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    folder = KeyFolder(tmp_path / "keys")
    folder.new("server")
    folder.path.chmod(mode)
    with pytest.raises(KeyFileError, match=r"others may write to it.* chmod go-w"):
        KeyFolder(folder.path)
    folder.path.chmod(0o755)
    assert KeyFolder(folder.path).pair("server")


@pytest.mark.parametrize("file", ["server.key", "allowed-clients"])
def test_a_file_that_others_may_write_to_is_refused(tmp_path: Path, file: str) -> None:
    folder = KeyFolder(tmp_path / "keys")
    folder.new("server")
    folder.allow("server")
    (folder.path / file).chmod(0o666)
    with pytest.raises(KeyFileError, match="others may write to it"):
        folder.allow("server")


def test_a_list_that_others_may_write_to_from_now_on_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = KeyFolder(tmp_path / "keys")
    key = folder.new("alice").public
    folder.allow("alice")
    allowed = folder.allowed(Role.CLIENT)
    assert allowed.permits(key)
    (folder.path / "allowed-clients").chmod(0o662)
    assert not allowed.permits(key)
    assert "others may write to it; nobody is let in" in caplog.text
    (folder.path / "allowed-clients").chmod(0o600)
    assert allowed.permits(key)


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = KeyFolder(tmp_path / "keys")
    folder.new("server")
    owner = folder.path.stat().st_uid
    if owner == 0:
        os.chown(folder.path, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(KeyFileError, match="belongs to another user"):
        KeyFolder(folder.path)


def test_a_folder_in_no_home_says_what_to_set() -> None:
    with pytest.raises(KeyFileError, match="set HOME"):
        KeyFolder(Path("~/keys"))
