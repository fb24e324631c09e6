"""CURVE keys in a folder, and the lists of those that are allowed.

A folder holds, for each name, ``NAME.key`` with the public key and, where the pair belongs to
somebody here, ``NAME.key_secret`` with both: the files of ZeroMQ's own tools. ``allowed-clients``
and ``allowed-workers`` list the public keys that a server lets in, one a line, a name after it.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import zmq

from lpb_server.errors import KeyFileError
from lpb_server.security.allow_list import AllowList, check_unshared, is_key

__all__ = ["ClientCurve", "KeyFolder", "KeyPair", "Role", "client_curve"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_OTHERS: Final = 0o077


class Role(StrEnum):
    """What a key is allowed to be."""

    CLIENT = "client"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair in Z85; `repr` does not show the secret."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"


@dataclass(frozen=True, slots=True)
class ClientCurve:
    """What a client or worker needs for CURVE.

    Parameters
    ----------
    server_key : str
        The server's public key.
    pair : KeyPair
        Its own.
    """

    server_key: str
    pair: KeyPair

    def apply(self, connection: zmq.Socket[bytes]) -> None:
        """Set the keys on a socket that is not connected yet."""
        connection.curve_serverkey = self.server_key.encode()
        connection.curve_publickey = self.pair.public.encode()
        connection.curve_secretkey = self.pair.secret.encode()


class KeyFolder:
    """A folder of keys.

    Parameters
    ----------
    path : Path
        It is made when the first key is written.

    Raises
    ------
    KeyFileError
        When others may change it, or it is in a home directory that there is not.
    """

    def __init__(self, path: Path) -> None:
        if path.parts[:1] == ("~",):
            raise KeyFileError(
                f"there is no home directory for {path}: set HOME, or name the folder of the keys "
                "by --keys or LPB_KEYS"
            )
        self.path = path
        check_unshared(path)

    def new(self, name: str, *, force: bool = False) -> KeyPair:
        """Draw a key pair and write it; only its owner can read the secret.

        Raises
        ------
        KeyFileError
            When the name is none, or taken and not to be overwritten.
        """
        import tempfile

        if not _NAME.fullmatch(name):
            raise KeyFileError(
                f"{name!r} is no name for a key: up to 32 letters, digits, dots, dashes"
            )
        with self._changing():
            # The secret first: who finds a public key finds the secret that belongs to it.
            files = [self._file(name, secret=True), self._file(name)]
            for file in files:
                if file.exists() and not force:
                    raise KeyFileError(f"{file} is there already; --force replaces it")
            with tempfile.TemporaryDirectory(dir=self.path, prefix=".new-") as draft:
                _draw(Path(draft), name)
                for file in files:
                    Path(draft, file.name).replace(file)
            return self.pair(name)

    def pair(self, name: str) -> KeyPair:
        """Read a key pair.

        Raises
        ------
        KeyFileError
            When there is none of that name, or others can read its secret.
        """
        file = self._file(name, secret=True)
        check_unshared(file)
        public, secret = self._read(file, f"make it with: lpb keys new {name}")
        if secret is None:
            raise KeyFileError(f"{file} holds no secret key")
        if file.stat().st_mode & _OTHERS:
            raise KeyFileError(f"others can read the secret key in {file}: chmod 600 {file}")
        return KeyPair(public, secret)

    def public(self, name: str) -> str:
        """Return a public key: that of a name, or the text itself when it is one.

        Raises
        ------
        KeyFileError
            When there is none of that name.
        """
        if is_key(name):
            return name
        check_unshared(self._file(name))
        return self._read(self._file(name), "give the key itself, or copy its file there")[0]

    def list(self) -> dict[str, tuple[str, bool]]:
        """Return, by name, each public key and whether its secret is here."""
        found: dict[str, tuple[str, bool]] = {}
        for file in sorted(self.path.glob("*.key")):
            name = file.name.removesuffix(".key")
            found[name] = self.public(name), self._file(name, secret=True).exists()
        return found

    def allowed(self, role: Role) -> AllowList:
        """Return the list of the keys that may be clients, or workers."""
        check_unshared(self.path / f"allowed-{role}s")
        return AllowList(self.path / f"allowed-{role}s")

    def allow(self, name: str, role: Role = Role.CLIENT) -> str:
        """Let a key in; return it.

        Raises
        ------
        KeyFileError
            When there is none of that name.
        """
        key = self.public(name)
        with self._changing():
            names = {**self.allowed(role).names(), key: "" if is_key(name) else name}
            self._write_list(role, names)
        return key

    def revoke(self, name: str, role: Role = Role.CLIENT) -> int:
        """Let a key in no more; return how many lines named it.

        Parameters
        ----------
        name : str
            A key, or a name; a name stands for the keys that were allowed under it and for the
            one that has it now.
        role : Role
            Which list.
        """
        keys = {name}
        if not is_key(name):
            with suppress(KeyFileError):
                keys.add(self.public(name))
        with self._changing():
            names = self.allowed(role).names()
            kept = {key: said for key, said in names.items() if not {key, said or key} & keys}
            if len(kept) != len(names):
                self._write_list(role, kept)
        return len(names) - len(kept)

    def _write_list(self, role: Role, names: dict[str, str]) -> None:
        lines = (f"{key} {name}".rstrip() + "\n" for key, name in names.items())
        _write(self.path / f"allowed-{role}s", "".join(lines), 0o600)

    def _file(self, name: str, *, secret: bool = False) -> Path:
        if not _NAME.fullmatch(name):
            raise KeyFileError(f"{name!r} is neither a key of 40 characters nor the name of one")
        return self.path / (name + (".key_secret" if secret else ".key"))

    def _read(self, file: Path, remedy: str) -> tuple[str, str | None]:
        import zmq.auth

        try:
            if not file.exists():
                raise KeyFileError(f"there is no {file}; {remedy}")
            public, secret = zmq.auth.load_certificate(file)
        except OSError as error:
            raise KeyFileError(f"{file}: {error.strerror or error}") from None
        except ValueError:
            raise KeyFileError(f"{file} holds no key") from None
        texts = public.decode(), None if secret is None else secret.decode()
        if not all(is_key(text) for text in texts if text is not None):
            raise KeyFileError(f"{file} holds no key of 40 characters of Z85")
        return texts

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep others from changing the folder: a revocation must not be lost."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise KeyFileError(f"{self.path}: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise KeyFileError(f"{error.filename or self.path}: {error.strerror}") from None
        finally:
            os.close(descriptor)


def client_curve(keys: Path, name: str, server_key: str) -> ClientCurve | None:
    """Return what a client with this key needs for CURVE; None when it has no key.

    Raises
    ------
    KeyFileError
        When a key is not there.
    """
    if not name:
        return None
    folder = KeyFolder(keys)
    return ClientCurve(folder.public(server_key), folder.pair(name))


def _draw(folder: Path, name: str) -> None:
    """Write the files of a new key pair into an empty folder that only its owner can enter."""
    import zmq.auth

    # `create_certificates` leaves the modes to the umask; files that are there keep theirs.
    (folder / f"{name}.key_secret").touch(mode=0o600)
    (folder / f"{name}.key").touch(mode=0o644)
    key = b"-"
    while key.startswith(b"-"):  # On a command line it would be taken for an option.
        key, _ = zmq.auth.load_certificate(zmq.auth.create_certificates(folder, name)[0])


def _write(file: Path, text: str, mode: int) -> None:
    """Put a whole file in place at once: nobody ever reads half of it."""
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(file)
