"""The requests that `lpb verify` sends, and what came back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lpb_server.client import BridgeClient, Exchange
from lpb_server.errors import BridgeError
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import decode_reply, encode_message
from lpb_server.wire.values import Value

from lpb_cli.report import Check, Status
from lpb_cli.verify.c_client import CClient, CClientError

__all__ = [
    "FORMATS",
    "LiveExchange",
    "PlannedRequest",
    "certified_exchanges",
    "plan_c_requests",
    "plan_requests",
    "send_requests",
    "send_through_c_library",
]

FORMATS = ("json", "msgpack", "protobuf")

Matrix = npt.NDArray[np.float64]

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request to send.

    Attributes
    ----------
    name
        Says what is special about it; names it in reports.
    op
        ``matrix_sum``, ``echo`` or ``ping``.
    format
        ``json``, ``msgpack`` or ``protobuf``.
    matrix
        The operand of ``matrix_sum``: float64, two dimensions.
    inline
        Whether the matrix stands in the parameters, not in a frame of its own.
    params
        The parameters of ``echo``.
    """

    name: str
    op: str
    format: str
    matrix: Matrix | None = None
    inline: bool = False
    params: dict[str, Value] | None = None


@dataclass(frozen=True, slots=True)
class LiveExchange:
    """A planned request and the messages that it led to."""

    planned: PlannedRequest
    exchange: Exchange

    @property
    def name(self) -> str:
        """Say what is special about it."""
        return self.planned.name

    @property
    def size_bytes(self) -> int:
        """How long both messages are together."""
        return sum(map(len, self.exchange.request_frames + self.exchange.reply_frames))


def _edge_cases() -> list[tuple[str, Matrix]]:
    """Matrices at the edges of what a float64 sum can meet."""
    tiny, huge = 5e-324, 1.5e308
    return [
        ("1 × 1", np.array([[0.1]])),
        ("one row", np.array([[0.1, 0.2, 0.3, -0.6, 1e16, 1.0, -1e16]])),
        ("one column", np.array([[1.0], [1e-16], [1e-16], [1e-16]])),
        ("subnormals", np.array([[tiny, 3 * tiny], [2.2e-308, -tiny]])),
        ("huge and tiny", np.array([[huge, 1.0, tiny], [-huge, 1e-300, 1e300]])),
        ("negative zeros", np.array([[-0.0, -0.0], [-0.0, 0.0]])),
        ("powers of two", np.ldexp(1.0, np.arange(-10, 10, 2).reshape(2, 5))),
        ("seventeen digits", np.array([[1.0 / 3.0, -2.0 / 3.0]])),
        ("all negative", -np.arange(1.0, 13.0).reshape(3, 4) / 8.0),
    ]


_ECHO_PARAMS: dict[str, Value] = {
    "null": None,
    "truth": [True, False],
    "integers": [0, 127, 128, -1, -32, -33, 2**63 - 1, -(2**63), 2**64 - 1],
    "floats": [
        0.0,
        -0.0,
        0.1,
        1e16,
        1e-5,
        5e-324,
        1.7976931348623157e308,
        float("inf"),
        -float("inf"),
    ],
    "texts": ["", "π ≈ 3.14159", "🧮 beyond the BMP", '"\\\n\t\u0001'],
    "nested": {"list": [[], [[]], {"empty": {}}]},
}


def plan_requests(seed: int, count: int) -> list[PlannedRequest]:
    """Plan the conversation: every edge case in each format, and `count` random matrices.

    Parameters
    ----------
    seed
        Makes the random matrices; the same seed gives the same ones.
    """
    random = np.random.default_rng(seed)
    planned: list[PlannedRequest] = []
    for name in FORMATS:
        planned.append(PlannedRequest(f"ping, {name}", "ping", name))
        planned.append(PlannedRequest(f"echo, {name}", "echo", name, params=_ECHO_PARAMS))
        for case, matrix in _edge_cases():
            planned.append(
                PlannedRequest(f"{case}, {name}, inline", "matrix_sum", name, matrix, inline=True)
            )
        large = random.standard_normal((100, 100)) * 10.0 ** random.integers(-8, 8, (100, 100))
        planned.append(PlannedRequest(f"10⁴ elements, {name}, frame", "matrix_sum", name, large))
    for index in range(count):
        rows, columns = (int(n) for n in random.integers(1, 9, 2))
        matrix = random.standard_normal((rows, columns)) * 10.0 ** random.integers(-20, 20)
        if index % 3 == 0:
            matrix = np.abs(matrix)
        inline = index % 2 == 0
        name = FORMATS[index // 2 % len(FORMATS)]
        if inline and name == "json":
            # The kernel takes about a second to find the shortest text of a 17-digit decimal.
            matrix = np.vectorize(lambda x: float(f"{x:.3e}"))(matrix)
        where = "inline" if inline else "frame"
        planned.append(
            PlannedRequest(
                f"random {index + 1}: {rows} × {columns}, {name}, {where}",
                "matrix_sum",
                name,
                matrix,
                inline,
            )
        )
    return planned


def send_requests(
    endpoint: str,
    planned: list[PlannedRequest],
    progress: Callable[[int, int], None],
    timeout_s: float = TIMEOUT_S,
    tries: int = 2,
) -> tuple[list[LiveExchange], list[Check]]:
    """Send the requests through the Python client.

    Gives the exchanges whose reply could be read, and a check for each request. Whether a reply is
    right is not decided here: that is for the transcript.
    """
    run = secrets.token_hex(6)  # a reply recorded in another run carries another id
    exchanges: list[LiveExchange] = []
    checks: list[Check] = []
    with BridgeClient(endpoint, timeout_s=timeout_s, tries=tries) as client:
        for index, request in enumerate(planned):
            check = Check(request.name, Status.PASSED)
            try:
                exchange = _send(client, request, f"{run}-{index}")
            except BridgeError as error:
                check.status, check.detail = Status.FAILED, str(error)
            else:
                exchanges.append(LiveExchange(request, exchange))
                error_reply = exchange.reply.error
                if error_reply is not None:
                    check.status = Status.FAILED
                    check.detail = f"{error_reply.code}: {error_reply.message}"
            checks.append(check)
            progress(index + 1, len(planned))
    return exchanges, checks


def _content(request: PlannedRequest) -> tuple[dict[str, Value], dict[str, Matrix]]:
    """Give the parameters and the arrays to send."""
    params: dict[str, Value] = dict(request.params or {})
    if request.matrix is None:
        return params, {}
    if request.inline:
        return {**params, "matrix": request.matrix.tolist()}, {}
    return params, {"matrix": request.matrix}


def _send(client: BridgeClient, request: PlannedRequest, request_id: str) -> Exchange:
    params, arrays = _content(request)
    return client.exchange(
        request.op,
        params,
        arrays,
        certify=True,
        format=request.format,  # type: ignore[arg-type]
        request_id=request_id,
    )


def plan_c_requests(planned: Sequence[PlannedRequest]) -> list[PlannedRequest]:
    """Choose what is sent through the C library as well: it carries bytes, whatever they mean."""
    cases = ("ping", "one row", "all negative")
    chosen = [request for request in planned if request.name.startswith(cases)]
    return [
        replace(
            request,
            name=f"{request.name.removesuffix(', inline')}, C library",
            # The C library must carry array frames, too.
            inline=request.inline and not request.name.startswith("all negative"),
        )
        for request in chosen
    ]


def send_through_c_library(
    library: Path, endpoint: str, planned: Sequence[PlannedRequest], timeout_s: float = TIMEOUT_S
) -> tuple[list[LiveExchange], list[Check]]:
    """Send the requests through the C library's own client, as `send_requests` does."""
    run = secrets.token_hex(6)
    exchanges: list[LiveExchange] = []
    checks: list[Check] = []
    for index, request in enumerate(planned):
        check = Check(request.name, Status.PASSED)
        checks.append(check)
        params, arrays = _content(request)
        headers, array_frames = encode_arrays(arrays)
        asked = Request(f"{run}-{index}", request.op, params, headers, certify=True)
        wire_format = WireFormat(request.format)
        frames = tuple(map(bytes, encode_message(asked, wire_format, array_frames)))
        try:
            with CClient(library, endpoint, int(timeout_s * 1000)) as client:
                reply_frames = client.exchange(frames)
            reply = decode_reply(reply_frames)
        except (CClientError, BridgeError) as error:
            check.status, check.detail = Status.FAILED, str(error)
            continue
        if reply.reply.id != asked.id or reply.reply.error is not None:
            check.status = Status.FAILED
            check.detail = f"the reply is {reply.reply.status}, to the id {reply.reply.id}"
            continue
        exchange = Exchange(asked, reply.reply, frames, reply_frames, reply.arrays, wire_format, 1)
        exchanges.append(LiveExchange(request, exchange))
    return exchanges, checks


def certified_exchanges(exchanges: Sequence[Exchange], who: str) -> list[LiveExchange]:
    """Give what a transcript can hold of a conversation that was not planned here.

    Parameters
    ----------
    who
        The client that asked; names the exchanges.
    """
    lived: list[LiveExchange] = []
    for exchange in exchanges:
        request = exchange.request
        if not request.certify or exchange.reply.error is not None:
            continue
        matrix = None
        inline = not request.arrays
        if request.op == "matrix_sum" and inline:
            matrix = np.array(request.params["matrix"], dtype=np.float64)
        elif request.op == "matrix_sum":
            data = b"".join(exchange.request_frames[1:])
            matrix = np.frombuffer(data, "<f8").reshape(request.arrays[0].shape)
        elif request.op != "ping":
            continue
        where = "" if matrix is None else ", inline" if inline else ", frame"
        size = "" if matrix is None else f" {matrix.shape[0]} × {matrix.shape[1]}"
        name = f"{who} {len(lived) + 1}: {request.op}{size}, {exchange.wire_format}{where}"
        planned = PlannedRequest(name, request.op, str(exchange.wire_format), matrix, inline)
        lived.append(LiveExchange(planned, exchange))
    return lived
