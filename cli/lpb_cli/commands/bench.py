"""What `lpb bench` needs of the command line's own layers: the C library and a Lean engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lpb_benchmarks.command import BenchOptions, BenchReport, run_bench
from lpb_benchmarks.errors import BenchmarkError, BenchmarkUsageError
from lpb_benchmarks.measure.certified import CertificateCheck
from lpb_benchmarks.scenarios import SkipScenario
from lpb_server.operations import Question, default_registry

from lpb_cli.building.c_library import build_c_library
from lpb_cli.commands.bench_certificates import EngineWhenNeeded, KernelCheck
from lpb_cli.commands.bench_compiled import CompiledCheck
from lpb_cli.errors import EnvironmentLacksError, LpbError, ServerFailedError, UsageError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest, send_requests
from lpb_cli.verify.transcript import render_transcript

__all__ = [
    "BenchOptions",
    "BenchReport",
    "CompiledCheck",
    "EngineWhenNeeded",
    "TranscriptCheck",
    "benchmark",
    "c_library",
    "lean_checks",
]

_CHECK_TIMEOUT_S = 600.0


def benchmark(options: BenchOptions, reporter: ProgressReporter) -> BenchReport:
    """Run the benchmarks; their errors become those of the command line.

    Raises
    ------
    LpbError
        With the exit code that fits.
    """
    try:
        return run_bench(options, reporter.progress)
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


def lean_checks(
    settings: Settings, engine: EngineWhenNeeded, compiled: CompiledCheck
) -> dict[str, CertificateCheck]:
    """Give what checks certificates in Lean, by the name that reports call it by."""
    return {"Lean's kernel": KernelCheck(settings, engine), "compiled Lean": compiled}


class TranscriptCheck:
    """Has Lean's kernel check transcripts of certified sums."""

    def __init__(self, settings: Settings, engine: EngineWhenNeeded) -> None:
        self._settings = settings
        self._engine = engine
        self._files: dict[int, Path] = {}

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
        try:
            return self._engine()
        except LpbError as error:
            raise SkipScenario(error.message.splitlines()[0]) from error

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
