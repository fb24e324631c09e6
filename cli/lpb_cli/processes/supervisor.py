"""Starts the server as a child, waits until it answers, and stops it."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lpb_server.client import BridgeClient, ClientCurve
from lpb_server.errors import ClientError

from lpb_cli.errors import EnvironmentLacksError, ServerFailedError
from lpb_cli.processes.child import Child
from lpb_cli.settings import child_environment

__all__ = ["ServerSupervisor", "require_server", "wait_for_ping"]

READY_TIMEOUT_S = 30.0
_NAMED_TIMEOUT_S = 3.0

SERVER_COMMAND = (sys.executable, "-P", "-m", "lpb_server", "--no-config", "--workers", "0")
"""One process, and no settings of the user's: what `lpb verify` checks is the same everywhere."""


def wait_for_ping(endpoint: str, timeout_s: float, curve: ClientCurve | None = None) -> float:
    """Wait until a server answers `ping`. Gives the round trip's seconds.

    Raises
    ------
    ServerFailedError
        When none does within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        started = time.monotonic()
        try:
            patience_s = min(1.0, timeout_s)
            with BridgeClient(endpoint, timeout_s=patience_s, tries=1, curve=curve) as client:
                client.ping()
        except ClientError as error:
            if time.monotonic() > deadline:
                raise ServerFailedError(
                    f"No server answers at {endpoint}: {error}",
                    "Start one with `lpb serve`, or leave out --endpoint.",
                ) from error
        else:
            return time.monotonic() - started


def require_server(endpoint: str, curve: ClientCurve | None = None) -> None:
    """Find out at once whether the server that was named answers.

    Raises
    ------
    EnvironmentLacksError
        When it does not.
    """
    try:
        wait_for_ping(endpoint, _NAMED_TIMEOUT_S, curve)
    except ServerFailedError as error:
        raise EnvironmentLacksError(error.message, error.hint) from error


class ServerSupervisor:
    """A server of our own on a free loopback port, for as long as the context lasts.

    Ready means that it answers `ping`, not that it has a process id.

    Parameters
    ----------
    endpoint
        Where it binds; port 0 takes a free one.
    command
        What starts it, without ``--endpoint``.
    sources
        Its setting ``operations``: paths and modules as they are found from here.
    """

    def __init__(
        self,
        directory: Path,
        endpoint: str = "tcp://127.0.0.1:0",
        command: Sequence[str] = SERVER_COMMAND,
        sources: str = "",
    ) -> None:
        self._directory = Path.cwd() if sources else directory
        own = [f"--operations={sources}"] if sources else []
        self._argv = [*command, *own, "--endpoint", endpoint]
        self._child: Child | None = None
        self._log: list[str] = []
        self._ready = threading.Event()
        self._announced: dict[str, Any] = {}

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return str(self._announced["endpoint"])

    @property
    def log(self) -> str:
        """What it has logged."""
        return "\n".join(self._log[-50:])

    def _hear(self, line: str) -> None:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            self._log.append(line)
            return
        if isinstance(event, dict) and event.get("event") == "ready":
            self._announced = event
            self._ready.set()

    def start(self) -> float:
        """Start it and wait until it answers. Gives the seconds that took.

        Raises
        ------
        ServerFailedError
            With its log, when it died or did not answer in time.
        """
        started = time.monotonic()
        self._child = Child(
            self._argv,
            directory=self._directory,
            environment=child_environment(),
            on_stdout=self._hear,
            on_stderr=self._log.append,
        )
        while not self._ready.wait(0.05):
            self.check()
            if time.monotonic() - started > READY_TIMEOUT_S:
                raise ServerFailedError("The server did not become ready.", self.log)
        wait_for_ping(self.endpoint, READY_TIMEOUT_S)
        return time.monotonic() - started

    def check(self) -> None:
        """Raise `ServerFailedError`, with its log, when it has ended."""
        code = self._child.poll() if self._child is not None else None
        if code is not None:
            time.sleep(0.1)  # the last lines of its log are on their way
            raise ServerFailedError(f"The server ended with code {code}. Its log:\n{self.log}")

    def stop(self) -> str:
        """Stop it; gives the signal that it took, empty when it had ended by itself."""
        if self._child is None:
            return ""
        self._child.stop()
        step, self._child = self._child.stopped_by, None
        return step

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
