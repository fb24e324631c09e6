"""Runs the Lean program `ExampleProof` on bytes of the live conversation."""

from __future__ import annotations

import json

from lpb_cli.output.report import Check, Status
from lpb_cli.toolchain.diagnostics import ProgramResult
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange

__all__ = ["check_program"]

PROGRAM = "ExampleProof"
PROGRAM_TIMEOUT_S = 300.0
FORMAT = "msgpack"
UNKNOWN = "unknown operation"


def check_program(toolchain: LeanToolchain, exchanges: list[LiveExchange]) -> list[Check]:
    """Have the program read messages that were sent, write them again, and check certificates.

    It is given one exchange of each operation that is certified without arrays, in the format that
    it reads. It knows some of the operations: at least one of them must be among these.
    """
    chosen: dict[str, LiveExchange] = {}
    for live in exchanges:
        frames = (*live.exchange.request_frames[1:], *live.exchange.reply_frames[1:])
        inline = live.planned.format == FORMAT and not frames
        if inline and live.planned.certify and live.exchange.reply.error is None:
            chosen.setdefault(live.planned.op, live)
    if not chosen:
        return [Check(PROGRAM, Status.FAILED, "no exchange that it could be run on")]
    headers = [
        frames[0].hex()
        for live in chosen.values()
        for frames in (live.exchange.request_frames, live.exchange.reply_frames)
    ]
    result = toolchain.run_program(PROGRAM, headers, PROGRAM_TIMEOUT_S)
    said = _answers(result)
    checks: list[Check] = []
    for live in chosen.values():
        answer = said.get(live.exchange.request.id, {})
        expected = {
            "writes the request's bytes": ("request", live.exchange.request_frames[0].hex()),
            "writes the reply's bytes": ("reply", live.exchange.reply_frames[0].hex()),
        }
        if answer.get("certificate") != UNKNOWN:
            expected["accepts the certificate"] = ("certificate", "accepted")
        checks += [
            Check(f"{name} ({live.name})", *_compare(answer.get(key), value))
            for name, (key, value) in expected.items()
        ]
    if all(answer.get("certificate") == UNKNOWN for answer in said.values()):
        checks.append(Check(PROGRAM, Status.FAILED, "it knows none of the operations"))
    for check in checks:
        check.seconds = result.seconds / len(checks)
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


def _answers(result: ProgramResult) -> dict[str, dict[str, str]]:
    """Read the program's answers by id: JSON objects of strings, each on a line of its own."""
    answers: dict[str, dict[str, str]] = {}
    for line in result.stdout.splitlines():
        if line.startswith("{"):
            try:
                answer = {str(key): str(value) for key, value in json.loads(line).items()}
            except (ValueError, AttributeError):
                continue
            answers[answer.get("id", "")] = answer
    return answers


def _compare(said: str | None, expected: str) -> tuple[Status, str]:
    if said == expected:
        return Status.PASSED, ""
    return Status.FAILED, f"expected {expected!r}, the program said {said!r}"
