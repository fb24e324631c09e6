"""The Lean programs as machine code, where there is no Lean toolchain.

The embedded engine writes the C that Lean compiles a program to; the system's C compiler compiles
it with `LeanZMQ.c` and `bridge_socket.c` against Lean's real runtime library (`lean_runtime`) and a
`lean.h` of our own. So the C code is tested as the native build uses it, and no stand-in is left
between the Lean client and ZeroMQ.

Programs are kept with a digest of all that they are made from, and made again when it changes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lpb_cli.building.c_library import zmq_flags
from lpb_cli.errors import CommandFailedError, LpbError
from lpb_cli.processes.child import Child
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment
from lpb_cli.toolchain.diagnostics import ProgramResult
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_process import ENGINE_FOLDER
from lpb_cli.toolchain.lean_runtime import HEADERS, find_lean_runtime
from lpb_cli.toolchain.lean_sources import Amalgam, amalgamate

__all__ = ["PROGRAMS", "NativeProgram", "NativePrograms", "UncompiledProgramError"]

PROGRAMS: Final = ("Tests", "ExampleProof")
"""The programs that `lpb build` compiles."""

_TIMEOUT_S: Final = 900.0

# Lean's C leaves variables and labels unused. -fPIC: the runtime library is linked symbolically,
# and a program that copies its variables finds them empty.
_FLAGS: Final = (
    *("-std=gnu11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unused"),
    "-Werror=implicit-function-declaration",
)


class UncompiledProgramError(LpbError):
    """Lean could not compile a program; the result says where and why."""

    def __init__(self, module: str, result: ProgramResult) -> None:
        where = ""
        if result.diagnostics:
            found = result.diagnostics[0]
            where = f" at {found.file}:{found.line}:{found.column + 1}"
        super().__init__(f"Lean cannot compile {module}{where}: {result.stderr}")
        self.result = result


@dataclass(frozen=True, slots=True)
class NativeProgram:
    """A compiled program, and whether it was compiled just now."""

    path: Path
    rebuilt: bool


class NativePrograms:
    """Compiles the package's programs and runs them.

    Parameters
    ----------
    toolchain
        The engine that compiles Lean to C.
    folder
        Where programs are kept; in the output folder when left out.

    Raises
    ------
    EnvironmentLacksError
        When the compiler, Lean's runtime library or ZeroMQ's headers are missing.
    """

    def __init__(
        self, settings: Settings, toolchain: EmbeddedToolchain, folder: Path | None = None
    ) -> None:
        self._settings = settings
        self._toolchain = toolchain
        self._runtime = find_lean_runtime()
        self._zmq = zmq_flags(settings)
        self._folder = folder or settings.output / "native"
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._closed = False

    @property
    def description(self) -> str:
        """Name what compiles them and what they run on."""
        return f"compiled with LeanZMQ.c, runtime: {self._runtime.description}"

    # -- building -------------------------------------------------------------------------------

    def build(self, module: str) -> NativeProgram:
        """Compile a program unless there is one, made of just what there is now.

        Raises
        ------
        UncompiledProgramError
            When Lean rejects it.
        CommandFailedError
            When the C compiler does, or the engine failed.
        """
        amalgam = amalgamate(
            module, self._toolchain.load_modules(), ENGINE_FOLDER / "StandIns.lean"
        )
        ours = self._settings.lean / "ffi"
        uses_zmq = any(ours in file.parents for _, file in amalgam.starts)
        sources = [ours / "LeanZMQ.c", ours / "bridge_socket.c"] if uses_zmq else []
        target = self._folder / module
        made_of = self._digest(amalgam, sources)
        if _is_current(target, made_of):
            return NativeProgram(target, rebuilt=False)
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{module}-", dir=self._folder) as scratch:
            emitted = self._emitted(module, amalgam, Path(scratch))
            program = Path(scratch) / module
            self._compile(emitted, sources, program)
            record = {"made_of": made_of, "program": _sha256([program])}
            program.replace(target)
        _record_of(target).write_text(json.dumps(record), "ascii")
        return NativeProgram(target, rebuilt=True)

    def build_all(self) -> NativeProgram:
        """Compile the package's programs. Gives their folder, and whether any was compiled now."""
        built = [self.build(module) for module in PROGRAMS]
        return NativeProgram(self._folder, rebuilt=any(program.rebuilt for program in built))

    def _emitted(self, module: str, amalgam: Amalgam, scratch: Path) -> Path:
        """Give the program's C, which is kept: a change of the C sources asks for no engine."""
        kept = self._folder / f"{module}.c"
        text = f"{self._toolchain.description}\0{amalgam.source}"
        made_of = hashlib.sha256(text.encode()).hexdigest()
        if not _is_current(kept, made_of):
            fresh = scratch / kept.name
            failed = self._toolchain.emit_c(module, amalgam, fresh, _TIMEOUT_S)
            if failed is not None:
                raise UncompiledProgramError(module, failed)
            record = {"made_of": made_of, "program": _sha256([fresh])}
            fresh.replace(kept)
            _record_of(kept).write_text(json.dumps(record), "ascii")
        return kept

    def _compile(self, emitted: Path, sources: Sequence[Path], program: Path) -> None:
        ours = self._settings.lean / "ffi"
        # With the declarations of LeanZMQ.h in front, one that Lean emits otherwise is an error.
        include = ["-include", str(ours / "LeanZMQ.h")] if sources else []
        run_command(
            [
                *("cc", *_FLAGS, f"-I{HEADERS}", f"-I{ours}", *include),
                *("-o", str(program), str(emitted), *map(str, sources)),
                *(*self._runtime.link_arguments, *(self._zmq if sources else []), "-lpthread"),
            ],
            directory=program.parent,
            environment=child_environment(),
            timeout_s=_TIMEOUT_S,
        )

    def _digest(self, amalgam: Amalgam, sources: Sequence[Path]) -> str:
        """Return the SHA-256 of all that a program is made from: text, and what compiles it."""
        compiler = run_command(
            ["cc", "--version"],
            directory=self._settings.lean,
            environment=child_environment(),
            timeout_s=60.0,
        )
        said = [amalgam.source, self._toolchain.description, compiler, *_FLAGS]
        said += [self._runtime.description, *self._runtime.link_arguments, *self._zmq]
        files = sorted(HEADERS.rglob("*.h"))
        if sources:
            files += [*sources, *sorted((self._settings.lean / "ffi").glob("*.h"))]
        return hashlib.sha256("\0".join([*said, _sha256(files)]).encode()).hexdigest()

    # -- running --------------------------------------------------------------------------------

    def run_program(self, module: str, arguments: Sequence[str], timeout_s: float) -> ProgramResult:
        """Compile a program that has changed, and run it.

        Raises
        ------
        CommandFailedError
            When it does not end in time, or cannot be compiled.
        """
        try:
            program = self.build(module)
        except UncompiledProgramError as error:
            return error.result
        argv = [str(program.path), *arguments]
        stdout: list[str] = []
        stderr: list[str] = []
        with Child(
            argv,
            directory=self._settings.project,
            environment=child_environment(),
            on_stdout=stdout.append,
            on_stderr=stderr.append,
        ) as child:
            self._hold(child)
            try:
                code = child.wait(timeout_s)
            except TimeoutError as error:
                raise CommandFailedError(
                    argv, str(self._settings.project), None, timeout_s, child.tail
                ) from error
            finally:
                with self._lock:
                    self._running.discard(child)
        seconds = time.monotonic() - child.started
        return ProgramResult(code, "\n".join(stdout), "\n".join(stderr), seconds)

    def _hold(self, child: Child) -> None:
        with self._lock:
            if not self._closed:
                self._running.add(child)
                return
        raise LpbError("the Lean programs were stopped")

    def close(self) -> None:
        """Stop the programs that run; none is started after this."""
        with self._lock:
            self._closed = True
            running, self._running = self._running, set()
        for child in running:
            child.stop()


def _record_of(made: Path) -> Path:
    return made.with_name(f"{made.name}.json")


def _is_current(made: Path, made_of: str) -> bool:
    """Tell whether a file is there, as it was made, and made of this."""
    try:
        record = json.loads(_record_of(made).read_text("ascii"))
        return bool(record == {"made_of": made_of, "program": _sha256([made])})
    except (OSError, ValueError):
        return False


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
