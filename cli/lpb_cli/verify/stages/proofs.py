"""The stages that check the package's own modules: by Lean, and by a second kernel."""

from __future__ import annotations

from collections.abc import Collection

from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Check, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.audit import AUDIT_VERSION
from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.lean_runtime import find_lean_runtime
from lpb_cli.toolchain.lean_sources import closure_of
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.toolchain.second_kernel import check_with_second_kernel
from lpb_cli.verify.steps import Outcome

__all__ = ["PROOFS_DO_NOT_HOLD", "check_proofs", "check_with_another_kernel"]

PROOFS_DO_NOT_HOLD = "not run: the proofs do not hold"


def check_proofs(
    toolchain: LeanToolchain, reporter: ProgressReporter, names: Collection[str] | None = None
) -> Outcome[bool]:
    """Check the package's modules. The value says whether all of them hold.

    Parameters
    ----------
    names
        Only these and what they import.
    """
    proofs = toolchain.check_proofs(reporter.progress, names)
    unchanged = sum(module.status is ModuleStatus.UNCHANGED for module in proofs.modules)
    totals = {name: proofs.total(name) for name in ("theorems", "definitions", "replayed")}
    held = sum(m.status in (ModuleStatus.CHECKED, ModuleStatus.UNCHANGED) for m in proofs.modules)
    count = f"{held}" if held == len(proofs.modules) else f"{held} of {len(proofs.modules)}"
    return Outcome(
        f"{count} modules hold ({unchanged} unchanged), {totals['theorems']} theorems, "
        f"{totals['definitions']} definitions, {proofs.warnings} warnings; the kernel replayed "
        f"{totals['replayed']} declarations, which name the axioms "
        f"{', '.join(proofs.axioms) or 'none'}",
        proofs.ok,
        Status.PASSED if proofs.ok else Status.FAILED,
        [_check(module) for module in proofs.modules],
        {
            "modules": [_facts(module) for module in proofs.modules],
            "unchanged": unchanged,
            **totals,
            "axioms": list(proofs.axioms),
            "audit_version": AUDIT_VERSION,
            "warnings": proofs.warnings,
        },
    )


def _check(module: ModuleResult) -> Check:
    failed = module.status in (ModuleStatus.FAILED, ModuleStatus.NOT_REACHED)
    errors = [d for d in module.diagnostics if d.severity == "error"]
    return Check(
        module.name,
        Status.FAILED if failed else Status.PASSED,
        "not reached: a module that it imports failed"
        if module.status is ModuleStatus.NOT_REACHED
        else f"{module.status}: {module.replayed} declarations replayed, {module.theorems} "
        f"theorems, axioms {', '.join(module.axioms) or 'none'}",
        module.seconds,
        errors if failed else module.diagnostics,
    )


def _facts(module: ModuleResult) -> dict[str, object]:
    return {
        "name": module.name,
        "status": module.status,
        "replayed": module.replayed,
        "theorems": module.theorems,
        "definitions": module.definitions,
        "axioms": list(module.axioms),
        "statements": module.statements,
    }


def check_with_another_kernel(
    settings: Settings,
    toolchain: EmbeddedToolchain,
    reporter: ProgressReporter,
    *,
    hold: bool,
    names: Collection[str] | None = None,
) -> Outcome[None]:
    """Have a second kernel check the modules, if the first one has accepted them (`hold`)."""
    if not hold:
        return Outcome(PROOFS_DO_NOT_HOLD)
    reporter.progress("a second kernel checks the proofs", 0, 0)
    try:
        find_lean_runtime()
    except EnvironmentLacksError as error:
        return Outcome(f"{error.message} {error.hint}", status=Status.LACKING)
    modules = toolchain.load_modules()
    if names is not None:
        modules = closure_of(names, modules)
    verdict = check_with_second_kernel(settings, [module.name for module in modules])
    summary = (
        f"{verdict.kernel} refuses {len(verdict.refused)} of {verdict.declarations} declarations"
        if verdict.refused
        else f"{verdict.kernel} agrees: {verdict.declarations} declarations, "
        f"{verdict.theorems} of them theorems of ours"
    )
    return Outcome(
        summary + (" (unchanged)" if verdict.recalled else ""),
        status=Status.PASSED if verdict.ok else Status.FAILED,
        checks=[Check(name, Status.FAILED, reason) for name, reason in verdict.refused],
        data={
            "kernel": verdict.kernel,
            "declarations": verdict.declarations,
            "theorems": verdict.theorems,
            "library_statements_assumed": verdict.assumed,
        },
    )
