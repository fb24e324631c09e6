"""The list of the keys that are let in, as a file that can change at any time."""

from __future__ import annotations

import logging
import struct
from pathlib import Path
from typing import Final

from zmq.utils import z85

__all__ = ["AllowList", "is_key"]

_LOG = logging.getLogger(__name__)
_KEY_LENGTH: Final = 40


def is_key(text: str) -> bool:
    """Tell whether a text is a CURVE key in Z85."""
    if len(text) != _KEY_LENGTH or not text.isascii():
        return False
    try:
        return z85.encode(z85.decode(text)) == text.encode()
    except (ValueError, KeyError, struct.error):
        return False


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
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._seen[0]:
                self._seen = stamp, _read_list(self._path)
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
