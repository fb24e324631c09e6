"""What `lpb bench` has compiled Lean do: decide certificates in a native program.

One small program an operation, which holds the questions of all sizes as packed data: compiling it
takes longer than running it. What it takes to start is subtracted.
"""

from __future__ import annotations

import resource
import shutil
from dataclasses import replace
from pathlib import Path
from statistics import median

from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.certified import Spent, asked_and_answered
from lpb_server.operations import Answer, Operation, Question
from lpb_server.operations.scaling import sizes_of

from lpb_cli.commands.bench_certificates import EngineWhenNeeded
from lpb_cli.errors import EnvironmentLacksError, LpbError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import Settings, child_environment
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativePrograms
from lpb_cli.verify.lean_messages import lean_answer, lean_question
from lpb_cli.verify.lies import exchange_of

__all__ = ["CompiledCheck", "program_text"]

_TIMEOUT_S = 600.0
_ENOUGH_S = 0.2
"""So long the check is repeated, so that its processor time stands out from that of a start."""
_MOST_REPEATS = 1000

_PROGRAM = """\
module

public import {checker}

@[expose] public section

open LeanPythonBridge

namespace Decide{name}

{definitions}

def asked : List (Question × Answer) := [{asked}]

/-- The nanoseconds of each of so many checks, on lines of their own; 1 when one is refused. -/
def decide (q : Question) (a : Answer) : Nat → IO UInt32
  | 0 => return 0
  | left + 1 => do
    let started ← IO.monoNanosNow
    if _root_.{checker}.operation.check q a then
      IO.println (toString ((← IO.monoNanosNow) - started))
      decide q a left
    else return 1

def find : List (Question × Answer) → Nat → Option (Question × Answer)
  | [], _ => none
  | first :: _, 0 => some first
  | _ :: rest, place + 1 => find rest place

end Decide{name}

def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | [place, times] =>
    match Decide{name}.find Decide{name}.asked (place.toNat?.getD 0) with
    | some (q, a) => Decide{name}.decide q a (times.toNat?.getD 0)
    | none => return 2
  | _ => return 2
"""


def program_text(operation: Operation, asked: list[tuple[Question, Answer]], name: str) -> str:
    """Write a program that decides one of these answers: `PLACE TIMES` are its arguments."""
    definitions = []
    for number, (question, answer) in enumerate(asked):
        exchange = exchange_of(operation, operation.name, question, answer).exchange
        definitions.append(
            f"def question{number} : Question := {lean_question(exchange)}\n\n"
            f"def answer{number} : Answer := {lean_answer(exchange)}"
        )
    return _PROGRAM.format(
        checker=operation.checker,
        name=name,
        definitions="\n\n".join(definitions),
        asked=", ".join(f"(question{n}, answer{n})" for n in range(len(asked))),
    )


class CompiledCheck:
    """Has a compiled Lean program decide a certificate, where one can be compiled.

    Use it as a context manager: it stops the engines that compile.
    """

    def __init__(self, settings: Settings, engine: EngineWhenNeeded) -> None:
        self._settings = settings
        self._engine = engine
        self._folder = settings.output / "bench" / "compiled"
        self._toolchains: list[EmbeddedToolchain] = []
        self._programs: dict[str, tuple[Path, list[int]] | BenchmarkError] = {}

    def __enter__(self) -> CompiledCheck:
        return self

    def __exit__(self, *error: object) -> None:
        for toolchain in self._toolchains:
            toolchain.close()

    def __call__(
        self, operation: Operation, size: int, question: Question, answer: Answer
    ) -> Spent:
        """Decide the answer of this size, and say how long one check takes.

        Raises
        ------
        BenchmarkError
            When nothing can be compiled here, or the program refuses the answer.
        """
        if operation.name not in self._programs:
            self._programs[operation.name] = self._compiled(operation)
        found = self._programs[operation.name]
        if isinstance(found, BenchmarkError):
            raise found
        program, sizes = found
        if size not in sizes:
            raise BenchmarkError(f"no program was compiled for n = {size}")
        place = sizes.index(size)
        try:
            first = self._run(program, place, 1)
            times = min(_MOST_REPEATS, max(1, round(_ENOUGH_S / max(first.wall_s, 1e-9))))
            spent = self._run(program, place, times)
            start = self._run(program, place, 0)
        except LpbError as error:
            raise BenchmarkError(error.message.splitlines()[0]) from error
        assert spent.processor_s is not None
        assert start.processor_s is not None
        return Spent(spent.wall_s, max(spent.processor_s - start.processor_s, 0.0) / times)

    def _run(self, program: Path, place: int, times: int) -> Spent:
        """Give the median of the checks, and the processor time of the whole program."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = run_command(
            [str(program), str(place), str(times)],
            directory=self._folder,
            environment=child_environment(),
            timeout_s=_TIMEOUT_S,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        taken = [int(line) for line in said.split()]
        return Spent(median(taken) / 1e9 if taken else 0.0, computed)

    def _compiled(self, operation: Operation) -> tuple[Path, list[int]] | BenchmarkError:
        try:
            return self._compile(operation)
        except LpbError as error:
            return BenchmarkError(f"not compiled: {error.message.splitlines()[0]}")
        except OSError as error:
            return BenchmarkError(f"not compiled: {error}")

    def _compile(self, operation: Operation) -> tuple[Path, list[int]]:
        if not isinstance(self._engine(), EmbeddedToolchain):
            raise EnvironmentLacksError("it is the embedded engine that emits C here")
        asked: dict[int, tuple[Question, Answer]] = {}
        for size in sizes_of(operation):
            try:
                asked[size] = asked_and_answered(operation, size)
            except BenchmarkError:
                continue  # It is said where that size is measured.
        name = "".join(part.capitalize() for part in operation.name.split("_"))
        name = "".join(letter for letter in name if letter.isalnum() and letter.isascii())
        # A folder of Lean modules beside the package's: the program, and the user's own checkers.
        folder = self._folder / "lean" / name
        folder.mkdir(parents=True, exist_ok=True)
        own = self._settings.checkers
        if own is not None:
            shutil.copytree(own, folder, dirs_exist_ok=True)
        text = program_text(operation, list(asked.values()), name)
        (folder / f"Decide{name}.lean").write_text(text, encoding="utf-8")
        settings = replace(self._settings, checkers=folder)
        toolchain = EmbeddedToolchain(settings)
        self._toolchains.append(toolchain)
        built = NativePrograms(settings, toolchain, self._folder).build(f"Decide{name}")
        return built.path, list(asked)
