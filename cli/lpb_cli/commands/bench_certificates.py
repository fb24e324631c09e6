"""What `lpb bench` has Lean do: check certificates, by the kernel and by compiled code."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.certified import Spent
from lpb_benchmarks.measure.usage import own_processor_seconds
from lpb_server.client import Exchange
from lpb_server.operations import Answer, Operation, Question

from lpb_cli.commands.certify import CERTIFY_TIMEOUT_S, theorem_text
from lpb_cli.errors import LpbError
from lpb_cli.output.folder import output_lock
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.settings import Settings, writable_output
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.engine_room import require_room
from lpb_cli.verify.lies import exchange_of

__all__ = ["EngineWhenNeeded", "KernelCheck"]


class EngineWhenNeeded:
    """A Lean engine that is opened on first use, and has checked the package's proofs.

    Use it as a context manager: it closes the engine.
    """

    def __init__(self, settings: Settings, engine: EngineName, reporter: ProgressReporter) -> None:
        self._settings = settings
        self._name = engine
        self._reporter = reporter
        self._toolchain: LeanToolchain | None = None
        self._fault: LpbError | None = None
        self._owned = ExitStack()

    def __enter__(self) -> EngineWhenNeeded:
        return self

    def __exit__(self, *error: object) -> None:
        self._owned.close()

    def __call__(self) -> LeanToolchain:
        """Give the engine.

        Raises
        ------
        LpbError
            When there is none, or the proofs do not hold: each time, after one try.
        """
        if self._fault is not None:
            raise self._fault
        try:
            if self._toolchain is None:
                progress = self._reporter.progress
                self._toolchain = open_toolchain(self._settings, self._name, progress)
                writable_output(self._settings)
                self._owned.enter_context(output_lock(self._settings.output))
                self._owned.callback(self._toolchain.close)
                if not self._toolchain.check_proofs(lambda result, done, total: None).ok:
                    raise LpbError("the proofs do not hold; see `lpb verify`")
        except LpbError as error:
            self._fault = error
            raise
        return self._toolchain


class KernelCheck:
    """Has Lean's kernel check a certificate: the whole module that `lpb certify` writes."""

    def __init__(self, settings: Settings, engine: EngineWhenNeeded) -> None:
        self._folder = settings.output / "bench" / "certificates"
        self._engine = engine

    def __call__(
        self, operation: Operation, size: int, question: Question, answer: Answer
    ) -> Spent:
        """Check it, and say how long that took.

        Raises
        ------
        BenchmarkError
            When it cannot be checked here, or the kernel refuses it.
        """
        try:
            toolchain = self._engine()
            live = exchange_of(operation, operation.name, question, answer)
            require_room(toolchain, operation, live)
            file = self._write(operation, live.exchange)
            computed_s, started = own_processor_seconds(), time.monotonic()
            result = toolchain.check_file(file, CERTIFY_TIMEOUT_S)
            spent = Spent(time.monotonic() - started, own_processor_seconds() - computed_s)
        except LpbError as error:
            raise BenchmarkError(error.message.splitlines()[0]) from error
        if not result.ok:
            raise BenchmarkError(f"Lean rejects {file}; `lpb certify` shows why")
        return spent

    def _write(self, operation: Operation, exchange: Exchange) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"Check_{operation.name}.lean"
        text = theorem_text(operation, exchange, "in this process", file.stem)
        file.write_text(text, encoding="utf-8")
        return file
