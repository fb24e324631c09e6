"""Child processes of the benchmarks, each with one owner and a bounded end."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Any, Final, Self

from lpb_benchmarks.errors import ChildFailedError

__all__ = ["Child", "child_command"]

READY_TIMEOUT_S: Final = 60.0
ANSWER_TIMEOUT_S: Final = 300.0
_PATIENCE_S: Final = 3.0


def child_command(role: str, peer: str, endpoint: str, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command of a child: ``server`` or ``client`` of a peer."""
    return [
        sys.executable,
        "-P",
        "-m",
        "lpb_benchmarks.measure.child",
        role,
        peer,
        endpoint,
        *arguments,
    ]


class Child:
    """A process in a session of its own that speaks JSON lines; both its pipes are drained.

    Parameters
    ----------
    argv : sequence of str
        What to run.
    cpus : set of int, optional
        The processors that it may use.
    ends_with_input : bool
        Whether it ends by itself when its standard input does.
    """

    def __init__(
        self, argv: Sequence[str], cpus: set[int] | None = None, *, ends_with_input: bool = True
    ) -> None:
        self.argv = list(argv)
        self._steps: list[signal.Signals | None] = [signal.SIGTERM, signal.SIGKILL]
        if ends_with_input:
            self._steps.insert(0, None)
        self._log: deque[str] = deque(maxlen=50)
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        with _placed(cpus):
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin = self._process.stdin
        self._threads = [
            threading.Thread(target=self._hear, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._drain, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _hear(self, stream: IO[bytes]) -> None:
        for line in stream:
            try:
                message = json.loads(line)
            except ValueError:
                self._log.append(line.decode("utf-8", "replace").rstrip())
                continue
            if isinstance(message, dict):
                self._lines.put(message)
        self._lines.put(None)

    def _drain(self, stream: IO[bytes]) -> None:
        for line in stream:
            self._log.append(line.decode("utf-8", "replace").rstrip())

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> dict[str, Any]:
        """Wait for the line that says it is ready, and return that.

        Raises
        ------
        ChildFailedError
            When it dies, or says nothing in time.
        """
        return self._next(timeout_s)

    def tell(self, command: dict[str, Any]) -> None:
        """Send a command; `answer` waits for what it gives.

        Raises
        ------
        ChildFailedError
            When it has ended.
        """
        try:
            self._stdin.write(json.dumps(command).encode() + b"\n")
            self._stdin.flush()
        except OSError:
            raise self._failure("ended") from None

    def answer(self, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """Wait for the answer to a command.

        Raises
        ------
        ChildFailedError
            When it dies, says nothing in time, or answers with an error.
        """
        message = self._next(timeout_s)
        if "error" in message:
            raise self._failure(f"failed: {message['error']}")
        return message

    def ask(self, command: dict[str, Any], timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.tell(command)
        return self.answer(timeout_s)

    def _next(self, timeout_s: float) -> dict[str, Any]:
        try:
            message = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise self._failure(f"said nothing for {timeout_s:g} s") from None
        if message is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
            raise self._failure(f"ended with code {self._process.poll()}")
        return message

    def _failure(self, what: str) -> ChildFailedError:
        time.sleep(0.05)  # The last lines of its log are on their way.
        log = "\n".join(self._log)
        return ChildFailedError(f"{' '.join(self.argv[1:])} {what}", log)

    def stop(self) -> None:
        """End it: close its input, then SIGTERM, then SIGKILL to its whole group."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        for step in self._steps:
            if step is not None:
                self._signal(step)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
                break
        self._signal(signal.SIGKILL)  # A grandchild may have outlived it.
        for thread in self._threads:
            thread.join(_PATIENCE_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@contextlib.contextmanager
def _placed(cpus: set[int] | None) -> Any:
    """Run on those processors for a while: a child starts where its parent's thread is."""
    if cpus is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
