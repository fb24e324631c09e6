"""Writes the live conversation as a Lean file whose theorems the kernel checks.

For each exchange the file holds what was asked and answered, the bytes of both headers and of all
array frames, and claims what ``LeanPythonBridge.Certificate.Exchange`` says: Lean's own encoder
gives exactly the bytes of the headers, the frames are as long as these say, and the operation's
checker accepts. Of a lie it claims that the checker refuses it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lpb_server.client import Exchange

from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lean_file import Claim, LeanFile, claims_file
from lpb_cli.verify.lean_messages import lean_answer, lean_question
from lpb_cli.verify.lean_terms import FORMATS, lean_packed, lean_string

__all__ = ["render_lies", "render_transcript"]

_MODULE = "LeanPythonBridge.Certificate.Exchange"
_NAMESPACE = "LeanPythonBridge.LiveTranscript"

_INTRODUCTION = """\
# Transcript of a conversation with a bridge server

{description}
Each theorem says of one exchange: Lean's encoder gives exactly the bytes of both headers, Lean's
decoder reads the reply's, the array frames are as long as the headers say, and the answer is true
of the exact values of what was on the wire, as the operation's `Meaning` says."""

_LIES_INTRODUCTION = """\
# Answers that are nearly right

{description}
Each theorem says of one of them that the operation's checker refuses it."""


def render_transcript(exchanges: Sequence[LiveExchange], description: str) -> LeanFile:
    """Write the file.

    Parameters
    ----------
    exchanges
        What was said, in order.
    description
        A sentence or two: when, by which program, against which server.
    """
    introduction = _INTRODUCTION.format(description=description)
    return _render(exchanges, introduction, "Holds", "holds_of_check")


def render_lies(lies: Sequence[LiveExchange], description: str) -> LeanFile:
    """Write a file that says of answers that they are refused."""
    introduction = _LIES_INTRODUCTION.format(description=description)
    return _render(lies, introduction, "Refused", "refused_of_not_accepted")


def _render(
    exchanges: Sequence[LiveExchange], introduction: str, claimed: str, theorem: str
) -> LeanFile:
    checkers = [live.planned.checker for live in exchanges]
    claims = [
        Claim(
            live.name,
            "exchange",
            "Exchange",
            f"where\n{_fields(live.exchange)}",
            f"{{0}}.{claimed} _root_.{checker}.operation",
            f"Exchange.{theorem} _ _ (by decide +kernel)",
        )
        for live, checker in zip(exchanges, checkers, strict=True)
    ]
    return claims_file([_MODULE, *checkers], _NAMESPACE, introduction, claims)


def _fields(exchange: Exchange) -> str:
    """Write what an exchange was. A reply of another form gives a claim that cannot hold."""
    request, timing = exchange.request, exchange.reply.timing
    fields = {
        "format": FORMATS[str(exchange.wire_format)],
        "id": lean_string(request.id),
        "question": lean_question(exchange),
        "answer": lean_answer(exchange),
        "certify": "" if request.certify else "false",
        "deadlineMs": "" if request.deadline_ms is None else f"some {request.deadline_ms}",
        "timing": "" if timing is None else f"some ⟨{timing.queue_us}, {timing.compute_us}⟩",
        "request": lean_packed(exchange.request_frames[0]),
        "reply": lean_packed(exchange.reply_frames[0]),
    }
    return "\n".join(f"  {key} := {term}" for key, term in fields.items() if term)
