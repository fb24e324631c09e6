"""The native engine: `lake`, as elan installs it. It is the reference."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from lpb_cli.errors import AuditFailedError, CommandFailedError
from lpb_cli.processes.child import Child
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment
from lpb_cli.toolchain.audit import (
    AUDIT_FILE,
    AuditPlan,
    AuditRecords,
    Gate,
    ModuleAudit,
    file_digests,
    module_files,
    read_answer,
    take_over,
)
from lpb_cli.toolchain.diagnostics import (
    Diagnostic,
    ModuleResult,
    ModuleStatus,
    ProgramResult,
    ProofReport,
)
from lpb_cli.toolchain.lake_package import own_modules
from lpb_cli.toolchain.lean_sources import (
    LeanModule,
    closure_of,
    has_examples,
    load_modules,
    read_module,
)
from lpb_cli.toolchain.lint import find_forbidden, find_foreign_letters
from lpb_cli.toolchain.protocol import FileResult, ProofProgress
from lpb_cli.toolchain.questions import TACTIC, Ask, answer_questions, asks

__all__ = ["LakeToolchain", "find_lake", "parse_diagnostics"]

BUILD_TIMEOUT_S = 3600.0
AUDIT_TIMEOUT_S = 1800.0
_PROGRESS = re.compile(r"\[(\d+)/(\d+)\]")
_DIAGNOSTIC = re.compile(r"^(error|warning|info): (.+?\.lean):(\d+):(\d+):(?: (.*))?$")
_LAKE_LINE = re.compile(
    r"^(?:[✔✖⚠ℹ] |error: |warning: |info: |Some required|Build completed|trace: |- )"
)


def find_lake(settings: Settings) -> Path | None:
    """Find `lake`: ``LPB_LAKE``, then ``PATH``, then ``ELAN_HOME``."""
    if settings.lake is not None:
        return settings.lake if settings.lake.is_file() else None
    on_path = shutil.which("lake")
    if on_path is not None:
        return Path(on_path)
    in_elan = settings.elan_home / "bin" / "lake"
    return in_elan if in_elan.is_file() else None


def parse_diagnostics(lines: Sequence[str], folder: Path) -> list[Diagnostic]:
    """Read the diagnostics out of what `lake build` or `lean` printed.

    A message begins with ``error: file:line:column:`` (Lake) or ``file:line:column: error:`` (Lean)
    and goes on until Lake speaks again.
    """
    found: list[Diagnostic] = []
    message: list[str] = []

    def finish() -> None:
        if found and message:
            last = found.pop()
            text = "\n".join([last.message, *message]).strip()
            found.append(
                Diagnostic(last.severity, last.file, last.line, last.column, text, last.source_line)
            )
        message.clear()

    for line in lines:
        swapped = re.sub(r"^(.+?\.lean:\d+:\d+): (error|warning|info): ", r"\2: \1: ", line)
        match = _DIAGNOSTIC.match(swapped)
        if match:
            finish()
            severity = {"info": "information"}.get(match[1], match[1])
            file = Path(match[2]) if Path(match[2]).is_absolute() else folder / match[2]
            text = match[5] or ""
            if "declaration uses `sorry`" in text or "declaration uses 'sorry'" in text:
                severity = "error"
            number = int(match[3])
            found.append(
                Diagnostic(severity, file, number, int(match[4]), text, _line(file, number))
            )
        elif _LAKE_LINE.match(line):
            finish()
        elif found:
            message.append(line)
    finish()
    return found


def _line(file: Path, number: int) -> str:
    try:
        return file.read_text(encoding="utf-8").splitlines()[number - 1]
    except (OSError, IndexError):
        return ""


class LakeToolchain:
    """Lean as elan installs it.

    Parameters
    ----------
    settings
        Where things are.
    lake
        The command, see `find_lake`.
    ask
        Answers what the tactic ``certified`` asks in `check_file`; in a build it runs `lpb` itself.
    """

    name = "lake"

    def __init__(self, settings: Settings, lake: Path, ask: Ask | None = None) -> None:
        self._settings = settings
        self._ask = ask
        self._lake = lake
        self._version = ""
        self._home = settings.own or settings.lean
        self._oleans = self._home / ".lake" / "build" / "lib" / "lean"
        self._records = AuditRecords(
            settings.output / "proofs" / "lake", self._oleans, settings.checkers
        )
        self._gate = Gate(
            self._records, self._run_audit, str, self.jobs, self._is_foreign,
            settings.lean / TACTIC, any_library=settings.own is not None,
        )  # fmt: skip

    @property
    def description(self) -> str:
        """Name the engine; asks `lake` for its version once."""
        if not self._version:
            self._version = self._run("--version", timeout_s=600.0).strip()
        return f"native {self._version}"

    def _run(self, *arguments: str, timeout_s: float) -> str:
        return run_command(
            [str(self._lake), *arguments],
            directory=self._home,
            environment=child_environment(),
            timeout_s=timeout_s,
        )

    def load_modules(self) -> list[LeanModule]:
        """Read the modules of the package, ours or the user's own, each after what it imports."""
        if self._settings.own is not None:
            beside = [] if self._settings.checkers is None else [self._settings.checkers]
            return load_modules(beside, own_modules(self._settings.own))
        return load_modules(self._settings.lean_folders)

    def check_proofs(
        self, progress: ProofProgress, names: Collection[str] | None = None
    ) -> ProofReport:
        """Build the package, and replay what the build left behind.

        Lake's configuration is read anew (``-R``), for it lists the files, and every module is
        named: one that is part of no target would not be built. What Lake says is not taken for
        proof. A module counts when its compiled form is there and the audit accepts it.
        """
        started = time.monotonic()
        modules = self.load_modules()
        if names is not None:
            modules = closure_of(names, modules)
        lines: list[str] = []

        def follow(line: str) -> None:
            lines.append(line)
            match = _PROGRESS.search(line)
            if match:
                progress("building", int(match[1]), int(match[2]))

        default, anew = 0, ["-R"]
        if names is None:
            anew = []
            default = self._capture(["-R", "build"], BUILD_TIMEOUT_S, follow)[0]
        own = [module for module in modules if not self._is_beside(module)]
        named = [f"+{module.name}" for module in own]
        code = default
        if code == 0 and named:
            code = self._capture([*anew, "build", *named], BUILD_TIMEOUT_S, follow)[0]
        code = code or self._build_checkers(modules, follow)
        results = self._results(modules, parse_diagnostics(lines, self._home))
        ok = all(result.status is not ModuleStatus.FAILED for result in results.values())
        if code != 0 and ok:
            # The build failed at something that is no module: linking, the C library, Lake itself.
            raise CommandFailedError(
                [str(self._lake), "build"],
                str(self._home),
                code,
                time.monotonic() - started,
                "\n".join(lines[-40:]),
            )
        digests = {}
        for module in modules:
            result = results[module.name]
            digests[module.name] = file_digests(self._records.olean(module.name))
            if result.status is ModuleStatus.CHECKED and not digests[module.name]:
                _unproven(result, module, "lake says that it built it, and its .olean is not there")
                continue
            found = self._records.recall(module)
            if found is not None and result.status is ModuleStatus.CHECKED:
                result.status = ModuleStatus.UNCHANGED
                take_over(result, found[0])
        progress("replay through the kernel", len(modules), len(modules))
        self._gate.decide(modules, results, digests)
        return ProofReport(
            self.description, [results[m.name] for m in modules], time.monotonic() - started
        )

    def _results(
        self, modules: Sequence[LeanModule], diagnostics: Sequence[Diagnostic]
    ) -> dict[str, ModuleResult]:
        """Give what Lake and the lint say of each module."""
        results = {}
        for module in modules:
            result = ModuleResult(module.name, module.file, ModuleStatus.CHECKED)
            result.diagnostics = [
                *find_forbidden(module, foreign_functions=self._is_foreign(module)),
                *find_foreign_letters(module),
                *(d for d in diagnostics if d.file.resolve() == module.file.resolve()),
            ]
            if any(d.severity == "error" for d in result.diagnostics):
                result.status = ModuleStatus.FAILED
            results[module.name] = result
        return results

    def _is_foreign(self, module: LeanModule) -> bool:
        return self._settings.lean / "ffi" in module.file.parents

    def _run_audit(self, plan: AuditPlan) -> dict[str, ModuleAudit]:
        """Run the audit as a program of its own, in Lean's interpreter."""
        with tempfile.TemporaryDirectory(prefix="lpb-audit-") as folder:
            file = Path(folder) / "plan"
            plan.write(file)
            argv = ["env", "lean", "--run", str(AUDIT_FILE), str(file)]
            try:
                code, stdout, stderr = self._capture(argv, AUDIT_TIMEOUT_S, lambda line: None)
            except CommandFailedError as error:
                raise AuditFailedError(error.message.splitlines()[0]) from error
        return read_answer(code, stdout.splitlines(), stderr, plan.names)

    def _is_beside(self, module: LeanModule) -> bool:
        """Tell whether a module is a checker beside the package's own modules."""
        return self._settings.checkers in module.file.parents

    def _build_checkers(self, modules: list[LeanModule], follow: Callable[[str], None]) -> int:
        """Compile the modules that are beside the package's own; give the first bad exit code."""
        folder = self._settings.checkers
        for module in modules:
            if folder is None or not self._is_beside(module):
                continue
            olean = module.file.with_suffix(".olean")
            arguments = ["env", "lean", "-R", str(folder), "-o", str(olean), str(module.file)]
            code, _, _ = self._capture(arguments, BUILD_TIMEOUT_S, follow)
            if code != 0:
                return code
        return 0

    def _environment(self) -> dict[str, str]:
        """Give the environment in which Lean finds the checkers beside the package's modules.

        The tactic ``certified`` finds this very `lpb` in it.
        """
        found, ours = child_environment(), Path(sys.executable).with_name("lpb")
        if ours.is_file():
            found.setdefault("LPB", str(ours))
        if self._settings.checkers is not None:
            others = found.get("LEAN_PATH")
            path = [str(self._settings.checkers), *([others] if others else [])]
            found["LEAN_PATH"] = os.pathsep.join(path)
        return found

    def check_file(self, file: Path, timeout_s: float) -> FileResult:
        """Have the kernel check a file that imports modules of the package, and audit it."""
        started = time.monotonic()
        modules = self.load_modules()
        module = read_module(file, [known.name for known in modules])
        known = [needed.name for needed in closure_of(module.imports, modules)]
        audit = None
        with tempfile.TemporaryDirectory(prefix="lpb-checked-") as folder:
            olean = Path(folder) / f"{file.stem}.olean"
            # The replay runs the kernel, once; of an `example` nothing is left to replay, and of
            # a wrong answer the tactic says more.
            at_once = has_examples(module.source) or asks(module.source)
            skip = [] if at_once else ["-D", "debug.skipKernelTC=true"]
            argv = ["env", "lean", *skip, "-o", str(olean), str(file)]
            answers = Path(folder) / "answers"
            answers.mkdir()
            given = {"LPB_ANSWERS": str(answers)} if self._ask is not None else {}
            while True:
                code, stdout, stderr = self._capture(argv, timeout_s, lambda line: None, given)
                if self._ask is None or not answer_questions(answers, self._ask):
                    break
            lines = [*stdout.splitlines(), *stderr.splitlines()]
            heard = parse_diagnostics(lines, file.parent)
            diagnostics = [d for d in heard if d.severity != "information"]
            if code == 0 and module_files(olean):
                audit, found = self._gate.decide_file(module, olean, known)
                diagnostics += found
            elif not diagnostics:
                said = "\n".join(lines[-20:]) or "Lean left no compiled form of it"
                diagnostics.append(Diagnostic("error", file, 1, 0, said))
        ok = audit is not None and not any(d.severity == "error" for d in diagnostics)
        output = [d for d in heard if d.severity == "information"]
        return FileResult(ok, time.monotonic() - started, diagnostics, audit, output)

    @property
    def jobs(self) -> int:
        """How many checks and programs run side by side without harm."""
        return os.cpu_count() or 1

    def run_program(self, module: str, arguments: Sequence[str], timeout_s: float) -> ProgramResult:
        """Build and run the executable of that name."""
        started = time.monotonic()
        code, stdout, stderr = self._capture(
            ["exe", module, *arguments], timeout_s, lambda line: None
        )
        return ProgramResult(code, stdout, stderr, time.monotonic() - started)

    def _capture(
        self,
        arguments: Sequence[str],
        timeout_s: float,
        follow: Callable[[str], None],
        variables: Mapping[str, str] | None = None,
    ) -> tuple[int, str, str]:
        argv = [str(self._lake), *arguments]
        streams: tuple[list[str], list[str]] = ([], [])

        def keep(stream: list[str], line: str) -> None:
            stream.append(line)
            follow(line)

        with Child(
            argv,
            directory=self._home,
            environment={**self._environment(), **(variables or {})},
            on_stdout=lambda line: keep(streams[0], line),
            on_stderr=lambda line: keep(streams[1], line),
        ) as child:
            try:
                code = child.wait(timeout_s)
            except TimeoutError as error:
                raise CommandFailedError(
                    argv, str(self._home), None, timeout_s, child.tail
                ) from error
        return code, "\n".join(streams[0]), "\n".join(streams[1])

    def warm_up(self) -> None:
        """Nothing: a native process starts in no time."""

    def close(self) -> None:
        """Nothing: no process outlives its call."""


def _unproven(result: ModuleResult, module: LeanModule, message: str) -> None:
    result.status = ModuleStatus.FAILED
    result.diagnostics.append(Diagnostic("error", module.file, 1, 0, message))
