"""The list of the keys that are let in, as a file that can change at any time."""

from __future__ import annotations

import logging
import os
import struct
from pathlib import Path
from typing import Final

from zmq.utils import z85

from lpb_server.errors import KeyFileError

__all__ = ["AllowList", "check_unshared", "is_key"]

_LOG = logging.getLogger(__name__)
_KEY_LENGTH: Final = 40
_OTHERS_WRITE: Final = 0o022
_ANOTHERS: Final = "it belongs to another user"
_WRITABLE: Final = "others may write to it"


def is_key(text: str) -> bool:
    """Tell whether a text is a CURVE key in Z85."""
    if len(text) != _KEY_LENGTH or not text.isascii():
        return False
    try:
        return z85.encode(z85.decode(text)) == text.encode()
    except (ValueError, KeyError, struct.error):
        return False


def check_unshared(path: Path) -> None:
    """Refuse a file or folder that others may write to: they could let themselves in.

    Raises
    ------
    KeyFileError
        When its owner is neither this user nor root, or group or others may write to it.
    """
    try:
        status = path.stat()
    except OSError:
        return  # It is not there, or whoever reads it says what is wrong.
    problem = _shared(status)
    if problem:
        remedy = "; take that away with chmod go-w" if problem == _WRITABLE else ""
        raise KeyFileError(f"{path}: {problem}, so its keys are not to be relied on{remedy}")


def _shared(status: os.stat_result) -> str:
    if status.st_uid not in (0, os.getuid()):
        return _ANOTHERS
    return _WRITABLE if status.st_mode & _OTHERS_WRITE else ""


class AllowList:
    """The public keys that are let in, read again whenever the file has changed.

    Threads may share it.

    Parameters
    ----------
    path : Path
        The file; where there is none, nobody is let in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[tuple[int, ...] | None, dict[str, str]] = (None, {})

    def names(self) -> dict[str, str]:
        """Return the names of the keys, by key."""
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
            if stamp != self._seen[0]:
                problem = _shared(status)
                if problem:
                    _LOG.error("%s: %s; nobody is let in", self._path, problem)
                self._seen = stamp, {} if problem else _read_list(self._path)
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                _LOG.error("%s: %s; nobody is let in", self._path, error.strerror)
            self._seen = None, {}
        return self._seen[1]

    def permits(self, key: str) -> bool:
        """Tell whether a key is let in, now."""
        return key in self.names()


def _read_list(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        key, _, name = line.strip().partition(" ")
        if is_key(key):
            names[key] = name.strip()
        elif key and not key.startswith("#"):
            _LOG.error("%s:%d: no key of 40 characters of Z85; left out", path, number)
    return names
