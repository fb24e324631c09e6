"""One process of the embedded engine: jobs in, events out. See ``engine/engine.cjs``."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lpb_cli.errors import CommandFailedError, EngineExhaustedError
from lpb_cli.processes.child import Child
from lpb_cli.settings import child_environment
from lpb_cli.toolchain.node import find_node

__all__ = ["HEAP_LIMIT_BYTES", "EngineProcess", "JobResult"]

ENGINE_FOLDER = Path(__file__).parent / "engine"

HEAP_LIMIT_BYTES = 1_300_000_000
"""A process whose heap is larger takes no further job: the heap ends at 2 GiB."""

START_TIMEOUT_S = 180.0

# The kernel recurses as deep as a proof is. A stack that is not used costs nothing; where the
# system allows less, a deeper proof ends with an error. A fifth is left for what V8 does not count.
_WITH_A_LARGE_STACK = (
    "ulimit -S -s 1048576 2>/dev/null || ulimit -S -s $(ulimit -H -s); "
    "size=$(ulimit -S -s); node=$1; shift; "
    'exec "$node" --stack-size=$((size * 8 / 10)) "$@"'
)

# What ends a process that does what it must not. Such an engine may have had bad machine code.
_OWN_FAULTS = tuple(
    -number
    for number in (signal.SIGSEGV, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS)
)


# What V8, Emscripten and engine.cjs say when the heap or the stack is at its end.
_USED_UP = re.compile(
    r"used up its stack or the memory|out of memory|OOM|Cannot enlarge memory|bad_alloc"
    r"|memory access out of bounds|Maximum call stack size exceeded|Array buffer allocation failed"
    r"|JavaScript heap"
)


def _used_up(said: str) -> bool:
    """Tell whether an engine that has ended had no memory or no stack left."""
    return _USED_UP.search(said) is not None


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job came to.

    Attributes
    ----------
    status
        0 when Lean was content; a program's own exit code.
    messages
        Lean's diagnostics as it gives them.
    stdout, stderr
        Lines that a program, or Lean itself, printed.
    """

    status: int
    seconds: float
    messages: tuple[dict[str, Any], ...]
    stdout: tuple[str, ...]
    stderr: tuple[str, ...]


class EngineProcess:
    """A running engine. It belongs to one thread.

    Parameters
    ----------
    home
        The prepared engine.
    oleans
        Where compiled modules are found, the first that has one.
    host
        A module with the functions that stand in for C functions.
    environment
        Variables that a Lean program sees beside ours.
    """

    def __init__(
        self,
        home: Path,
        oleans: Sequence[Path],
        host: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.heap_bytes = 0
        self._home = home
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        # The engine leaves a profile file in its working directory.
        self._scratch = tempfile.TemporaryDirectory(prefix="lpb-engine-")
        argv = ["sh", "-c", _WITH_A_LARGE_STACK, "sh"]
        argv += [str(find_node()), str(ENGINE_FOLDER / "engine.cjs"), str(home)]
        argv.append(os.pathsep.join(map(str, oleans)))
        self._child = Child(
            argv + ([str(host)] if host else []),
            directory=Path(self._scratch.name),
            environment=child_environment(**(environment or {})),
            on_stdout=self._receive,
            takes_input=True,
        )
        self._ready = False

    @property
    def scratch(self) -> Path:
        """Its working directory. A file whose `.olean` is wanted must lie in it."""
        return Path(self._scratch.name)

    def _receive(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            return
        self._events.put(event)

    def _next(self, deadline: float) -> dict[str, Any]:
        while True:
            try:
                event = self._events.get(timeout=0.2)
            except queue.Empty:
                event = None
            if event is not None:
                return event
            code = self._child.poll()
            late = time.monotonic() > deadline
            if (code is not None and self._events.empty()) or late:
                if code in _OWN_FAULTS:
                    self._drop_kept_code()
                if not late and _used_up(self._child.tail):
                    raise EngineExhaustedError(
                        ["lean (embedded)"],
                        self._scratch.name,
                        code,
                        time.monotonic() - self._child.started,
                        self._child.tail,
                    )
                raise CommandFailedError(
                    ["lean (embedded)"],
                    self._scratch.name,
                    None if code is None else code,
                    time.monotonic() - self._child.started,
                    "" if late else self._child.tail,
                    "The engine met a fault of its own, or was short of memory; try again."
                    if not late
                    else "",
                )

    def _drop_kept_code(self) -> None:
        """Remove the machine code that engines keep: the next one makes its own."""
        for kept in self._home.glob("code-*.bin"):
            with contextlib.suppress(OSError):
                kept.unlink()

    def wait_until_ready(self) -> None:
        """Wait until the engine has initialised.

        Raises
        ------
        CommandFailedError
            When it ended or did not come up in time.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._ready:
            self._ready = self._next(deadline)["event"] == "ready"

    def run(self, job: Mapping[str, Any], timeout_s: float) -> JobResult:
        """Do one job.

        Raises
        ------
        CommandFailedError
            When the engine crashed, or was not done after `timeout_s`. It is of no use then.
        """
        self.wait_until_ready()
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(BrokenPipeError):  # it has ended: _next says how
            self._child.write_line(json.dumps(dict(job)))
        messages: list[dict[str, Any]] = []
        streams: dict[str, list[str]] = {"stdout": [], "stderr": []}
        while True:
            event = self._next(deadline)
            match event["event"]:
                case "message":
                    messages.append(event["message"])
                case "output":
                    streams[event["stream"]].append(event["text"])
                case "done":
                    self.heap_bytes = int(event["heap_bytes"])
                    return JobResult(
                        int(event["status"]),
                        float(event["seconds"]),
                        tuple(messages),
                        tuple(streams["stdout"]),
                        tuple(streams["stderr"]),
                    )

    def close(self) -> None:
        """Stop the process and remove its scratch directory."""
        self._child.stop(patience_s=1.0)
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
