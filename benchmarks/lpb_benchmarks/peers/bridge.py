"""The bridge itself: ``python -m lpb_server`` and its `BridgeClient`, as anyone would use them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_server.client import BridgeClient, CallResult

    from lpb_benchmarks.peers.workload import Workload

__all__ = ["FRAMES_ONLY", "MADE_SHARED", "Bridge"]

FRAMES_ONLY: Final = "frames-only"
"""The argument of a client that does without shared memory."""

MADE_SHARED: Final = "made-shared"
"""The argument of a client whose arrays are made in shared memory, so that none is copied."""

_TIMEOUT_S = 120.0


class _BridgeConnection(Connection):
    def __init__(self, endpoint: str, arguments: list[str]) -> None:
        self._endpoint = endpoint
        self._arguments = arguments
        self._clients: dict[str, BridgeClient] = {}

    def prepare(self, workload: Workload) -> PreparedCall:
        from lpb_server.client import BridgeClient

        client = self._clients.get(workload.format)
        if client is None:
            client = BridgeClient(
                self._endpoint,
                format=workload.format,
                timeout_s=_TIMEOUT_S,
                tries=1,
                shared_memory=FRAMES_ONLY not in self._arguments,
            )
            self._clients[workload.format] = client
        params, arrays, certify = workload.params(), workload.arrays(), workload.certify
        if MADE_SHARED in self._arguments:
            for name, array in arrays.items():
                arrays[name] = client.shared_zeros(array.shape, array.dtype)
                arrays[name][:] = array

        def run() -> CallResult:
            return client.call("matrix_sum", params, arrays, certify=certify)

        def accepts(answer: Any) -> bool:
            certified = (answer.certificate is not None) == certify
            return certified and workload.accepts_sum(float(answer.result["sum"]))

        return PreparedCall(run, accepts)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


_ALONE: Final = ("--no-config", "--workers", "0")
"""As the peers are: one process, with no settings but its defaults."""


class Bridge(Peer):
    """This project."""

    title = "lean-python-bridge"

    def start_command(self, endpoint: str) -> list[str]:
        """Return the server's own command."""
        return [sys.executable, "-P", "-m", "lpb_server", *_ALONE, "--endpoint", endpoint]

    def prepare_process(self) -> None:
        """Do what the server's main does, which comes too late here: a thread runs by then."""
        from lpb_server.process.memory import keep_freed_memory

        keep_freed_memory()

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Run the server's own main; it announces itself, and stops on SIGTERM."""
        from lpb_server.__main__ import main

        raise SystemExit(
            main([*_ALONE, "--endpoint", endpoint, "--log-level", "warning", *arguments])
        )

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open the bridge's own client."""
        return _BridgeConnection(endpoint, arguments)
