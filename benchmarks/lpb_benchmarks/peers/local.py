"""The limits, measured inside one process: memory copies, NumPy, the bridge without its sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.workload import Workload

__all__ = ["BridgeWithoutSockets", "MemoryCopy", "NumpySum"]


class _LocalPeer(Peer):
    has_server = False

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        raise NotImplementedError(f"{self.title} has no server")


class _CopyConnection(Connection):
    def prepare(self, workload: Workload) -> PreparedCall:
        import numpy as np

        source = workload.matrix()
        target = np.empty_like(source)

        def run() -> float:
            np.copyto(target, source)
            return 0.0

        return PreparedCall(run, lambda answer: bool((source == target).all()))

    def close(self) -> None:
        pass


class MemoryCopy(_LocalPeer):
    """One copy into memory that is there already: what no transport can beat."""

    title = "memcpy"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open nothing."""
        return _CopyConnection()


class _SumConnection(Connection):
    def prepare(self, workload: Workload) -> PreparedCall:
        matrix = workload.matrix()
        return PreparedCall(lambda: float(matrix.sum()), workload.accepts_sum)

    def close(self) -> None:
        pass


class NumpySum(_LocalPeer):
    """The work itself, with nothing sent anywhere."""

    title = "NumPy's own sum"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open nothing."""
        return _SumConnection()


class _ServiceConnection(Connection):
    def __init__(self) -> None:
        from lpb_server.operations import default_registry
        from lpb_server.service import Service

        self._service = Service(default_registry())

    def prepare(self, workload: Workload) -> PreparedCall:
        from lpb_server.client import new_id
        from lpb_server.wire import Request, WireFormat, decode_reply, encode_message
        from lpb_server.wire.arrays import encode_arrays

        params, arrays, certify = workload.params(), workload.arrays(), workload.certify
        wire_format = WireFormat(workload.format)
        handle = self._service.handle

        def run() -> float:
            headers, frames = encode_arrays(arrays)
            request = Request(new_id(), "matrix_sum", params, headers, certify=certify)
            message = decode_reply(handle(encode_message(request, wire_format, frames)))
            result = message.reply.result or {}
            return float(str(result["sum"]))

        return PreparedCall(run, workload.accepts_sum)

    def close(self) -> None:
        pass


class BridgeWithoutSockets(_LocalPeer):
    """Both ends of the bridge in one process: what it adds to a request beside the transport."""

    title = "the bridge without sockets"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Build a service."""
        return _ServiceConnection()
