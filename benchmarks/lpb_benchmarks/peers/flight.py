"""Arrow Flight: one exchange a call, the elements as a column without a copy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["Flight"]


class _FlightConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        self._arrow: Any = import_module("pyarrow")
        self._flight: Any = import_module("pyarrow.flight")
        self._client = self._flight.connect(endpoint)

    def prepare(self, workload: Workload) -> PreparedCall:
        arrow, flight, client = self._arrow, self._flight, self._client
        elements = workload.matrix().reshape(-1)
        descriptor = flight.FlightDescriptor.for_command(b"sum")

        def run() -> float:
            batch = arrow.record_batch([arrow.array(elements)], names=["matrix"])
            writer, reader = client.do_exchange(descriptor)
            with writer:
                writer.begin(batch.schema)
                writer.write_batch(batch)
                writer.done_writing()
                return float(reader.read_chunk().data.column(0)[0].as_py())

        return PreparedCall(run, workload.accepts_sum)

    def close(self) -> None:
        self._client.close()


class Flight(Peer):
    """What columnar data usually travels by."""

    title = "Arrow Flight"
    modules = ("pyarrow",)

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Sum every batch of an exchange."""
        arrow: Any = import_module("pyarrow")
        flight: Any = import_module("pyarrow.flight")

        def do_exchange(server: Any, context: Any, what: Any, reader: Any, writer: Any) -> None:
            total = sum(float(chunk.data.column(0).to_numpy().sum()) for chunk in reader)
            batch = arrow.record_batch([arrow.array([total])], names=["sum"])
            writer.begin(batch.schema)
            writer.write_batch(batch)

        kind = type("SumServer", (flight.FlightServerBase,), {"do_exchange": do_exchange})
        server = kind(endpoint.replace("tcp://", "grpc+tcp://"))
        announce(f"grpc+tcp://127.0.0.1:{server.port}")
        server.serve()

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a Flight client."""
        return _FlightConnection(endpoint)
