"""gRPC: one unary call, the matrix as packed bytes in a protobuf message."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from lpb_benchmarks.peers.base import Announce, Connection, Peer, PreparedCall

if TYPE_CHECKING:
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["Grpc", "messages", "sum_method"]

_SERVICE: Final = "benchmark.Sums"
_OPTIONS: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_TIMEOUT_S: Final = 120.0


@functools.cache
def messages() -> tuple[Any, Any]:
    """Return the message classes of the request and of the reply."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="benchmark.proto", package="benchmark", syntax="proto3"
    )
    shapes = {
        "Matrix": [("rows", field.TYPE_INT64), ("columns", field.TYPE_INT64)],
        "Sum": [("sum", field.TYPE_DOUBLE)],
    }
    shapes["Matrix"].append(("data", field.TYPE_BYTES))
    for name, fields in shapes.items():
        message = file.message_type.add(name=name)
        for number, (field_name, kind) in enumerate(fields, start=1):
            message.field.add(name=field_name, number=number, type=kind, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = [
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"benchmark.{name}"))
        for name in shapes
    ]
    return classes[0], classes[1]


def sum_method(channel: Any) -> Any:
    """Return what calls the service through a channel."""
    matrix, reply = messages()
    return channel.unary_unary(
        f"/{_SERVICE}/Sum",
        request_serializer=matrix.SerializeToString,
        response_deserializer=reply.FromString,
    )


class _GrpcConnection(Connection):
    def __init__(self, endpoint: str) -> None:
        grpc: Any = import_module("grpc")
        self._matrix, _ = messages()
        self._channel = grpc.insecure_channel(endpoint, options=_OPTIONS)
        self._call = sum_method(self._channel)

    def prepare(self, workload: Workload) -> PreparedCall:
        matrix = workload.matrix()
        rows, columns = matrix.shape
        message, call = self._matrix, self._call

        def run() -> float:
            request = message(rows=rows, columns=columns, data=matrix.tobytes())
            return float(call(request, timeout=_TIMEOUT_S).sum)

        return PreparedCall(run, workload.accepts_sum)

    def close(self) -> None:
        self._channel.close()


class Grpc(Peer):
    """The usual choice for calls between programs."""

    title = "gRPC"
    modules = ("grpc",)

    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Serve with a pool of threads, as its documentation does."""
        import numpy as np

        grpc: Any = import_module("grpc")
        matrix, reply = messages()

        def answer(request: Any, context: Any) -> Any:
            elements = np.frombuffer(request.data, "<f8")
            return reply(sum=float(elements.reshape(request.rows, request.columns).sum()))

        handler = grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=matrix.FromString,
            response_serializer=reply.SerializeToString,
        )
        server = grpc.server(ThreadPoolExecutor(16), options=_OPTIONS)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE, {"Sum": handler}),)
        )
        port = server.add_insecure_port(endpoint.removeprefix("tcp://"))
        server.start()
        announce(f"127.0.0.1:{port}")
        server.wait_for_termination()

    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a channel."""
        return _GrpcConnection(endpoint)
