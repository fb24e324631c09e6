"""Takes compiled modules through the audit, and says of each whether it counts as proven."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lpb_cli.toolchain.audit.answer import ModuleAudit
from lpb_cli.toolchain.audit.plan import AuditPlan, module_files
from lpb_cli.toolchain.audit.records import AuditRecords, file_digests
from lpb_cli.toolchain.audit.verdict import audit_diagnostics
from lpb_cli.toolchain.diagnostics import Diagnostic, ModuleResult, ModuleStatus
from lpb_cli.toolchain.lean_sources import LeanModule

__all__ = ["AuditRun", "Gate", "take_over"]

AuditRun = Callable[[AuditPlan], dict[str, ModuleAudit]]
"""Runs ``Audit.lean`` on a plan, in a process of its own."""


def take_over(result: ModuleResult, audit: ModuleAudit) -> None:
    """Put what the audit found into a module's result."""
    result.theorems = sum(not _is_of_the_compiler(name) for name, _ in audit.theorems)
    result.definitions = audit.definitions
    result.replayed = audit.replayed
    result.axioms = audit.axioms
    result.statements = dict(audit.statements)


def _is_of_the_compiler(name: str) -> bool:
    """Tell whether it is the constant of a helper that the compiler made: see ``importable``."""
    return any(part.startswith("_") for part in name.split(".")[1:])


class Gate:
    """Decides about modules that Lean has compiled.

    Parameters
    ----------
    records
        The compiled modules, and what was accepted before.
    run
        How this engine runs the audit.
    path
        How the engine sees a file of this machine.
    jobs
        How many audits may run side by side.
    foreign
        Whether a module may declare C functions.
    tactic
        The file that may declare a tactic.
    any_library
        Whether imports may come from packages whose sources are not checked here.
    """

    def __init__(
        self,
        records: AuditRecords,
        run: AuditRun,
        path: Callable[[Path], str],
        jobs: int,
        foreign: Callable[[LeanModule], bool],
        tactic: Path,
        *,
        any_library: bool = False,
    ) -> None:
        self._records = records
        self._run = run
        self._path = path
        self._jobs = jobs
        self._foreign = foreign
        self._tactic = tactic
        self._any_library = any_library

    def decide(
        self,
        modules: Sequence[LeanModule],
        results: dict[str, ModuleResult],
        digests: dict[str, dict[str, str]],
    ) -> None:
        """Replay what was compiled now, and set the status of each module.

        Parameters
        ----------
        modules
            All modules, each after what it imports.
        results
            What is known of them: those that are `CHECKED` are replayed.
        digests
            The digests of the files of each of those, taken when the compiler had written them.

        Raises
        ------
        AuditFailedError
            When an audit gave no verdict; nothing is recorded then.
        """
        fresh = [m for m in modules if results[m.name].status is ModuleStatus.CHECKED]
        for module in fresh:
            if digests.get(module.name) != file_digests(self._records.olean(module.name)):
                _fail(results[module.name], module, "its compiled form was changed by something")
            elif not module_files(self._records.olean(module.name)):
                _fail(results[module.name], module, "there is no compiled form of it: not checked")
        fresh = [m for m in fresh if results[m.name].status is ModuleStatus.CHECKED]
        audits = self._audit(modules, fresh)
        known = {module.name for module in modules}
        for module in modules:
            result = results[module.name]
            if any(_is_bad(results[name]) for name in module.imports):
                if not _is_bad(result):
                    result.status = ModuleStatus.NOT_REACHED
                continue
            if module.name not in audits:
                continue
            audit = audits[module.name]
            take_over(result, audit)
            found = self.judge(module, audit, known)
            if found:
                result.diagnostics = _first_of_each_line([*result.diagnostics, *found])
                result.status = ModuleStatus.FAILED
                continue
            warnings = [_kept(d) for d in result.diagnostics]
            self._records.keep(module, audit, digests[module.name], warnings)

    def decide_file(
        self, module: LeanModule, olean: Path, known: Sequence[str]
    ) -> tuple[ModuleAudit, list[Diagnostic]]:
        """Replay one file that stands outside the package, on top of the modules `known`."""
        plan = AuditPlan(self._path)
        for name in known:
            plan.accept(name)
        plan.check(module.name, olean)
        audit = self._run(plan)[module.name]
        return audit, self.judge(module, audit, known)

    def judge(
        self, module: LeanModule, audit: ModuleAudit, known: Collection[str]
    ) -> list[Diagnostic]:
        """Say what keeps a module from counting as proven."""
        return audit_diagnostics(
            module,
            audit,
            known=known,
            foreign_functions=self._foreign(module),
            tactic=module.file == self._tactic,
            any_library=self._any_library,
        )

    def _audit(
        self, modules: Sequence[LeanModule], fresh: Sequence[LeanModule]
    ) -> dict[str, ModuleAudit]:
        """Replay modules, in a few audits side by side: each imports what another one replays."""
        parts = _cut([(m, self._cost(m)) for m in fresh], self._jobs)
        plans: list[AuditPlan] = []
        for part in parts:
            names = {module.name for module in part}
            plan = AuditPlan(self._path)
            for module in modules:
                if module.name in names:
                    plan.check(module.name, self._records.olean(module.name))
                else:
                    plan.accept(module.name)
            plans.append(plan)
        found: dict[str, ModuleAudit] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(plans))) as executor:
            for answer in executor.map(self._run, plans):
                found |= answer
        return found

    def _cost(self, module: LeanModule) -> int:
        return sum(file.stat().st_size for file in module_files(self._records.olean(module.name)))


def _cut(items: Sequence[tuple[LeanModule, int]], parts: int) -> list[list[LeanModule]]:
    """Cut a list into at most that many pieces of about equal cost; a short one stays whole."""
    total = sum(cost for _, cost in items)
    parts = min(parts, max(1, len(items) // 4))
    cut: list[list[LeanModule]] = [[] for _ in range(parts)]
    done = 0
    for module, cost in items:
        cut[min(parts - 1, done * parts // max(total, 1))].append(module)
        done += cost
    return [part for part in cut if part]


def _is_bad(result: ModuleResult) -> bool:
    return result.status in (ModuleStatus.FAILED, ModuleStatus.NOT_REACHED)


def _fail(result: ModuleResult, module: LeanModule, message: str) -> None:
    result.status = ModuleStatus.FAILED
    result.diagnostics.append(Diagnostic("error", module.file, 1, 0, message))


def _first_of_each_line(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Leave out an error about a declaration whose line has an error already."""
    kept: list[Diagnostic] = []
    for diagnostic in diagnostics:
        same = (d for d in kept if d.severity == "error" and d.line == diagnostic.line)
        if diagnostic.severity != "error" or not any(same):
            kept.append(diagnostic)
    return kept


def _kept(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "severity": diagnostic.severity,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "message": diagnostic.message,
        "source_line": diagnostic.source_line,
    }
