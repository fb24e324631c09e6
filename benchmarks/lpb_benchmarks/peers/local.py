"""The limits, measured inside one process: memory copies, NumPy, the bridge without its sockets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_server.wire import Frame

    from lpb_benchmarks.peers.workload import Workload

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
        from lpb_server.frontend.admission import Admission
        from lpb_server.frontend.reply_cache import ReplyCache
        from lpb_server.observability.metrics import Metrics
        from lpb_server.operations import default_registry
        from lpb_server.service import Service
        from lpb_server.settings.config import ServerConfig

        config = ServerConfig()
        self._service = Service(default_registry(), config.limits)
        purity = self._service.purity
        self._metrics = Metrics(purity)
        self._reception = Admission(
            ReplyCache(config.cache, time.monotonic),
            config.limits,
            lambda name: purity.get(name, True),
            config.requests_per_client,
        )

    def _answer(self, frames: list[Frame]) -> list[Frame]:
        """Do what the server does between its sockets."""
        arrived_s = time.monotonic()
        job = self._reception.take((b"peer",), frames, arrived_s)
        self._metrics.came(frames)
        if job is None or isinstance(job, list):
            return job or []
        handled = self._service.run(job.opened, time.monotonic() - arrived_s)
        self._metrics.went(handled.reply)
        self._reception.finish(job, handled.reply, ran=handled.ran)
        request = job.opened.request
        seconds = time.monotonic() - arrived_s
        self._metrics.finished(request.id, request.op, seconds, handled.reply)
        return handled.reply

    def prepare(self, workload: Workload) -> PreparedCall:
        from lpb_server.client import new_id
        from lpb_server.wire import Request, WireFormat, decode_reply, encode_message
        from lpb_server.wire.arrays import encode_arrays

        params, arrays, certify = workload.params(), workload.arrays(), workload.certify
        wire_format = WireFormat(workload.format)

        def run() -> float:
            headers, frames = encode_arrays(arrays)
            request = Request(new_id(), "matrix_sum", params, headers, certify=certify)
            message = decode_reply(self._answer(encode_message(request, wire_format, frames)))
            result = message.reply.result or {}
            return float(str(result["sum"]))

        return PreparedCall(run, workload.accepts_sum)

    def close(self) -> None:
        pass


class BridgeWithoutSockets(_LocalPeer):
    """Both ends of the bridge in one process: what it adds to a request beside the transport.

    The id, the checks of both headers, the limits, the cache of replies, the counters: all of it.
    """

    title = "the bridge without sockets"

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Build a service."""
        return _ServiceConnection()
