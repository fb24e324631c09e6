"""Child processes with one owner each: own process group, drained output, a bounded end.

A child is asked to stop (SIGINT or SIGTERM), then terminated, then killed; which step worked is
recorded. Every wait has a finite monotonic deadline.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from lpb_cli.errors import EnvironmentLacksError

__all__ = ["Child"]

_KEPT_LINES = 200


class Child:
    """A running program, its pipes drained by threads, stopped with its whole process group.

    Parameters
    ----------
    argv, directory, environment
        What to run, where, and with which environment.
    on_stdout, on_stderr
        Called with each line, without its end, in a thread of its own.
    takes_input
        Keep a pipe to its standard input open, see `write_line`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        on_stdout: Callable[[str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        takes_input: bool = False,
    ) -> None:
        self.argv = list(argv)
        self.directory = directory
        self.started = time.monotonic()
        self.stopped_by = ""
        self._tail: deque[str] = deque(maxlen=_KEPT_LINES)
        try:
            self._process = subprocess.Popen(
                self.argv,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise EnvironmentLacksError(
                f"{self.argv[0]} cannot be started: {error.strerror or error}",
                "Run `lpb doctor` to see what is missing.",
            ) from error
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._threads = [
            threading.Thread(target=self._drain, args=(stream, callback), daemon=True)
            for stream, callback in (
                (self._process.stdout, on_stdout),
                (self._process.stderr, on_stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    def _drain(self, stream: IO[bytes], callback: Callable[[str], None] | None) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self._tail.append(line)
            if callback is None:
                continue
            try:
                callback(line)
            except Exception as error:  # Whatever a line does to it: the pipe must be drained.
                self._tail.append(f"(this line was not understood: {type(error).__name__})")

    @property
    def pid(self) -> int:
        """Its process id, which is its process group's too."""
        return self._process.pid

    @property
    def tail(self) -> str:
        """The last lines that it printed on either stream."""
        return "\n".join(self._tail)

    def poll(self) -> int | None:
        """Give its exit code, or ``None`` while it runs."""
        return self._process.poll()

    def write_line(self, line: str) -> None:
        """Write a line to its standard input.

        Raises
        ------
        BrokenPipeError
            When it has ended.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and for the last of its output.

        Raises
        ------
        TimeoutError
            When it still runs after `timeout_s`.
        """
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.argv[0]} still runs after {timeout_s:g} s") from error
        for thread in self._threads:
            thread.join(timeout=2.0)
        return code

    def stop(self, ask: signal.Signals = signal.SIGTERM, patience_s: float = 3.0) -> int:
        """Stop the whole process group: ask, then SIGTERM, then SIGKILL. Gives the exit code."""
        for step in (ask, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self.stopped_by = step.name
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, step)
            with contextlib.suppress(TimeoutError):
                self.wait(patience_s)
                break
        # A grandchild may have outlived its parent.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        code = self._process.returncode
        return code if code is not None else -int(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
