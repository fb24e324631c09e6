"""Worker processes as their broker sees them: forked by a fork server, or started from nothing."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from lpb_server.worker.fork_server import EXIT_UNFIT, NAME_BYTES

__all__ = ["ForkServer", "ForkedWorker", "SpawnedWorker", "WorkerProcess"]

_LOG = logging.getLogger(__name__)
_KILL_WAIT_S: Final = 10.0
_PATIENCE_S: Final = 30.0
"""A fork server answers within a millisecond, once it has imported everything."""


class WorkerProcess(Protocol):
    """A worker process."""

    @property
    def name(self) -> bytes:
        """Its identity."""

    @property
    def descriptor(self) -> int:
        """A file descriptor that is readable when the process has ended, or printed something."""

    def ended(self) -> bool:
        """Look at the readable descriptor; tell whether the process has ended."""

    def kill(self) -> None:
        """Kill it, if it has not ended."""

    def close(self) -> None:
        """Kill it, if it has not ended, and let go of it."""


class SpawnedWorker:
    """A process that was started from nothing.

    It has a pipe as its standard input that only the broker holds the other end of: however the
    broker ends, the pipe closes and the worker ends with it. Its standard output is a pipe too,
    which tells the broker at once when the worker ends.

    Parameters
    ----------
    name : str
        Its identity.
    command : sequence of str
        What to run; ``--identity`` is added.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name.encode()
        self._child = subprocess.Popen(
            [*command, "--end-with-stdin", "--identity", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the broker, which lets the workers finish.
        )
        assert self._child.stdout is not None
        self.descriptor = self._child.stdout.fileno()

    def ended(self) -> bool:
        """Look at the readable descriptor; tell whether the process has ended."""
        return not os.read(self.descriptor, 65536)  # An operation prints; nobody reads it here.

    def kill(self) -> None:
        """Kill it, if it has not ended."""
        self._child.kill()

    def close(self) -> None:
        """Kill it, if it has not ended, and let go of it."""
        _end(self._child)
        if self._child.returncode:
            code = self._child.returncode
            _LOG.warning("worker %s ended with code %s", self.name.decode(), code)


class ForkedWorker:
    """A process that the fork server has forked; it is the fork server that reaps it.

    Parameters
    ----------
    name : bytes
        Its identity.
    descriptor : int
        Its process descriptor.
    lifeline : socket
        The process ends when this closes.
    """

    def __init__(self, name: bytes, descriptor: int, lifeline: socket.socket) -> None:
        self.name = name
        self.descriptor = descriptor
        self._lifeline = lifeline

    def ended(self) -> bool:
        """Look at the readable descriptor; tell whether the process has ended."""
        return True

    def kill(self) -> None:
        """Kill it, if it has not ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def close(self) -> None:
        """Kill it, if it has not ended, and let go of it."""
        self.kill()
        poller = select.poll()
        poller.register(self.descriptor, select.POLLIN)
        if not poller.poll(_KILL_WAIT_S * 1000):
            _LOG.error("worker %s does not end", self.name.decode())
        os.close(self.descriptor)
        self._lifeline.close()


class ForkServer:
    """A running fork server.

    Parameters
    ----------
    command : sequence of str
        What to run; ``--fork-server`` is added.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self._pending: dict[bytes, socket.socket] = {}
        self._asked_s = 0.0  # Since when it owes an answer; 0 when it owes none.
        with theirs:
            try:
                self._child = subprocess.Popen(
                    [*command, "--fork-server"],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,  # An operation prints; nobody reads it here.
                    start_new_session=True,
                )
            except BaseException:
                self._control.close()
                raise

    @property
    def descriptor(self) -> int:
        """A file descriptor that is readable when there is something to `hear`."""
        return self._control.fileno()

    @property
    def pending(self) -> int:
        """How many workers it has been asked for and has not forked yet."""
        return len(self._pending)

    def ask(self, name: str) -> bool:
        """Ask for a worker; tell whether that was possible."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:  # No descriptor is left: there may be one later.
            _LOG.error("worker %s cannot be started: %s", name, error.strerror)
            return False
        with theirs:
            try:
                socket.send_fds(self._control, [name.encode()], [theirs.fileno()])
            except OSError:  # It has ended, which is heard of, or has too much to do already.
                ours.close()
                return False
        self._pending[name.encode()] = ours
        self._asked_s = self._asked_s or time.monotonic()
        return True

    def is_stuck(self, now_s: float) -> bool:
        """Tell whether it has not answered for so long that it must have been stopped."""
        return bool(self._asked_s) and now_s - self._asked_s > _PATIENCE_S

    def kill(self) -> None:
        """Kill it; its end is heard of."""
        self._child.kill()

    def hear(self) -> list[ForkedWorker] | None:
        """Take what it said; return the workers it has forked, or None when it has ended."""
        forked: list[ForkedWorker] = []
        while True:
            try:
                word, descriptors, _, _ = socket.recv_fds(self._control, NAME_BYTES + 32, 1)
            except BlockingIOError:
                return forked
            except ConnectionError:
                word, descriptors = b"", []
            if not word:
                for worker in forked:
                    worker.close()
                return None
            _, _, name = word.partition(b" ")
            self._asked_s = 0.0 if len(self._pending) <= 1 else time.monotonic()
            lifeline = self._pending.pop(name)
            if descriptors:
                forked.append(ForkedWorker(name, descriptors[0], lifeline))
            else:
                lifeline.close()

    def close(self) -> bool:
        """End it; tell whether it had found itself unfit to fork."""
        self._control.close()
        for lifeline in self._pending.values():
            lifeline.close()
        with suppress(subprocess.TimeoutExpired):  # It kills what it has forked.
            self._child.wait(_KILL_WAIT_S)
        _end(self._child)
        code: int | None = self._child.returncode
        return code == EXIT_UNFIT


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child unless it has ended, reap it and close its pipes."""
    child.kill()
    try:
        child.wait(_KILL_WAIT_S)
    except subprocess.TimeoutExpired:
        _LOG.error("process %d does not end", child.pid)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
