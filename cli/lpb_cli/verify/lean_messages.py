"""What an exchange asked and answered, as Lean terms of `Question` and `Answer`."""

from __future__ import annotations

from collections.abc import Sequence

from lpb_server.client import Exchange
from lpb_server.wire.certificate_arrays import CERTIFICATE_ARRAYS
from lpb_server.wire.envelope import ArrayHeader
from lpb_server.wire.values import Value, ValueMap

from lpb_cli.verify.lean_terms import lean_arrays, lean_entries

__all__ = ["lean_answer", "lean_question"]


def lean_question(exchange: Exchange) -> str:
    """Write what was asked, with the bytes of its frames."""
    request = exchange.request
    arrays = lean_arrays(request.arrays, exchange.request_frames[1:])
    return _structure(
        {
            "params": lean_entries(request.params) if request.params else "",
            "arrays": arrays if request.arrays else "",
        }
    )


def lean_answer(exchange: Exchange) -> str:
    """Write what was answered, with the bytes of its frames."""
    reply, frames = exchange.reply, exchange.reply_frames[1:]
    entries = reply.certificate or {}
    chosen = _certificate_arrays(reply.arrays, entries)
    own = [header for header in reply.arrays if header.name not in chosen]
    others = [header for header in reply.arrays if header.name in chosen]
    split = sum(header.frames for header in own)
    certificate = {k: v for k, v in entries.items() if k != CERTIFICATE_ARRAYS or not chosen}
    return _structure(
        {
            "result": lean_entries(reply.result or {}),
            "arrays": lean_arrays(own, frames[:split]) if own else "",
            "certificate": lean_entries(certificate) if certificate else "",
            "certificateArrays": lean_arrays(others, frames[split:]) if others else "",
        }
    )


def _certificate_arrays(headers: Sequence[ArrayHeader], entries: ValueMap) -> list[Value]:
    """Give the names of the last arrays, when the certificate's last entry names just these."""
    names = entries.get(CERTIFICATE_ARRAYS)
    if not isinstance(names, list) or not names or list(entries)[-1] != CERTIFICATE_ARRAYS:
        return []
    last = [header.name for header in headers[-len(names) :]]
    return names if names == last else []


def _structure(fields: dict[str, str]) -> str:
    given = [f"{key} := {term}" for key, term in fields.items() if term]
    return "{ " + ", ".join(given) + " }" if given else "{}"
