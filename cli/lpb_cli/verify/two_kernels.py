"""The stage in which a second kernel checks what the first one accepted, where that is possible."""

from __future__ import annotations

import time

from lpb_cli.errors import EnvironmentLacksError, LpbError
from lpb_cli.output.report import Check, Stage, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.lean_runtime import find_lean_runtime
from lpb_cli.toolchain.second_kernel import check_with_second_kernel

__all__ = ["check_with_second_kernel_stage"]


def check_with_second_kernel_stage(
    settings: Settings, toolchain: EmbeddedToolchain, stage: Stage
) -> None:
    """Check the package's modules, whose `.olean` files the first kernel has accepted."""
    started = time.monotonic()
    try:
        find_lean_runtime()
    except EnvironmentLacksError as error:
        stage.status, stage.summary = Status.LACKING, f"{error.message} {error.hint}"
        return
    try:
        verdict = check_with_second_kernel(settings, [m.name for m in toolchain.load_modules()])
    except LpbError as error:
        stage.status, stage.summary = Status.FAILED, error.message.splitlines()[0]
        detail = f"{error.message}\n{error.hint}".strip()
        stage.checks.append(Check(stage.name, Status.FAILED, detail))
        return
    finally:
        stage.seconds = time.monotonic() - started
    stage.checks = [Check(name, Status.FAILED, reason) for name, reason in verdict.refused]
    stage.status = Status.PASSED if verdict.ok else Status.FAILED
    stage.summary = (
        f"{verdict.kernel} refuses {len(verdict.refused)} of {verdict.declarations} declarations"
        if verdict.refused
        else f"{verdict.kernel} agrees: {verdict.declarations} declarations, "
        f"{verdict.theorems} of them theorems of ours"
    )
    stage.summary += " (unchanged)" if verdict.recalled else ""
    stage.data = {
        "kernel": verdict.kernel,
        "declarations": verdict.declarations,
        "theorems": verdict.theorems,
        "library_statements_assumed": verdict.assumed,
    }
