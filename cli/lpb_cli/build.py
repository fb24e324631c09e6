"""`lpb build`: the Lean modules, the C library, and the server's modules compiled."""

from __future__ import annotations

import time
from pathlib import Path

from lpb_cli.c_library import build_c_library
from lpb_cli.compilation import compile_server
from lpb_cli.errors import EnvironmentLacksError, LpbError
from lpb_cli.report import Check, Report, Stage, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.options import Narrator
from lpb_cli.verify.workflow import check_proofs_stage

__all__ = ["build_all"]


def build_all(settings: Settings, toolchain: LeanToolchain, narrator: Narrator) -> Report:
    """Check the modules, build the library, compile the server: each whatever became of others."""
    started = time.monotonic()
    report = Report(engine=toolchain.description)
    proofs, library, server = Stage("modules"), Stage("C library"), Stage("server, compiled")
    report.stages = [proofs, library, server]
    try:
        narrator.stage(proofs.name)
        check_proofs_stage(toolchain, narrator, proofs)
        narrator.stage(library.name)
        _library(settings, library)
        narrator.stage(server.name)
        _server(settings, server)
    finally:
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


def _library(settings: Settings, stage: Stage) -> None:
    started = time.monotonic()
    try:
        built = build_c_library(settings)
        _passed(stage, built.path, rebuilt=built.rebuilt)
    except LpbError as error:
        _failed(stage, error)
    stage.seconds = time.monotonic() - started


def _server(settings: Settings, stage: Stage) -> None:
    started = time.monotonic()
    try:
        built = compile_server(settings)
        _passed(stage, built.path, rebuilt=built.rebuilt)
    except EnvironmentLacksError as error:
        # Nothing fails without it: small calls take longer.
        stage.status = Status.LACKING
        stage.summary = f"{error.message} {error.hint or ''}".strip()
    except LpbError as error:
        _failed(stage, error)
    stage.seconds = time.monotonic() - started


def _passed(stage: Stage, path: Path, *, rebuilt: bool) -> None:
    stage.status = Status.PASSED
    stage.summary = f"{path} ({'built' if rebuilt else 'unchanged'})"


def _failed(stage: Stage, error: LpbError) -> None:
    stage.status = Status.FAILED
    stage.summary = error.message.splitlines()[0]
    detail = error.message + (f"\n{error.hint}" if error.hint else "")
    stage.checks.append(Check(stage.name, Status.FAILED, detail))
