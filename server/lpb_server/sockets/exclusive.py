"""What only one thread may use at a time, and no process but the one that made it.

A ZeroMQ socket that two threads use at once ends the process by an assertion. One that came along
in a fork has lost its context's threads, and waits for ever.
"""

from __future__ import annotations

import os
import threading

__all__ = ["Exclusive"]


class Exclusive:
    """Notes who uses something now; asking takes no time, and never waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._thread = ""

    def begin(self) -> str:
        """Begin to use it; return the name of the thread that uses it now, empty when none does."""
        if not self._lock.acquire(False):
            return self._thread or "another thread"
        self._thread = threading.current_thread().name
        return ""

    def end(self) -> None:
        """Use it no more."""
        self._thread = ""
        self._lock.release()

    def forked(self) -> bool:
        """Tell, once, whether this is a fork of the process that used it."""
        if os.getpid() == self._process:
            return False
        # A thread of the parent's may have held the lock, and is not here to let go of it.
        self._lock, self._process, self._thread = threading.Lock(), os.getpid(), ""
        return True
