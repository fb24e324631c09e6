"""The requests that `lpb verify` sends, and what came back.

What is asked follows from the operations: each one's examples.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lpb_server.client import BridgeClient, Exchange
from lpb_server.errors import BridgeError
from lpb_server.operations import Operation, Question
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import decode_reply, encode_message

from lpb_cli.errors import UsageError
from lpb_cli.output.report import Check, Status
from lpb_cli.verify.c_client import CClient, CClientError

__all__ = [
    "FORMATS",
    "LiveExchange",
    "PlannedRequest",
    "checked_exchanges",
    "plan_c_requests",
    "plan_requests",
    "send_requests",
    "send_through_c_library",
]

FORMATS = ("json", "msgpack", "protobuf")

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request to send.

    Attributes
    ----------
    name
        Says what is special about it; names it in reports.
    op
        The operation's name.
    checker
        The Lean module that checks its answers.
    format
        ``json``, ``msgpack`` or ``protobuf``.
    question
        What is asked.
    certify
        Whether a certificate is asked for.
    """

    name: str
    op: str
    checker: str
    format: str
    question: Question
    certify: bool


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


def plan_requests(operations: Iterable[Operation], seed: int, count: int) -> list[PlannedRequest]:
    """Plan the conversation: the examples of each operation that Lean checks.

    The first of an operation is asked in every format, each other one in one of them, in turn:
    what the kernel has to decide about arrays is the same in all.

    Parameters
    ----------
    seed
        Makes the random examples; the same seed gives the same ones.
    count
        How many random examples to ask for, of each operation.

    Raises
    ------
    UsageError
        When an operation's ``examples`` fail.
    """
    planned: list[PlannedRequest] = []
    for operation in sorted(operations, key=lambda operation: operation.name):
        if operation.checker is None or operation.examples is None:
            continue
        try:
            examples = list(operation.examples(np.random.default_rng(seed), count))
        except Exception as error:  # Whatever an operation's own functions do.
            reason = f"{type(error).__name__}: {error}"
            raise UsageError(f"The examples of {operation.name} fail: {reason}") from error
        for index, example in enumerate(examples):
            in_turn = FORMATS[index % len(FORMATS)]
            planned += [
                PlannedRequest(
                    f"{operation.name}: {example.name}, {name}",
                    operation.name,
                    operation.checker,
                    name,
                    example.question,
                    operation.certified,
                )
                for name in ((in_turn,) if index else FORMATS)
            ]
    return planned


def send_requests(
    endpoint: str,
    planned: Sequence[PlannedRequest],
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
                exchange = client.exchange(
                    request.op,
                    request.question.params,
                    request.question.arrays,
                    certify=request.certify,
                    format=request.format,  # type: ignore[arg-type]
                    request_id=f"{run}-{index}",
                )
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


def plan_c_requests(planned: Sequence[PlannedRequest]) -> list[PlannedRequest]:
    """Choose what is sent through the C library as well: it carries bytes, whatever they mean.

    One of each operation, in the formats in turn.
    """
    chosen: dict[str, PlannedRequest] = {}
    for request in planned:
        in_turn = FORMATS[len(chosen) % len(FORMATS)]
        if request.op not in chosen and request.format == in_turn:
            chosen[request.op] = replace(request, name=f"{request.name}, C library")
    return list(chosen.values())


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
        headers, array_frames = encode_arrays(request.question.arrays)
        asked = Request(
            f"{run}-{index}",
            request.op,
            request.question.params,
            headers,
            certify=request.certify,
        )
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


def checked_exchanges(
    exchanges: Sequence[Exchange], operations: Iterable[Operation], who: str
) -> list[LiveExchange]:
    """Give what a transcript can hold of a conversation that was not planned here.

    These are the answers to operations that Lean has a checker for; where there is something to
    certify, those that were certified.

    Parameters
    ----------
    who
        The client that asked; names the exchanges.
    """
    known: Mapping[str, Operation] = {operation.name: operation for operation in operations}
    lived: list[LiveExchange] = []
    for exchange in exchanges:
        request = exchange.request
        operation = known.get(request.op)
        if operation is None or operation.checker is None or exchange.reply.error is not None:
            continue
        if request.certify is not operation.certified:
            continue
        shapes = "".join(f", {header.name} {list(header.shape)}" for header in request.arrays)
        name = f"{who} {len(lived) + 1}: {request.op}{shapes}, {exchange.wire_format}"
        planned = PlannedRequest(
            name,
            request.op,
            operation.checker,
            str(exchange.wire_format),
            Question(request.params),
            request.certify,
        )
        lived.append(LiveExchange(planned, exchange))
    return lived
