"""What the cases of one scenario share: their stations, and a folder for sockets."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from lpb_benchmarks.measure.machine import placement
from lpb_benchmarks.measure.station import Station

__all__ = ["Environment"]


class Environment:
    """Starts each station once, and stops all of them at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._stations: dict[tuple[object, ...], Station] = {}

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="lpb-bench-"))
        self._folder = Path(folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def endpoint(self, transport: str) -> str:
        """Return a free endpoint of ``tcp`` or ``ipc``."""
        if transport == "tcp":
            return "tcp://127.0.0.1:0"
        number = len(list(self._folder.iterdir()))
        folder = self._folder / str(number)
        folder.mkdir()
        return f"ipc://{folder / 'socket'}"

    def station(
        self,
        peer: str,
        transport: str,
        *,
        server_arguments: tuple[str, ...] = (),
        client_arguments: tuple[str, ...] = (),
        pinned: bool = True,
    ) -> Station:
        """Return the station of a peer; its server is started on first use, and not waited for."""
        key = (peer, transport, server_arguments, client_arguments, pinned)
        if key not in self._stations:
            station = Station(
                peer,
                self.endpoint(transport),
                server_arguments=server_arguments,
                client_arguments=client_arguments,
                placement=placement(pinned),
            )
            self._stations[key] = self._stack.enter_context(station)
        return self._stations[key]
