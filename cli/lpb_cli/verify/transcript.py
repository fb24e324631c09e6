"""Writes the live conversation as a Lean file whose theorems the kernel checks.

For each exchange the file says what was asked, holds the bytes of request and reply, and claims
that Lean's own encoder gives exactly these bytes and that the certificate's checker accepts: see
``lean/proofs/Transcript.lean``. Bytes stand in one number literal, because the kernel's arithmetic
on numbers is fast and its handling of long lists is not.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from lpb_server.wire.values import Value

from lpb_cli.verify.exchanges import LiveExchange

__all__ = ["Transcript", "lean_string", "lean_value", "render_transcript"]

_FORMAT_NAMES = {"json": ".json", "msgpack": ".messagePack", "protobuf": ".protobuf"}

# `Float64.chunkSize` doubles: what one number literal holds.
_CHUNK_BYTES = 64 * 8

_HEADER = """\
module
public import Transcript

/-!
# Transcript of a conversation with a bridge server

{description}
Each theorem says of one exchange: Lean's encoder gives exactly the request's bytes, Lean's decoder
reads the reply's, and the certificate in it holds of the exact values of the numbers sent.
-/

@[expose] public section

namespace LeanPythonBridge.Transcript
"""

_FOOTER = """
end LeanPythonBridge.Transcript
"""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A Lean file, and which of its lines belong to which exchange."""

    source: str
    starts: tuple[tuple[int, str], ...]
    """The first line of each exchange, from 1, and its name."""

    def exchange_at(self, line: int) -> str:
        """Give the name of the exchange that a line belongs to; empty before the first."""
        name = ""
        for start, candidate in self.starts:
            if start > line:
                break
            name = candidate
        return name


def render_transcript(exchanges: list[LiveExchange], description: str) -> Transcript:
    """Write the file.

    Parameters
    ----------
    exchanges
        What was said, in order.
    description
        A sentence or two: when, by which program, against which server.
    """
    text = _HEADER.format(description=description)
    starts: list[tuple[int, str]] = []
    for number, live in enumerate(exchanges, start=1):
        text += "\n"
        starts.append((text.count("\n") + 1, live.name))
        text += _render_exchange(number, live)
    return Transcript(text + _FOOTER, tuple(starts))


def _render_exchange(number: int, live: LiveExchange) -> str:
    planned, exchange = live.planned, live.exchange
    fields = {
        "format": _FORMAT_NAMES[planned.format],
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
    fields["request"] = _packed(exchange.request_frames[0])
    fields["reply"] = _packed(exchange.reply_frames[0])
    body = "\n".join(f"  {key} := {value}" for key, value in fields.items())
    name = f"exchange{number}"
    return (
        f"/-- {live.name}. -/\n"
        f"def {name} : {kind} where\n{body}\n\n"
        f"theorem {name}_holds : {name}.Holds := {name}.holds_of_check (by decide +kernel)\n"
    )


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
        return f"{_bits(value):#x}"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    return "0"


def _packed(data: bytes) -> str:
    return f"{{ length := {len(data)}, value := {int.from_bytes(data, 'big'):#x} }}"


def lean_value(value: Value) -> str:
    """Write a value of the wire's data model as a Lean term.

    Raises
    ------
    TypeError
        When it is of another type.
    """
    match value:
        case None:
            return ".null"
        case bool():
            return f".bool {'true' if value else 'false'}"
        case int():
            return f".int ({value})"
        case float():
            return f".float {_bits(value):#x}"
        case str():
            return f".string {lean_string(value)}"
        case list():
            return ".list [" + ", ".join(map(lean_value, value)) + "]"
        case dict():
            return f".map {lean_entries(value)}"
    raise TypeError(f"{type(value).__name__} is not in the data model")


def lean_entries(entries: dict[str, Value]) -> str:
    """Write a map's entries as a Lean list of pairs."""
    pairs = (f"({lean_string(key)}, {lean_value(value)})" for key, value in entries.items())
    return "[" + ", ".join(pairs) + "]"


def _bits(value: float) -> int:
    if math.isnan(value):
        value = math.nan
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits


def lean_string(text: str) -> str:
    """Write a Lean string literal."""
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif character < " " or character == "\x7f":
            out.append(f"\\x{ord(character):02x}")
        else:
            out.append(character)
    return '"' + "".join(out) + '"'
