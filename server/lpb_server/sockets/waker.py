"""Wakes a thread that waits in a poller."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

__all__ = ["Waker"]

_WAKE_BYTES: Final = 4096


class Waker:
    """A pair of sockets: a byte written to one wakes the thread that polls the other.

    `wake` may be called from any thread and from a signal handler. `sender_descriptor` is what
    `signal.set_wakeup_fd` wants: without it a signal that arrives just before the thread goes to
    sleep would be noticed only at the next message.
    """

    def __init__(self) -> None:
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._receiver.setblocking(False)

    @property
    def sender_descriptor(self) -> int:
        """The file descriptor to write to."""
        return self._sender.fileno()

    @property
    def descriptor(self) -> int:
        """The file descriptor to poll."""
        return self._receiver.fileno()

    def wake(self) -> None:
        """Wake the thread."""
        # It fails when full, so a wake-up is on its way; or closed, so nothing runs any more.
        with suppress(OSError):
            self._sender.send(b"\0")

    def clear(self) -> None:
        """Take note of all wake-ups so far."""
        with suppress(BlockingIOError):
            self._receiver.recv(_WAKE_BYTES)

    def close(self) -> None:
        """Close both sockets."""
        self._receiver.close()
        self._sender.close()
