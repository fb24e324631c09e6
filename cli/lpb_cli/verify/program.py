"""Runs the Lean program `ExampleProof` on bytes of the live conversation."""

from __future__ import annotations

import json
import struct

from lpb_cli.report import Check, Status
from lpb_cli.toolchain.diagnostics import ProgramResult
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange

__all__ = ["check_program"]

PROGRAM = "ExampleProof"
PROGRAM_TIMEOUT_S = 300.0


def check_program(toolchain: LeanToolchain, exchanges: list[LiveExchange]) -> list[Check]:
    """Have the program encode a request that was sent, and read the reply that came.

    It must give the very bytes that the Python client sent, and the sum that the reply carries.
    """
    live = next(
        (
            live
            for live in exchanges
            if live.planned.matrix is not None
            and live.planned.inline
            and live.planned.format == "msgpack"
            and live.planned.matrix.size > 1
            and live.exchange.reply.error is None
        ),
        None,
    )
    if live is None:
        return [Check(PROGRAM, Status.FAILED, "no exchange that it could be run on")]
    matrix = live.planned.matrix
    assert matrix is not None
    rows, columns = matrix.shape
    request, reply = live.exchange.request_frames[0], live.exchange.reply_frames[0]
    arguments = [
        live.exchange.request.id,
        str(rows),
        str(columns),
        matrix.astype(">f8").tobytes().hex(),
        reply.hex(),
    ]
    result = toolchain.run_program(PROGRAM, arguments, PROGRAM_TIMEOUT_S)
    said = _answers(result)
    total = float((live.exchange.reply.result or {})["sum"])  # type: ignore[arg-type]
    expected = {
        "encodes the request's bytes": ("request", request.hex()),
        "reads the reply's id": ("id", live.exchange.request.id),
        "reads the reply's sum": ("sum", struct.pack(">d", total).hex()),
        "accepts the certificate": ("certificate", "accepted"),
    }
    checks = [
        Check(f"{name} ({live.name})", *_compare(said.get(key), value), result.seconds / 4)
        for name, (key, value) in expected.items()
    ]
    if result.status != 0:
        text = result.stdout or result.stderr
        checks.append(
            Check(
                f"{PROGRAM} ends well",
                Status.FAILED,
                f"exit code {result.status}: {text[-2000:]}",
                diagnostics=list(result.diagnostics),
            )
        )
    return checks


def _answers(result: ProgramResult) -> dict[str, str]:
    """Read the program's answer: one JSON object of strings on a line of its own."""
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            try:
                return {str(key): str(value) for key, value in json.loads(line).items()}
            except (ValueError, AttributeError):
                continue
    return {}


def _compare(said: str | None, expected: str) -> tuple[Status, str]:
    if said == expected:
        return Status.PASSED, ""
    return Status.FAILED, f"expected {expected!r}, the program said {said!r}"
