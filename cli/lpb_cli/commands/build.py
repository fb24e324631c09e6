"""`lpb build`: the Lean modules, the C library, the Lean programs and the server compiled."""

from __future__ import annotations

import time
from collections.abc import Callable

from lpb_cli.building.c_library import CLibrary, build_c_library
from lpb_cli.building.compilation import CompiledServer, compile_server
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Report, Status
from lpb_cli.settings import INSTALLED, Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativeProgram, NativePrograms
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.stages.proofs import (
    PROOFS_DO_NOT_HOLD,
    check_proofs,
    check_with_another_kernel,
)
from lpb_cli.verify.steps import Outcome, Steps

__all__ = ["build_all"]

MODULES, SECOND_KERNEL = "modules", "modules, second kernel"
LIBRARY, PROGRAMS, SERVER = "C library", "Lean programs, compiled", "server, compiled"


def build_all(settings: Settings, toolchain: LeanToolchain, reporter: ProgressReporter) -> Report:
    """Check the modules, build the library, compile the server: each whatever became of others."""
    started = time.monotonic()
    report = Report(engine=toolchain.description)
    embedded = toolchain if isinstance(toolchain, EmbeddedToolchain) else None
    names = [MODULES, LIBRARY]
    if embedded is not None:  # lake has compiled the programs with the modules
        names = [MODULES, SECOND_KERNEL, LIBRARY, PROGRAMS]
    in_checkout = settings.project != INSTALLED  # a wheel is compiled when it is made
    if in_checkout:
        names.append(SERVER)
    steps = Steps(report, reporter, names, ())
    try:
        hold = steps.run(MODULES, lambda: check_proofs(toolchain, reporter)) is True
        if embedded is not None:
            steps.run(
                SECOND_KERNEL,
                lambda: check_with_another_kernel(settings, embedded, reporter, hold=hold),
            )
        steps.run(LIBRARY, lambda: _built(build_c_library, settings))
        if embedded is not None:
            steps.run(PROGRAMS, lambda: _programs(settings, embedded, hold=hold))
        if in_checkout:
            steps.run(SERVER, lambda: _built(compile_server, settings, optional=True))
    finally:
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


def _programs(settings: Settings, toolchain: EmbeddedToolchain, *, hold: bool) -> Outcome[None]:
    if not hold:
        return Outcome(PROOFS_DO_NOT_HOLD)
    return _built(
        lambda settings: NativePrograms(settings, toolchain).build_all(), settings, optional=True
    )


def _built(
    make: Callable[[Settings], CLibrary | CompiledServer | NativeProgram],
    settings: Settings,
    *,
    optional: bool = False,
) -> Outcome[None]:
    """Make one thing; an optional one fails nothing where it is not possible."""
    try:
        built = make(settings)
    except EnvironmentLacksError as error:
        if not optional:
            raise
        return Outcome(f"{error.message} {error.hint or ''}".strip(), status=Status.LACKING)
    how = "built" if built.rebuilt else "unchanged"
    return Outcome(f"{built.path} ({how})", status=Status.PASSED)
