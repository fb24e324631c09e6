"""Real servers as processes, and ways to look at them and to harm them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import lpb_server
import pytest
from lpb_server.wire import intake

__all__ = [
    "ENVIRONMENT",
    "LONG",
    "PLUGIN",
    "WAIT_S",
    "descriptors",
    "ended",
    "fork_server_of",
    "interpreted_only",
    "memory_bytes",
    "process",
    "server_process",
    "threads",
    "workers_of",
]

LONG = os.environ.get("LPB_FAULTS") == "long"
"""Whether the long forms run, as `make faults` has it."""

WAIT_S = 60.0
PLUGIN = Path(__file__).parent / "plugin"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(lpb_server.__file__).parents[1]), str(PLUGIN)]),
}


interpreted_only = pytest.mark.skipif(
    not str(intake.__file__).endswith(".py"),
    reason="it replaces a function of ours, which compiled code does not look up",
)
"""For tests that also run on the compiled copy of the server, where they could see nothing."""


@contextmanager
def process(
    module: str,
    *flags: str,
    stderr: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a module of ours, or any; it is killed at the end of the context."""
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", module, *flags],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env={**ENVIRONMENT, **(environment or {})},
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


@contextmanager
def server_process(
    *arguments: str,
    endpoint: str = "tcp://127.0.0.1:*",
    level: str = "error",
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a server as a process; yield it and its endpoint when it is ready."""
    flags = ("--endpoint", endpoint, "--log-level", level, *arguments)
    with process("lpb_server", *flags, environment=environment) as child:
        assert child.stdout is not None
        yield child, json.loads(child.stdout.readline())["endpoint"]


def fork_server_of(pid: int) -> int | None:
    """Find the fork server of a broker."""
    for child in _children(pid):
        if "--fork-server" in _read(f"/proc/{child}/cmdline"):
            return child
    return None


def workers_of(pid: int) -> list[int]:
    """Find the workers of a broker, however they were started."""
    fork_server = fork_server_of(pid)
    started = [child for child in _children(pid) if child != fork_server]
    return started if fork_server is None else started + _children(fork_server)


def ended(pid: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    stat = _read(f"/proc/{pid}/stat")
    return not stat or stat.rpartition(")")[2].split()[0] == "Z"


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """Read a process's resident memory."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


def descriptors(pid: int) -> int:
    """Count a process's open descriptors."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """Count a process's threads."""
    return len(os.listdir(f"/proc/{pid}/task"))


def _children(pid: int) -> list[int]:
    return [int(word) for word in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
