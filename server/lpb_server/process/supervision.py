"""Starts a server again that a signal has ended, such as an assertion in a library.

The parent has no sockets: it waits, passes signals on, and starts the server anew. Both share a
piece of memory in which the server notes what it begins that must not run twice: whoever asks for
that again after a restart is told that nobody knows how far it came.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

__all__ = ["Journal", "journal_of_parent", "supervise"]

_LOG = logging.getLogger(__name__)
_VARIABLE: Final = "LPB_SUPERVISED"
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_DIGEST_BYTES: Final = 32
_KEPT: Final = 1 << 16
_SHORT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 10.0
_FIRST_WAIT_S: Final = 0.05


class Journal:
    """What was begun before this server started, and what it begins itself.

    Parameters
    ----------
    descriptor : int or None
        Of memory that outlives the server; without it nothing is noted.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._next = 0
        self._before: frozenset[bytes] = frozenset()
        if descriptor is not None:
            size = os.fstat(descriptor).st_size
            data = os.pread(descriptor, size, 0)
            starts = range(0, size - _DIGEST_BYTES + 1, _DIGEST_BYTES)
            self._before = frozenset(data[start : start + _DIGEST_BYTES] for start in starts)
            self._next = len(starts) % _KEPT

    def was_begun(self, key: tuple[str, str]) -> bool:
        """Tell whether a request was begun by a server before this one."""
        return bool(self._before) and _digest(key) in self._before

    def begin(self, key: tuple[str, str]) -> None:
        """Note that a request is about to be run; older notes are overwritten in time."""
        if self._descriptor is not None:
            os.pwrite(self._descriptor, _digest(key), self._next * _DIGEST_BYTES)
            self._next = (self._next + 1) % _KEPT


def _digest(key: tuple[str, str]) -> bytes:
    return hashlib.sha256("\0".join(key).encode()).digest()


def journal_of_parent() -> Journal:
    """Return the journal that the parent keeps; an empty one without a parent that does."""
    text = os.environ.get(_VARIABLE, "")
    parent, _, descriptor = text.partition(":")
    if not descriptor.isdigit() or parent != str(os.getppid()):
        return Journal()
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
    if parent != str(os.getppid()):  # It has ended meanwhile.
        os.kill(os.getpid(), signal.SIGTERM)
    return Journal(int(descriptor))


def supervise(arguments: Sequence[str]) -> int:
    """Run a server until it ends by itself, and start it again whenever a signal ends it.

    Parameters
    ----------
    arguments : sequence of str
        The server's flags.

    Returns
    -------
    int
        Its exit code.
    """
    memory = os.memfd_create("lpb-journal", 0)
    os.set_inheritable(memory, True)
    # -P: not what lies in the working directory under the name of one of our modules.
    command = [sys.executable, "-P", "-m", "lpb_server", *arguments, "--no-supervise"]
    environment = {**os.environ, _VARIABLE: f"{os.getpid()}:{memory}"}
    child: subprocess.Popen[bytes] | None = None
    stopping = False

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, pass_on)
    wait_s = _FIRST_WAIT_S
    while True:
        started_s = time.monotonic()
        # Ctrl-C is for the parent, which passes it on: a second one would end the server at once.
        child = subprocess.Popen(
            command, env=environment, pass_fds=[memory], start_new_session=True
        )
        if stopping:
            child.send_signal(signal.SIGTERM)
        code = child.wait()
        if code >= 0 or stopping:
            return code if code >= 0 else 128 - code
        _LOG.error("the server was ended by signal %d; it is started again", -code)
        lived_s = time.monotonic() - started_s
        wait_s = _FIRST_WAIT_S if lived_s > _SHORT_S else min(_LONGEST_WAIT_S, 2 * wait_s)
        time.sleep(wait_s)
        if stopping:
            return 128 - code
