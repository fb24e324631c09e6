"""The native engine: `lake`, as elan installs it. It is the reference."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lpb_cli.errors import CommandFailedError
from lpb_cli.processes import Child, run_command
from lpb_cli.settings import Settings, child_environment
from lpb_cli.toolchain.diagnostics import (
    Diagnostic,
    ModuleResult,
    ModuleStatus,
    ProgramResult,
    ProofReport,
)
from lpb_cli.toolchain.lean_sources import (
    LeanModule,
    count_declarations,
    find_forbidden,
    load_modules,
)
from lpb_cli.toolchain.protocol import FileResult, ProofProgress

__all__ = ["LakeToolchain", "find_lake", "parse_diagnostics"]

BUILD_TIMEOUT_S = 3600.0
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
    """

    name = "lake"

    def __init__(self, settings: Settings, lake: Path) -> None:
        self._settings = settings
        self._lake = lake
        self._version = ""

    @property
    def description(self) -> str:
        """Name the engine; asks `lake` for its version once."""
        if not self._version:
            self._version = self._run("--version", timeout_s=600.0).strip()
        return f"native {self._version}"

    def _run(self, *arguments: str, timeout_s: float) -> str:
        return run_command(
            [str(self._lake), *arguments],
            directory=self._settings.lean,
            environment=child_environment(),
            timeout_s=timeout_s,
        )

    def check_proofs(self, progress: ProofProgress) -> ProofReport:
        """Build the package: Lake itself knows what has changed."""
        started = time.monotonic()
        modules = load_modules(self._settings.lean_folders)
        lines: list[str] = []

        def follow(line: str) -> None:
            lines.append(line)
            match = _PROGRESS.search(line)
            if match:
                progress(None, int(match[1]), int(match[2]))

        code, _, _ = self._capture(["build"], BUILD_TIMEOUT_S, follow)
        code = code or self._build_checkers(modules, follow)
        diagnostics = parse_diagnostics(lines, self._settings.lean)
        results = []
        for module in modules:
            theorems, definitions = count_declarations(module.source)
            result = ModuleResult(
                module.name, module.file, ModuleStatus.CHECKED, theorems, definitions
            )
            foreign = self._settings.lean / "ffi" in module.file.parents
            result.diagnostics = find_forbidden(module, foreign_functions=foreign)
            result.diagnostics += [
                d for d in diagnostics if d.file.resolve() == module.file.resolve()
            ]
            if any(d.severity == "error" for d in result.diagnostics):
                result.status = ModuleStatus.FAILED
            results.append(result)
        report = ProofReport(self.description, results, time.monotonic() - started)
        if code != 0 and report.ok:
            # The build failed at something that is no module: linking, the C library, Lake itself.
            raise CommandFailedError(
                [str(self._lake), "build"],
                str(self._settings.lean),
                code,
                report.seconds,
                "\n".join(lines[-40:]),
            )
        return report

    def _build_checkers(self, modules: list[LeanModule], follow: Callable[[str], None]) -> int:
        """Compile the modules that are beside the package's own; give the first bad exit code."""
        folder = self._settings.checkers
        for module in modules:
            if folder is None or folder not in module.file.parents:
                continue
            olean = module.file.with_suffix(".olean")
            arguments = ["env", "lean", "-R", str(folder), "-o", str(olean), str(module.file)]
            code, _, _ = self._capture(arguments, BUILD_TIMEOUT_S, follow)
            if code != 0:
                return code
        return 0

    def _environment(self) -> dict[str, str]:
        """Give the environment in which Lean finds the checkers beside the package's modules."""
        if self._settings.checkers is None:
            return child_environment()
        others = child_environment().get("LEAN_PATH")
        path = [str(self._settings.checkers), *([others] if others else [])]
        return child_environment(LEAN_PATH=os.pathsep.join(path))

    def check_file(self, file: Path, timeout_s: float) -> FileResult:
        """Have the kernel check a file that imports modules of the package."""
        started = time.monotonic()
        code, stdout, stderr = self._capture(
            ["env", "lean", str(file)], timeout_s, lambda line: None
        )
        lines = [*stdout.splitlines(), *stderr.splitlines()]
        diagnostics = [
            d for d in parse_diagnostics(lines, file.parent) if d.severity != "information"
        ]
        if code != 0 and not diagnostics:
            diagnostics.append(Diagnostic("error", file, 1, 0, "\n".join(lines[-20:])))
        ok = code == 0 and not any(d.severity == "error" for d in diagnostics)
        return FileResult(ok, time.monotonic() - started, diagnostics)

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
    ) -> tuple[int, str, str]:
        argv = [str(self._lake), *arguments]
        streams: tuple[list[str], list[str]] = ([], [])

        def keep(stream: list[str], line: str) -> None:
            stream.append(line)
            follow(line)

        with Child(
            argv,
            directory=self._settings.lean,
            environment=self._environment(),
            on_stdout=lambda line: keep(streams[0], line),
            on_stderr=lambda line: keep(streams[1], line),
        ) as child:
            try:
                code = child.wait(timeout_s)
            except TimeoutError as error:
                raise CommandFailedError(
                    argv, str(self._settings.lean), None, timeout_s, child.tail
                ) from error
        return code, "\n".join(streams[0]), "\n".join(streams[1])

    def warm_up(self) -> None:
        """Nothing: a native process starts in no time."""

    def close(self) -> None:
        """Nothing: no process outlives its call."""
