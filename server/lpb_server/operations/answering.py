"""A question answered here, by the operation itself: no server, no wire."""

from __future__ import annotations

from lpb_server.operations.definition import Operation
from lpb_server.operations.plain import plain_evidence, plain_outcome
from lpb_server.operations.question import Answer, Evidence, Question

__all__ = ["answer_here"]


def answer_here(operation: Operation, question: Question) -> Answer:
    """Answer a question, with a certificate where the operation has one.

    Raises
    ------
    InvalidParams
        When the operation refuses the question.
    Uncertifiable
        When no certificate can be made for the answer.
    TypeError
        When what it gives back cannot be sent.
    """
    params, arrays = question.params, question.arrays
    operation.check(params, arrays, certify=operation.certified)
    outcome = plain_outcome(operation.function(params, arrays))
    evidence = Evidence()
    if operation.certified:
        evidence = plain_evidence(operation.certify(params, arrays, outcome))
    return Answer(outcome.result, outcome.arrays, evidence.entries, evidence.arrays)
