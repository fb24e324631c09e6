"""Writes the live conversation as a Lean file whose theorems the kernel checks.

For each exchange the file says what was asked, holds the bytes of request and reply, and claims
that Lean's own encoder gives exactly these bytes and that the certificate's checker accepts: see
``lean/proofs/Transcript.lean``. Bytes stand in one number literal, because the kernel's arithmetic
on numbers is fast and its handling of long lists is not.
"""

from __future__ import annotations

from lpb_server.wire.values import Value

from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lean_file import LeanFile, claims_file
from lpb_cli.verify.lean_terms import FORMATS, lean_bits, lean_entries, lean_packed, lean_string

__all__ = ["render_transcript"]

# `Float64.chunkSize` doubles: what one number literal holds.
_CHUNK_BYTES = 64 * 8

_INTRODUCTION = """\
# Transcript of a conversation with a bridge server

{description}
Each theorem says of one exchange: Lean's encoder gives exactly the request's bytes, Lean's decoder
reads the reply's, and the certificate in it holds of the exact values of the numbers sent."""


def render_transcript(exchanges: list[LiveExchange], description: str) -> LeanFile:
    """Write the file.

    Parameters
    ----------
    exchanges
        What was said, in order.
    description
        A sentence or two: when, by which program, against which server.
    """
    return claims_file(
        "Transcript", _INTRODUCTION.format(description=description), map(_claim, exchanges)
    )


def _claim(live: LiveExchange) -> tuple[str, str, str, str]:
    planned, exchange = live.planned, live.exchange
    fields = {
        "format": FORMATS[planned.format],
        "id": lean_string(exchange.request.id),
    }
    if planned.matrix is not None:
        kind = "SumExchange"
        fields |= _sum_fields(live, planned.matrix.shape)
    elif planned.op == "echo":
        kind = "EchoExchange"
        fields["params"] = lean_entries(planned.params or {})
    else:
        kind = "PingExchange"
    fields["request"] = lean_packed(exchange.request_frames[0])
    fields["reply"] = lean_packed(exchange.reply_frames[0])
    body = "\n".join(f"  {key} := {value}" for key, value in fields.items())
    return live.name, "exchange", kind, f"where\n{body}"


def _sum_fields(live: LiveExchange, shape: tuple[int, ...]) -> dict[str, str]:
    """What is particular to a sum. A reply of another form gives a claim that cannot hold."""
    planned, exchange = live.planned, live.exchange
    assert planned.matrix is not None
    rows, columns = shape
    data = b"".join(exchange.request_frames[1:])
    if planned.inline:
        data = planned.matrix.astype("<f8").tobytes()
    chunks = [data[i : i + _CHUNK_BYTES] for i in range(0, len(data), _CHUNK_BYTES)]
    certificate = exchange.reply.certificate or {}
    result = exchange.reply.result or {}
    fields = {
        "count": certificate.get("count"),
        "error": certificate.get("error"),
        "errorBound": certificate.get("error_bound"),
    }
    written = ", ".join(f"{key} := {_natural(value)}" for key, value in fields.items())
    nonnegative = "true" if certificate.get("nonnegative") is True else "false"
    return {
        "rows": str(rows),
        "columns": str(columns),
        "inline": "true" if planned.inline else "false",
        "elements": "[" + ", ".join(f"{int.from_bytes(c, 'little'):#x}" for c in chunks) + "]",
        "sum": _natural(result.get("sum")),
        "certificate": f"{{ {written}, nonnegative := {nonnegative} }}",
    }


def _natural(value: Value) -> str:
    """Write a count as it is and a float as its bits; anything else as 0, which no reply means."""
    if isinstance(value, float):
        return f"{lean_bits(value):#x}"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    return "0"
