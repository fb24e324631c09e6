"""The fork server: a process that has imported everything and forks workers on request.

A worker that starts from nothing imports for most of a second; one that is forked is ready in a few
milliseconds. The fork server has one thread and no ZeroMQ context, so what it forks is clean. What
plug-ins did when they were imported, a worker inherits: connections belong into their operations,
not at the top of a module.

Broker and fork server talk over one sequential-packet socket, the fork server's standard input::

    broker → fork server    NAME          with the worker's end of a socket pair, its lifeline
    fork server → broker    PID NAME      with a process descriptor; without one it has failed

The lifeline closes when the broker is gone. The fork server ends when the socket closes, and kills
the workers that are left.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import select
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

__all__ = ["EXIT_UNFIT", "NAME_BYTES", "ForkedAs", "serve_forks"]

EXIT_UNFIT: Final = 4
"""The exit code that says: workers cannot be forked from here, start them from nothing."""

NAME_BYTES: Final = 256

_LOOKS: Final = 50
_LOOK_S: Final = 0.01

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForkedAs:
    """What a forked worker is told.

    Parameters
    ----------
    name : str
        Its identity.
    lifeline : int
        A file descriptor that closes when the broker is gone.
    """

    name: str
    lifeline: int


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    name: str


def serve_forks(control: socket.socket) -> ForkedAs | None:
    """Fork workers until the broker is gone.

    Parameters
    ----------
    control : socket
        To the broker.

    Returns
    -------
    ForkedAs or None
        It returns once in every worker, which is told who it is, and with None in the fork server
        itself, at the end.
    """
    if not _fit():
        sys.exit(EXIT_UNFIT)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # It ends with its broker, not before.
    gc.collect()
    gc.freeze()  # Workers then share these pages for as long as they live.
    children: dict[int, _Child] = {}
    while True:
        readable = _wait(control, children)
        for descriptor in readable:
            if descriptor in children:
                _reap(descriptor, children)
        if control.fileno() not in readable:
            continue
        try:
            word, lifelines, _, _ = socket.recv_fds(control, NAME_BYTES, 1)
        except ConnectionError:
            word, lifelines = b"", []
        if not word:
            for child in children.values():
                os.kill(child.pid, signal.SIGKILL)
            return None
        if not lifelines:  # No descriptor was left for it.
            with suppress(OSError):
                control.send(b"0 " + word)
            continue
        forked = _fork(control, word, lifelines[0], children)
        if forked is not None:
            return forked


def _wait(control: socket.socket, children: dict[int, _Child]) -> set[int]:
    poller = select.poll()
    for descriptor in (control.fileno(), *children):
        poller.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poller.poll()}


def _fit() -> bool:
    """Tell whether a fork of this process is a whole copy of it: whether it has one thread.

    The first fork is a trial: libraries that know of forks, such as OpenBLAS, put their threads
    away for it.
    """
    if threading.active_count() > 1 or not hasattr(os, "pidfd_open"):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trial = os.fork()
    if trial == 0:
        os._exit(0)
    try:
        os.close(os.pidfd_open(trial))
        for _ in range(_LOOKS):
            if len(list(Path("/proc/self/task").iterdir())) == 1:
                return True
            time.sleep(_LOOK_S)  # A thread that has been joined is listed for a moment more.
        return False
    except OSError:
        return False
    finally:
        os.waitpid(trial, 0)


def _fork(
    control: socket.socket, word: bytes, lifeline: int, children: dict[int, _Child]
) -> ForkedAs | None:
    name = word.decode()
    try:
        pid = os.fork()
    except OSError as error:
        _LOG.error("worker %s cannot be forked: %s", name, error)
        os.close(lifeline)
        with suppress(OSError):
            control.send(b"0 " + word)
        return None
    if pid == 0:
        _settle(control, children)
        return ForkedAs(name, lifeline)
    os.close(lifeline)
    try:
        descriptor = os.pidfd_open(pid)  # Nobody has reaped it, so the number is still its own.
    except OSError as error:
        _LOG.error("worker %s cannot be watched: %s", name, error)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with suppress(OSError):
            control.send(b"0 " + word)
        return None
    children[descriptor] = _Child(pid, name)
    with suppress(OSError):  # The broker is gone; the next turn sees it.
        socket.send_fds(control, [b"%d " % pid + word], [descriptor])
    return None


def _settle(control: socket.socket, children: dict[int, _Child]) -> None:
    """Make a fork a process of its own."""
    control.detach()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)  # It was the control socket: the broker must not wait for workers to close it.
    os.close(null)
    for descriptor in children:
        os.close(descriptor)
    random.seed()
    np.random.seed()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _reap(descriptor: int, children: dict[int, _Child]) -> None:
    child = children.pop(descriptor)
    os.close(descriptor)
    _, status = os.waitpid(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        _LOG.warning("worker %s (process %d) ended with code %d", child.name, child.pid, code)
