"""Answers that are nearly right, which Lean must refuse: each certified operation brings its own.

They are told here and not by a server: it is the checkers that are tried.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from lpb_server.client import Exchange
from lpb_server.errors import BridgeError
from lpb_server.operations import Answer, Example, Operation, Question
from lpb_server.operations.answering import answer_here
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.certificate_arrays import certificate_on_the_wire
from lpb_server.wire.envelope import Reply, Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import decode_reply, encode_message

from lpb_cli.output.report import Check, Status
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest

__all__ = ["exchange_of", "tell_lies"]

_FORMAT = WireFormat.MSGPACK


def tell_lies(operations: Iterable[Operation], seed: int) -> tuple[list[LiveExchange], list[Check]]:
    """Give exchanges in which lies are told, of each certified operation, and what went wrong.

    Those of an operation are about its first example that there are lies about.

    Returns
    -------
    exchanges
        One for each lie, as a server would have sent it.
    checks
        What failed: an operation's own functions, or lies that cannot be sent.
    """
    told: list[LiveExchange] = []
    failed: list[Check] = []
    for operation in sorted(operations, key=lambda operation: operation.name):
        if operation.certificate is None:
            continue
        try:
            lies = _lies_about_an_example(operation, seed)
        except Exception as error:  # Whatever an operation's own functions do.
            reason = f"{type(error).__name__}: {error}"
            failed.append(Check(f"{operation.name}: lies", Status.FAILED, reason))
            continue
        if not lies:
            reason = "there is no lie about any of its examples"
            failed.append(Check(f"{operation.name}: lies", Status.FAILED, reason))
        for example, name, answer in lies:
            name = f"{operation.name}: {name} ({example.name})"
            try:
                told.append(exchange_of(operation, name, example.question, answer, len(told)))
            except BridgeError as error:
                reason = f"the lie cannot be written: {error}"
                failed.append(Check(name, Status.FAILED, reason))
    return told, failed


def _lies_about_an_example(operation: Operation, seed: int) -> list[tuple[Example, str, Answer]]:
    assert operation.examples is not None
    assert operation.lies is not None
    for example in operation.examples(np.random.default_rng(seed), 0):
        answer = answer_here(operation, example.question)
        lies = operation.lies(example.question, answer)
        if lies:
            return [(example, name, lie) for name, lie in lies.items()]
    return []


def exchange_of(
    operation: Operation,
    name: str,
    question: Question,
    answer: Answer,
    number: int = 0,
    wire_format: WireFormat = _FORMAT,
) -> LiveExchange:
    """Give the exchange in which a question is answered so.

    Raises
    ------
    WireError
        When question or answer cannot be sent.
    """
    headers, array_frames = encode_arrays(question.arrays)
    certify = operation.certified
    request = Request(f"here-{number}", operation.name, question.params, headers, certify=certify)
    asked = tuple(map(bytes, encode_message(request, wire_format, array_frames)))
    headers, array_frames = encode_arrays({**answer.arrays, **answer.certificate_arrays})
    certificate = None
    if certify:
        certificate = certificate_on_the_wire(answer.certificate, answer.certificate_arrays)
    reply = Reply(request.id, answer.result, headers, certificate)
    answered = tuple(map(bytes, encode_message(reply, wire_format, array_frames)))
    read = decode_reply(answered)
    assert operation.checker is not None
    planned = PlannedRequest(
        name, operation.name, operation.checker, str(wire_format), question, certify
    )
    exchange = Exchange(request, read.reply, asked, answered, read.arrays, wire_format, 1)
    return LiveExchange(planned, exchange)
