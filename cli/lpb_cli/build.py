"""`lpb build`: the Lean modules, then the C library."""

from __future__ import annotations

import time

from lpb_cli.c_library import build_c_library
from lpb_cli.errors import LpbError
from lpb_cli.report import Check, Report, Stage, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.options import Narrator
from lpb_cli.verify.workflow import check_proofs_stage

__all__ = ["build_all"]


def build_all(settings: Settings, toolchain: LeanToolchain, narrator: Narrator) -> Report:
    """Check the modules and build the library; both are tried whatever the other came to."""
    started = time.monotonic()
    report = Report(engine=toolchain.description)
    proofs, library = Stage("modules"), Stage("C library")
    report.stages = [proofs, library]
    try:
        narrator.stage(proofs.name)
        check_proofs_stage(toolchain, narrator, proofs)
        narrator.stage(library.name)
        _library(settings, library)
    finally:
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


def _library(settings: Settings, stage: Stage) -> None:
    started = time.monotonic()
    try:
        built = build_c_library(settings)
        stage.status = Status.PASSED
        stage.summary = f"{built.path} ({'built' if built.rebuilt else 'unchanged'})"
    except LpbError as error:
        stage.status = Status.FAILED
        stage.summary = error.message.splitlines()[0]
        detail = error.message + (f"\n{error.hint}" if error.hint else "")
        stage.checks.append(Check(stage.name, Status.FAILED, detail))
    stage.seconds = time.monotonic() - started
