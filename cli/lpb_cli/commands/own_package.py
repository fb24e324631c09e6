"""`lpb verify` and `lpb build` in a Lake package of the user's own: its modules hold, or not."""

from __future__ import annotations

import time
from collections.abc import Collection

from rich.console import Console

from lpb_cli.errors import EnvironmentLacksError, UsageError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Report, print_diagnostic
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.lake_package import own_modules
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.stages.proofs import check_proofs, check_with_another_kernel
from lpb_cli.verify.steps import Outcome, Steps

__all__ = ["print_output", "verify_own_package"]

MODULES, SECOND_KERNEL = "modules", "modules, second kernel"


def verify_own_package(
    settings: Settings, toolchain: LeanToolchain, reporter: ProgressReporter
) -> Report:
    """Check the user's modules, and what they import of ours; close the toolchain.

    Raises
    ------
    UsageError
        When the package has no modules.
    EnvironmentLacksError
        When it needs what this engine does not have.
    """
    assert settings.own is not None
    started = time.monotonic()
    names: Collection[str] = own_modules(settings.own)
    report = Report(engine=toolchain.description)
    embedded = toolchain if isinstance(toolchain, EmbeddedToolchain) else None
    stages = [MODULES, *((SECOND_KERNEL,) if embedded is not None else ())]
    steps = Steps(report, reporter, stages, ())
    lacks: list[EnvironmentLacksError | UsageError] = []

    def modules() -> Outcome[bool]:
        try:
            return check_proofs(toolchain, reporter, names)
        except (EnvironmentLacksError, UsageError) as error:
            lacks.append(error)
            raise

    try:
        hold = steps.run(MODULES, modules) is True
        if lacks:  # Nothing was found out about the modules: no report, one line.
            raise lacks[0]
        if embedded is not None:
            steps.run(
                SECOND_KERNEL,
                lambda: check_with_another_kernel(
                    settings, embedded, reporter, hold=hold, names=names
                ),
            )
    finally:
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


def print_output(report: Report, console: Console) -> None:
    """Print what `#eval`, `#check` and the like said, and the warnings."""
    for stage in report.stages:
        for check in stage.checks:
            for diagnostic in check.diagnostics:
                if diagnostic.severity != "error":
                    print_diagnostic(diagnostic, console)
