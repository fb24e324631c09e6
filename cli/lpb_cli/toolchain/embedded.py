"""The embedded engine as a toolchain: checks modules side by side, files, and runs programs."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpb_cli.building.c_library import build_c_library
from lpb_cli.errors import (
    AuditFailedError,
    CommandFailedError,
    EngineExhaustedError,
    EnvironmentLacksError,
)
from lpb_cli.settings import Settings
from lpb_cli.toolchain.audit import (
    AuditPlan,
    AuditRecords,
    Gate,
    ModuleAudit,
    file_digests,
    read_answer,
    take_over,
)
from lpb_cli.toolchain.audit_program import AUDIT_MODULE, AuditProgram
from lpb_cli.toolchain.diagnostics import (
    Diagnostic,
    ModuleResult,
    ModuleStatus,
    ProgramResult,
    ProofReport,
)
from lpb_cli.toolchain.engine_archive import engine_home, prepare_koffi
from lpb_cli.toolchain.engine_pool import EnginePool, engine_count
from lpb_cli.toolchain.engine_process import (
    ENGINE_FOLDER,
    EngineProcess,
    JobResult,
)
from lpb_cli.toolchain.importable import (
    importable,
    launcher,
    run_when_compiling,
)
from lpb_cli.toolchain.lake_package import own_modules
from lpb_cli.toolchain.lean_header import read_header
from lpb_cli.toolchain.lean_sources import (
    Amalgam,
    LeanModule,
    amalgamate,
    as_module,
    closure_of,
    has_examples,
    is_of_library,
    load_modules,
    read_module,
    without_code_generation,
)
from lpb_cli.toolchain.lint import find_forbidden, find_foreign_letters
from lpb_cli.toolchain.module_run import ModuleRun
from lpb_cli.toolchain.own_text import compile_own_text
from lpb_cli.toolchain.program_compilation import (
    compile_program,
    compile_with_helpers,
    has_failed,
)
from lpb_cli.toolchain.protocol import FileResult, ProofProgress
from lpb_cli.toolchain.questions import TACTIC, Ask, asks

__all__ = ["EmbeddedToolchain"]

MODULE_TIMEOUT_S = 900.0
AUDIT_TIMEOUT_S = 1800.0


class EmbeddedToolchain:
    """Lean compiled to WebAssembly, run by Node.js.

    Parameters
    ----------
    settings
        Where things are; the engine must be prepared, see ``engine_archive.prepare_engine``.
    ask
        Answers what the tactic ``certified`` asks.
    """

    name = "embedded"

    def __init__(self, settings: Settings, ask: Ask | None = None) -> None:
        self._settings = settings
        self._ask = ask
        self._home = engine_home(settings.cache)
        self._oleans = settings.output / "proofs" / self._home.name
        self._programs = settings.output / "programs" / self._home.name
        self._pool = EnginePool(self._new_engine)
        self._folders = settings.lean_folders
        self._records = AuditRecords(self._oleans, self._oleans, settings.checkers)
        beside = () if settings.checkers is None else (settings.checkers,)
        self._searched = (self._oleans, *beside)
        self._audit = AuditProgram(self._home)
        self._digests: dict[str, dict[str, str]] = {}
        self._own: frozenset[str] = frozenset()
        self._gate = Gate(
            self._records, self._run_audit, _mounted, engine_count(), self._is_foreign,
            settings.lean / TACTIC,
        )  # fmt: skip

    @property
    def description(self) -> str:
        """Name the engine."""
        return f"embedded Lean 4.28.0-pre (WebAssembly, {self._home.name})"

    def load_modules(self) -> list[LeanModule]:
        """Read the package's modules and the user's own, each after what it imports."""
        own = self._own_modules()
        modules = load_modules([folder for folder in self._folders if folder.is_dir()], own)
        return [_seen_by_others(module) if module.name in own else module for module in modules]

    def _own_modules(self) -> dict[str, Path]:
        own = self._settings.own
        return {} if own is None else own_modules(own)

    # -- proofs ---------------------------------------------------------------------------------

    def check_proofs(
        self, progress: ProofProgress, names: Collection[str] | None = None
    ) -> ProofReport:
        """Check every module whose text, or whose imports' text, has changed."""
        started = time.monotonic()
        modules = self.load_modules()
        self._records.drop_others(module.name for module in modules)
        self._own = frozenset(self._own_modules())
        if names is not None:
            modules = closure_of(names, modules)
        for module in modules:
            if module.name in self._own:
                _require_imports(module)
        results: dict[str, ModuleResult] = {}
        pending: list[LeanModule] = []
        for module in modules:
            # What imports a module that is compiled anew is compiled anew as well.
            stands = all(name in results for name in module.imports)
            result = self._recall(module) if stands else None
            if result is None:
                self._records.drop(module.name)
                pending.append(module)
            else:
                results[module.name] = result
                progress(module.name, len(results), len(modules))
        if pending:
            ModuleRun(
                self, pending, results, lambda r: progress(r.name, len(results), len(modules))
            ).finish()
            progress("replay through the kernel", len(results), len(modules))
            self._gate.decide(modules, results, self._digests)
        for module in modules:
            found = results[module.name].diagnostics
            results[module.name].diagnostics = [each.moved(module.added) for each in found]
        return ProofReport(
            self.description, [results[m.name] for m in modules], time.monotonic() - started
        )

    def _recall(self, module: LeanModule) -> ModuleResult | None:
        """Give the result of an earlier check of the same content, if it was accepted."""
        found = self._records.recall(module)
        if found is None:
            return None
        audit, warnings = found
        result = ModuleResult(module.name, module.file, ModuleStatus.UNCHANGED)
        take_over(result, audit)
        result.diagnostics = [Diagnostic(file=module.file, **warning) for warning in warnings]
        return result

    def _is_foreign(self, module: LeanModule) -> bool:
        return self._settings.lean / "ffi" in module.file.parents

    def _run_audit(self, plan: AuditPlan) -> dict[str, ModuleAudit]:
        """Run the audit in an engine that has run nothing else."""
        audit = self._audit.prepare(lambda: EngineProcess(self._home, []))
        # The audit's folder comes first: no module of the plan can take its place.
        engine = EngineProcess(self._home, [audit, *self._searched])
        with self._pool.own(engine):
            file = engine.scratch / "plan"
            plan.write(file)
            program = engine.scratch / "Launcher.lean"
            program.write_text(launcher(AUDIT_MODULE), encoding="utf-8")
            job = {"file": str(program), "run": [_mounted(file)]}
            try:
                done = engine.run(job, AUDIT_TIMEOUT_S)
            except EngineExhaustedError:
                raise
            except CommandFailedError as error:
                raise AuditFailedError(error.message.splitlines()[0]) from error
        return read_answer(done.status, done.stdout, "\n".join(done.stderr), plan.names)

    def check_module(self, module: LeanModule, engine: EngineProcess) -> ModuleResult:
        """Compile one module, whose imports have been compiled. The audit says whether it holds."""
        result = ModuleResult(module.name, module.file, ModuleStatus.CHECKED)
        letters = find_foreign_letters(module)
        if module.name in self._own:  # Whoever writes in their own language is told, not refused.
            letters = [replace(found, severity="warning") for found in letters]
        result.diagnostics = [
            *find_forbidden(module, foreign_functions=self._is_foreign(module)),
            *letters,
        ]
        olean = self._records.olean(module.name)
        olean.parent.mkdir(parents=True, exist_ok=True)
        # Lean names private declarations after the path.
        file = engine.scratch / (module.name.replace(".", "/") + ".lean")
        file.parent.mkdir(parents=True, exist_ok=True)
        if module.name in self._own:
            job = compile_own_text(
                engine, file, module.source, olean, [], MODULE_TIMEOUT_S, self._ask
            )
        elif module.file == self._settings.lean / TACTIC:
            text = run_when_compiling(module.source)
            job = compile_with_helpers(engine, file, text, olean, MODULE_TIMEOUT_S)
        else:
            file.write_text(without_code_generation(module.source), encoding="utf-8")
            job = engine.run({"file": str(file), "olean": str(olean)}, MODULE_TIMEOUT_S)
        result.seconds = job.seconds
        lines = module.source.splitlines()
        result.diagnostics += [_diagnostic(m, module.file, lines) for m in job.messages]
        failed = job.status != 0 or any(d.severity == "error" for d in result.diagnostics)
        if failed:
            result.status = ModuleStatus.FAILED
            if not any(d.severity == "error" for d in result.diagnostics):
                result.diagnostics.append(_unexplained(job, module.file))
        else:
            self._digests[module.name] = file_digests(olean)
        return result

    def _new_engine(self) -> EngineProcess:
        folders = (*self._searched, self._programs)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return EngineProcess(self._home, folders, ENGINE_FOLDER / "host.cjs")

    def engine(self) -> AbstractContextManager[EngineProcess]:
        """Lend an engine that no other thread uses."""
        return self._pool.engine()

    # -- one file, one program ------------------------------------------------------------------

    def warm_up(self) -> None:
        """Start the engine that the next check will use."""
        self._pool.warm_up()

    @property
    def jobs(self) -> int:
        """How many checks and programs run side by side without harm."""
        return engine_count()

    def check_file(self, file: Path, timeout_s: float) -> FileResult:
        """Have the kernel check a file that imports modules of the package, and audit it.

        Lean's elaborator leaves the kernel out, and the replay of the audit runs it: once. Of an
        `example` nothing is left to replay, so that a file with one has the kernel in both. So has
        one that asks: the tactic says more of a wrong answer than a replay can.
        """
        modules = self.load_modules()
        module = _seen_by_others(read_module(file, [known.name for known in modules]))
        known = [needed.name for needed in closure_of(module.imports, modules)]
        _require_imports(module)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lpb-checked-") as folder:
            olean = Path(folder) / f"{file.stem}.olean"
            with self._pool.engine() as engine:
                copy = engine.scratch / f"{file.stem}.lean"
                at_once = has_examples(module.source) or asks(module.source)
                options = [] if at_once else _WITHOUT_KERNEL
                job = compile_own_text(
                    engine, copy, module.source, olean, options, timeout_s, self._ask
                )
            lines = module.source.splitlines()
            said = [_diagnostic(message, file, lines) for message in job.messages]
            diagnostics = [found for found in said if found.severity != "information"]
            audit = None
            if job.status == 0:
                audit, found = self._gate.decide_file(module, olean, known)
                diagnostics += found
        if job.status != 0 and not diagnostics:
            diagnostics.append(_unexplained(job, file))
        ok = audit is not None and not any(d.severity == "error" for d in diagnostics)
        return FileResult(
            ok,
            time.monotonic() - started,
            [found.moved(module.added) for found in diagnostics],
            audit,
            [found.moved(module.added) for found in said if found.severity == "information"],
            module.added,
        )

    def run_program(self, module: str, arguments: Sequence[str], timeout_s: float) -> ProgramResult:
        """Run the `main` of a module in Lean's interpreter."""
        amalgam = amalgamate(module, self.load_modules(), ENGINE_FOLDER / "StandIns.lean")
        failed = self._compile_program(module, amalgam, timeout_s)
        if failed is not None:
            return failed
        job = {"run": list(arguments), "environment": self._foreign_libraries(amalgam)}
        with self._pool.engine() as engine:
            file = engine.scratch / "Launcher.lean"
            file.write_text(launcher(_compiled(module)), encoding="utf-8")
            done = engine.run({"file": str(file), **job}, timeout_s)
        stdout, stderr = "\n".join(done.stdout), "\n".join(done.stderr)
        return ProgramResult(done.status, stdout, stderr, done.seconds)

    def _compile_program(
        self, module: str, amalgam: Amalgam, timeout_s: float
    ) -> ProgramResult | None:
        """Compile a program whose text has changed; give what was wrong, or ``None``."""
        source = importable(amalgam.source)
        digest = hashlib.sha256(source.encode()).hexdigest()
        name = _compiled(module)
        olean, record = (self._programs / f"{name}.{kind}" for kind in ("olean", "sha256"))
        if olean.is_file() and record.is_file() and record.read_text() == digest:
            return None
        self._programs.mkdir(parents=True, exist_ok=True)
        record.unlink(missing_ok=True)
        with self._pool.own(self._new_engine()) as engine:
            job = compile_program(engine, name, amalgam.source, olean, timeout_s)
        if has_failed(job):
            return _uncompiled(job, amalgam)
        record.write_text(digest)
        return None

    def emit_c(
        self, module: str, amalgam: Amalgam, target: Path, timeout_s: float
    ) -> ProgramResult | None:
        """Write the C that Lean compiles a program to; give what was wrong, or ``None``."""
        # An engine of its own: its heap is half full afterwards.
        with self._pool.own(self._new_engine()) as engine:
            file = engine.scratch / f"{module}.lean"
            file.write_text(amalgam.source, encoding="utf-8")
            job = engine.run({"file": str(file), "c": str(target)}, timeout_s)
        return _uncompiled(job, amalgam) if has_failed(job) else None

    def _foreign_libraries(self, amalgam: Amalgam) -> dict[str, str]:
        """Give the variables that host.cjs reads, when the program calls functions of C."""
        if not any(self._settings.lean / "ffi" in file.parents for _, file in amalgam.starts):
            return {}
        return {
            "LPB_BRIDGE_LIBRARY": str(build_c_library(self._settings).path),
            "LPB_KOFFI": str(prepare_koffi(self._settings.cache, lambda text, done, total: None)),
        }

    def close(self) -> None:
        """Stop every engine that runs. No check can be made after this."""
        self._pool.close()


_WITHOUT_KERNEL = ["debug.skipKernelTC=true"]


def _seen_by_others(module: LeanModule) -> LeanModule:
    """Give a user's file as a module whose declarations others see."""
    source, added = as_module(module.source)
    return replace(module, source=source, added=added)


def _require_imports(module: LeanModule) -> None:
    """Say in one line what this engine lacks."""
    for name in read_header(module.source).imports:
        if name not in module.imports and not is_of_library(name):
            raise EnvironmentLacksError(
                f"{module.file} imports {name}, which neither Lean's library, lean-python-bridge "
                "nor this package has: the embedded engine checks no other packages, such as "
                "Mathlib.",
                "With lake they are found: install elan (https://lean-lang.org/install).",
            )


def _mounted(file: Path) -> str:
    """Name a file as the engine sees it: see ``engine.cjs``."""
    return f"/host{file.resolve()}"


def _compiled(module: str) -> str:
    """Name the compiled program of a module, which engines find beside the checked module."""
    return f"{module}Program"


def _uncompiled(job: JobResult, amalgam: Amalgam) -> ProgramResult:
    """Say why a program could not be compiled, at the lines that its parts came from."""
    lines = amalgam.source.splitlines()
    diagnostics = tuple(
        replace(found, file=file, line=line)
        for message in job.messages
        if message["severity"] == "error"
        for found in [_diagnostic(message, amalgam.starts[0][1], lines)]
        for file, line in [amalgam.locate(found.line)]
    )
    text = "\n".join([*(d.message for d in diagnostics), *job.stdout, *job.stderr])
    text = text or f"Lean could not compile it, and ended with {job.status} and no word"
    return ProgramResult(job.status or 1, "", text, job.seconds, diagnostics)


def _unexplained(job: JobResult, file: Path) -> Diagnostic:
    """Say what is known of a failure that Lean gave no message for."""
    text = "\n".join(job.stdout + job.stderr) or f"Lean ended with {job.status}"
    return Diagnostic("error", file, 1, 0, text)


def _diagnostic(message: dict[str, Any], file: Path, lines: list[str]) -> Diagnostic:
    line = int(message["pos"]["line"])
    severity = "error" if message.get("kind") == "hasSorry" else str(message["severity"])
    return Diagnostic(
        severity=severity,
        file=file,
        line=line,
        column=int(message["pos"]["column"]),
        message=str(message["data"]),
        source_line=lines[line - 1] if 0 < line <= len(lines) else "",
    )
