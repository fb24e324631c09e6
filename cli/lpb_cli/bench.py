"""What `lpb bench` needs of the command line's own layers: the C library and a Lean engine."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from lpb_benchmarks.command import BenchOptions, BenchReport, run_bench
from lpb_benchmarks.errors import BenchmarkError, BenchmarkUsageError
from lpb_benchmarks.scenarios import SkipScenario
from lpb_server.operations import Question, default_registry

from lpb_cli.c_library import build_c_library
from lpb_cli.errors import EnvironmentLacksError, LpbError, ServerFailedError, UsageError
from lpb_cli.settings import Settings
from lpb_cli.supervisor import ServerSupervisor
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest, send_requests
from lpb_cli.verify.options import Narrator
from lpb_cli.verify.transcript import render_transcript

__all__ = ["BenchOptions", "BenchReport", "TranscriptCheck", "benchmark", "c_library"]

_CHECK_TIMEOUT_S = 600.0


def benchmark(options: BenchOptions, narrator: Narrator) -> BenchReport:
    """Run the benchmarks; their errors become those of the command line.

    Raises
    ------
    LpbError
        With the exit code that fits.
    """
    try:
        return run_bench(options, narrator.progress)
    except BenchmarkUsageError as error:
        raise UsageError(error.message, error.hint) from error
    except BenchmarkError as error:
        raise EnvironmentLacksError(error.message, error.hint) from error


def c_library(settings: Settings) -> Path:
    """Build the C library.

    Raises
    ------
    SkipScenario
        When it cannot be built here.
    """
    try:
        return build_c_library(settings).path
    except LpbError as error:
        raise SkipScenario(error.message.splitlines()[0]) from error


class TranscriptCheck:
    """Has Lean's kernel check transcripts of certified sums; the engine is opened on first use."""

    def __init__(self, settings: Settings, engine: EngineName, narrator: Narrator) -> None:
        self._settings = settings
        self._engine = engine
        self._narrator = narrator
        self._stack = ExitStack()
        self._toolchain: LeanToolchain | None = None
        self._files: dict[int, Path] = {}

    def __enter__(self) -> TranscriptCheck:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __call__(self, elements: int) -> float:
        """Give the seconds that the kernel takes for a matrix of so many elements, 0 for none.

        Raises
        ------
        SkipScenario
            When there is no engine, or the proofs do not hold.
        """
        toolchain = self._open()
        file = self._files.get(elements) or self._write(elements)
        result = toolchain.check_file(file, _CHECK_TIMEOUT_S)
        if not result.ok:
            raise BenchmarkError(f"Lean rejects {file}.", "Run `lpb verify` to see why.")
        return result.seconds

    def _open(self) -> LeanToolchain:
        if self._toolchain is None:
            try:
                toolchain = open_toolchain(self._settings, self._engine, self._narrator.progress)
            except LpbError as error:
                raise SkipScenario(error.message.splitlines()[0]) from error
            self._stack.callback(toolchain.close)
            if not toolchain.check_proofs(lambda result, done, total: None).ok:
                raise SkipScenario("the proofs do not hold; see `lpb verify`")
            self._toolchain = toolchain
        return self._toolchain

    def _write(self, elements: int) -> Path:
        folder = self._settings.output / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"Transcript{elements}.lean"
        source = render_transcript([self._exchange(elements)], f"{elements} elements.").source
        file.write_text(source, encoding="utf-8")
        self._files[elements] = file
        return file

    def _exchange(self, elements: int) -> LiveExchange:
        matrix = np.random.default_rng(elements).random((1, elements))
        op, arrays = ("matrix_sum", {"matrix": matrix}) if elements else ("ping", {})
        operation = default_registry().find(op)
        assert operation.checker is not None
        planned = PlannedRequest(
            op, op, operation.checker, "msgpack", Question({}, arrays), operation.certified
        )
        with ServerSupervisor(self._settings.project) as server:
            exchanges, checks = send_requests(server.endpoint, [planned], lambda done, total: None)
        if not exchanges:
            raise ServerFailedError(checks[0].detail)
        return exchanges[0]
