"""`lpb build`: the Lean modules, the C library, the Lean programs and the server compiled."""

from __future__ import annotations

import time
from collections.abc import Callable

from lpb_cli.building.c_library import CLibrary, build_c_library
from lpb_cli.building.compilation import CompiledServer, compile_server
from lpb_cli.errors import EnvironmentLacksError, LpbError
from lpb_cli.output.report import Check, Report, Stage, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativeProgram, NativePrograms
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.options import Narrator
from lpb_cli.verify.two_kernels import check_with_second_kernel_stage
from lpb_cli.verify.workflow import check_proofs_stage

__all__ = ["build_all"]


def build_all(settings: Settings, toolchain: LeanToolchain, narrator: Narrator) -> Report:
    """Check the modules, build the library, compile the server: each whatever became of others."""
    started = time.monotonic()
    report = Report(engine=toolchain.description)
    proofs, library, server = Stage("modules"), Stage("C library"), Stage("server, compiled")
    again, programs = Stage("modules, second kernel"), Stage("Lean programs, compiled")
    report.stages = [proofs, library, server]
    if isinstance(toolchain, EmbeddedToolchain):  # lake has compiled them with the modules
        report.stages = [proofs, again, library, programs, server]
    try:
        narrator.stage(proofs.name)
        proofs_hold = check_proofs_stage(toolchain, narrator, proofs)
        if isinstance(toolchain, EmbeddedToolchain):
            narrator.stage(again.name)
            if proofs_hold:
                check_with_second_kernel_stage(settings, toolchain, again)
            else:
                again.summary = "not run: the proofs do not hold"
        narrator.stage(library.name)
        _build(library, build_c_library, settings)
        if isinstance(toolchain, EmbeddedToolchain):
            narrator.stage(programs.name)
            if proofs_hold:
                engine = toolchain
                _build(
                    programs,
                    lambda settings: NativePrograms(settings, engine).build_all(),
                    settings,
                    optional=True,
                )
            else:
                programs.summary = "not run: the proofs do not hold"
        narrator.stage(server.name)
        _build(server, compile_server, settings, optional=True)
    finally:
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


def _build(
    stage: Stage,
    make: Callable[[Settings], CLibrary | CompiledServer | NativeProgram],
    settings: Settings,
    *,
    optional: bool = False,
) -> None:
    """Run a stage that makes one thing; an optional one fails nothing where it is not possible."""
    started = time.monotonic()
    try:
        built = make(settings)
    except LpbError as error:
        if optional and isinstance(error, EnvironmentLacksError):
            stage.status = Status.LACKING
            stage.summary = f"{error.message} {error.hint or ''}".strip()
        else:
            stage.status = Status.FAILED
            stage.summary = error.message.splitlines()[0]
            detail = error.message + (f"\n{error.hint}" if error.hint else "")
            stage.checks.append(Check(stage.name, Status.FAILED, detail))
    else:
        stage.status = Status.PASSED
        stage.summary = f"{built.path} ({'built' if built.rebuilt else 'unchanged'})"
    stage.seconds = time.monotonic() - started
