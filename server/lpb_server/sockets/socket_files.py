"""Socket files: who binds one has a lock beside it, and takes nothing over.

ZeroMQ removes whatever is at the path before it binds: a file of somebody's, or the socket of a
server that is running, which then hears nobody, and removes the other's socket when it ends.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lpb_server.errors import BindError

__all__ = ["FOLDER_PREFIX", "WORKERS_SOCKET", "claimed", "private_folder", "remove_left_folders"]

_LOG = logging.getLogger(__name__)
_IPC: Final = "ipc://"
_LOCK_SUFFIX: Final = ".lock"

FOLDER_PREFIX: Final = "lpb-"
WORKERS_SOCKET: Final = "workers"
"""A broker's own folder, and the socket in it."""

_LEFT_S: Final = 60.0
"""A folder this old whose socket nobody has a lock for is of a broker that was killed."""


@contextmanager
def claimed(endpoint: str) -> Iterator[None]:
    """Make sure, for as long as the context lasts, that nobody else binds a socket file.

    Parameters
    ----------
    endpoint : str
        What will be bound; nothing is done for one that is no path.

    Raises
    ------
    BindError
        When something else is at the path, or another server listens there.
    """
    path = endpoint.removeprefix(_IPC)
    if not endpoint.startswith(_IPC) or path.startswith("@"):
        yield
        return
    lock = Path(path + _LOCK_SUFFIX)
    descriptor = _locked(endpoint, lock)
    try:
        _check_free(endpoint, Path(path))
        try:
            yield
        finally:
            with suppress(OSError):  # ZeroMQ leaves it there now and then.
                Path(path).unlink()
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def _locked(endpoint: str, lock: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        try:
            descriptor = os.open(lock, flags, 0o600)
        except OSError as error:
            raise BindError(endpoint, f"{lock}: {error.strerror}") from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BindError(endpoint, f"{lock} is no plain file")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(descriptor, lock):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise BindError(endpoint, "another server listens there") from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # Who had it before has removed it meanwhile.


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _check_free(endpoint: str, path: Path) -> None:
    """Refuse a path that is taken by something else than a socket that nobody listens at."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise BindError(endpoint, error.strerror or str(error)) from None
    if not stat.S_ISSOCK(mode):
        raise BindError(endpoint, "a file that is no socket is there; it is left as it is")
    if _is_heard(path):
        raise BindError(endpoint, "another server listens there")


def _is_heard(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except BlockingIOError:  # Its queue is full.
            return True
        except OSError:
            return False
        return True


def private_folder() -> Path:
    """Return a folder that only this user can enter, the same for all processes of the user.

    Raises
    ------
    BindError
        When it cannot be had, or is another user's.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = (
        Path(runtime, "lean-python-bridge")
        if runtime.startswith("/") and Path(runtime).is_dir()
        else Path(tempfile.gettempdir(), f"lean-python-bridge-{os.getuid()}")
    )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise BindError(str(folder), error.strerror or str(error)) from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise BindError(str(folder), "it is not a folder that this user alone can enter")
    return folder


def remove_left_folders() -> None:
    """Remove the folders of brokers of this user that were killed."""
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
            with suppress(OSError, BindError):
                if _is_left(folder):
                    with claimed(f"{_IPC}{folder}/{WORKERS_SOCKET}"):
                        shutil.rmtree(folder)
                    _LOG.info("removed %s, which a broker that was killed had left", folder)


def _is_left(folder: Path) -> bool:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return False
    if time.time() - status.st_mtime < _LEFT_S:
        return False
    names = {item.name for item in folder.iterdir()}
    ours = {WORKERS_SOCKET, WORKERS_SOCKET + _LOCK_SUFFIX}
    return WORKERS_SOCKET in names and names <= ours
