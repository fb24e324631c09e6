"""Runs the Lean client's own tests, and gives what it said to the server."""

from __future__ import annotations

import json
from typing import Any

from lpb_server.client import Exchange

from lpb_cli.output.report import Check, Status
from lpb_cli.toolchain.diagnostics import ProgramResult
from lpb_cli.toolchain.protocol import ProgramRunner
from lpb_cli.verify.misbehaving_peers import misbehaving_peers
from lpb_cli.verify.recorder import Recorder

__all__ = ["run_client_tests"]

PROGRAM = "Tests"
PROGRAM_TIMEOUT_S = 900.0


def run_client_tests(programs: ProgramRunner, endpoint: str) -> tuple[list[Check], list[Exchange]]:
    """Run ``Tests`` against a server, and against peers that misbehave.

    Parameters
    ----------
    programs
        What runs it: compiled or interpreted.

    Returns
    -------
    checks
        One for each test; a test that did not run counts as failed.
    exchanges
        The requests of the Lean client that the server answered, to the last byte.
    """
    with misbehaving_peers(endpoint) as peers, Recorder(endpoint) as recorder:
        endpoints = {"LPB_ENDPOINT": recorder.endpoint, **peers}
        arguments = ["--json", *(f"{name}={value}" for name, value in endpoints.items())]
        result = programs.run_program(PROGRAM, arguments, PROGRAM_TIMEOUT_S)
        exchanges = recorder.exchanges()
    return _checks(result), exchanges


def _checks(result: ProgramResult) -> list[Check]:
    checks: list[Check] = []
    ended = False
    for said in map(_object, result.stdout.splitlines()):
        if "test" in said:
            passed = said.get("ok") is True
            detail = str(said.get("detail", ""))
            checks.append(
                Check(
                    str(said["test"]),
                    Status.PASSED if passed else Status.FAILED,
                    detail if passed else f"{said.get('outcome')}: {detail}",
                )
            )
        ended = ended or "summary" in said
    if result.status != 0 or not ended or not checks:
        text = (result.stderr or result.stdout)[-2000:]
        failed = any(check.status is Status.FAILED for check in checks)
        if not (failed and ended):
            checks.append(
                Check(
                    f"{PROGRAM} ends well",
                    Status.FAILED,
                    f"exit code {result.status}: {text}",
                    diagnostics=list(result.diagnostics),
                )
            )
    return checks


def _object(line: str) -> dict[str, Any]:
    """Read a line that is a JSON object; any other line says nothing."""
    try:
        said = json.loads(line) if line.startswith("{") else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
