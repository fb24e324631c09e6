"""`lpb verify`: a list of stages, each of which fills in its part of one report."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lpb_cli.c_library import build_c_library
from lpb_cli.errors import LpbError
from lpb_cli.report import Check, Report, Stage, Status
from lpb_cli.settings import Settings
from lpb_cli.supervisor import ServerSupervisor, wait_for_ping
from lpb_cli.toolchain.diagnostics import Diagnostic, ModuleResult, ModuleStatus
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import (
    LiveExchange,
    certified_exchanges,
    plan_c_requests,
    plan_requests,
    send_requests,
    send_through_c_library,
)
from lpb_cli.verify.lean_client import run_client_tests
from lpb_cli.verify.program import check_program
from lpb_cli.verify.transcript import Transcript, render_transcript

__all__ = ["Narrator", "VerifyOptions", "check_proofs_stage", "run_verify"]

TRANSCRIPT_TIMEOUT_S = 1800.0

PARTS = 2
"""Into how many files the conversation is cut, which are checked side by side."""

EMBEDDED_DIFFERS = "interpreted, not compiled; host functions instead of LeanZMQ.c"


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What the command line asks for.

    Attributes
    ----------
    requests
        How many random matrices to send beside the edge cases.
    endpoint
        A running server to talk to; ``None`` starts one.
    """

    seed: int
    requests: int
    endpoint: str | None = None


class Narrator:
    """Tells a person what is going on. This one is silent; the terminal's overrides it."""

    def stage(self, name: str) -> None:
        """Begin a stage."""

    def progress(self, text: str, done: int, total: int) -> None:
        """Show how far the stage is; a total of 0 means that nobody knows."""


@dataclass(slots=True)
class _Run:
    settings: Settings
    options: VerifyOptions
    toolchain: LeanToolchain
    narrator: Narrator
    report: Report
    server: ServerSupervisor | None = None
    endpoint: str = ""
    exchanges: list[LiveExchange] = field(default_factory=list)
    proofs_hold: bool = False
    program: Future[list[Check]] | None = None


def run_verify(
    settings: Settings, options: VerifyOptions, toolchain: LeanToolchain, narrator: Narrator
) -> Report:
    """Run all stages and give the report; what was started is stopped again.

    A stage that fails does not keep the others from running, unless they need it. Ctrl-C gives a
    partial report: the stage it hit is ``interrupted``, those after it ``not run``.
    """
    started = time.monotonic()
    report = Report(
        engine=toolchain.description,
        seed=options.seed,
        versions={"python": platform.python_version(), "platform": platform.platform()},
    )
    run = _Run(settings, options, toolchain, narrator, report)
    stages: list[tuple[str, Callable[[_Run, Stage], None]]] = [
        ("proofs", _proofs),
        ("serve", _serve),
        ("live", _live),
        ("client", _client),
        ("program", _program),
        ("transcript", _transcript),
        ("stop", _stop),
    ]
    report.stages = [Stage(name) for name, _ in stages]
    try:
        for stage, (_, action) in zip(report.stages, stages, strict=True):
            with _timed(stage):
                narrator.stage(stage.name)
                action(run, stage)
    except KeyboardInterrupt:
        pass  # the stages say it
    finally:
        if run.server is not None:
            run.server.stop()
        toolchain.close()
        report.seconds = time.monotonic() - started
    return report


@contextlib.contextmanager
def _timed(stage: Stage) -> Iterator[None]:
    started = time.monotonic()
    try:
        yield
        if stage.status is Status.NOT_RUN and stage.checks:
            stage.status = Status.FAILED if stage.failures else Status.PASSED
    except KeyboardInterrupt:
        stage.status, stage.summary = Status.INTERRUPTED, "interrupted"
        raise
    except LpbError as error:
        stage.status = Status.FAILED
        stage.checks.append(Check(stage.name, Status.FAILED, error.message))
        stage.summary = error.message.splitlines()[0]
    finally:
        stage.seconds = time.monotonic() - started


def _proofs(run: _Run, stage: Stage) -> None:
    run.proofs_hold = check_proofs_stage(run.toolchain, run.narrator, stage)


def check_proofs_stage(toolchain: LeanToolchain, narrator: Narrator, stage: Stage) -> bool:
    """Check the package's modules and fill in the stage. Gives whether all of them hold."""

    def progress(result: ModuleResult | None, done: int, total: int) -> None:
        narrator.progress(result.name if result else "building", done, total)

    proofs = toolchain.check_proofs(progress)
    for module in proofs.modules:
        failed = module.status in (ModuleStatus.FAILED, ModuleStatus.NOT_REACHED)
        errors = [d for d in module.diagnostics if d.severity == "error"]
        stage.checks.append(
            Check(
                module.name,
                Status.FAILED if failed else Status.PASSED,
                "not reached: a module that it imports failed"
                if module.status is ModuleStatus.NOT_REACHED
                else str(module.status),
                module.seconds,
                errors if failed else module.diagnostics,
            )
        )
    unchanged = sum(module.status is ModuleStatus.UNCHANGED for module in proofs.modules)
    stage.status = Status.PASSED if proofs.ok else Status.FAILED
    stage.seconds = proofs.seconds
    stage.summary = (
        f"{len(proofs.modules)} modules ({unchanged} unchanged), {proofs.theorems} theorems, "
        f"{proofs.definitions} definitions, {proofs.warnings} warnings"
    )
    stage.data = {
        "modules": len(proofs.modules),
        "unchanged": unchanged,
        "theorems": proofs.theorems,
        "definitions": proofs.definitions,
        "warnings": proofs.warnings,
    }
    return proofs.ok


def _serve(run: _Run, stage: Stage) -> None:
    run.toolchain.warm_up()  # the engine starts while the server does
    if run.options.endpoint is not None:
        wait_for_ping(run.options.endpoint, 3.0)
        run.endpoint = run.options.endpoint
        stage.summary = f"uses the server at {run.endpoint}"
    else:
        run.server = ServerSupervisor(run.settings.project)
        run.server.start()
        run.endpoint = run.server.endpoint
        stage.summary = f"started, answers at {run.endpoint}"
    stage.status = Status.PASSED


def _live(run: _Run, stage: Stage) -> None:
    if not run.endpoint:
        stage.summary = "not run: no server"
        return
    planned = plan_requests(run.options.seed, run.options.requests)
    run.exchanges, stage.checks = send_requests(
        run.endpoint, planned, lambda done, total: run.narrator.progress("requests", done, total)
    )
    if run.server is not None:
        run.server.check()
    library = build_c_library(run.settings)
    through_c, checks = send_through_c_library(library.path, run.endpoint, plan_c_requests(planned))
    run.exchanges += through_c
    stage.checks += checks
    formats = ", ".join(sorted({request.format for request in planned}))
    answered = len(stage.checks) - len(stage.failures)
    stage.summary = (
        f"{answered} of {len(stage.checks)} requests answered ({formats}), {len(checks)} of them "
        f"through the C library, seed {run.options.seed}"
    )


def _client(run: _Run, stage: Stage) -> None:
    if not run.endpoint:
        stage.summary = "not run: no server"
        return
    if not run.proofs_hold:
        stage.summary = "not run: the proofs do not hold"
        return
    if run.exchanges:
        # The other program runs beside this one, on another core.
        executor = ThreadPoolExecutor(max_workers=1)
        run.program = executor.submit(check_program, run.toolchain, run.exchanges)
        executor.shutdown(wait=False)
    run.narrator.progress("the Lean client's tests", 0, 0)
    stage.checks, exchanges = run_client_tests(run.toolchain, run.endpoint)
    certified = certified_exchanges(exchanges, "Lean client")
    run.exchanges += certified
    passed = len(stage.checks) - len(stage.failures)
    stage.summary = f"Lean's own client: {passed} of {len(stage.checks)} tests passed"
    stage.data = {
        "exchanges": len(certified),
        "differs_from_native": "" if run.toolchain.name == "lake" else EMBEDDED_DIFFERS,
    }
    if run.toolchain.name != "lake":
        stage.summary += f" ({EMBEDDED_DIFFERS})"


def _transcript(run: _Run, stage: Stage) -> None:
    if not run.exchanges:
        stage.summary = "not run: no conversation"
        return
    if not run.proofs_hold:
        stage.summary = "not run: the proofs do not hold"
        return
    # Neighbours in this order cost about the same: one goes to each part.
    ordered = sorted(run.exchanges, key=lambda live: (live.planned.format, live.size_bytes))
    parts = [ordered[first::PARTS] for first in range(min(PARTS, len(ordered)))]
    transcripts: list[Transcript] = []
    files: list[Path] = []
    run.settings.output.mkdir(parents=True, exist_ok=True)
    for number, exchanges in enumerate(parts, start=1):
        description = (
            f"Seed {run.options.seed}; {len(exchanges)} of {len(run.exchanges)} exchanges, "
            f"part {number} of {len(parts)}."
        )
        transcripts.append(render_transcript(exchanges, description))
        files.append(run.settings.output / f"LiveTranscript{number}.lean")
        files[-1].write_text(transcripts[-1].source, encoding="utf-8")
    run.narrator.progress(f"the kernel checks {len(run.exchanges)} exchanges", 0, 0)
    results = run.toolchain.check_files(files, TRANSCRIPT_TIMEOUT_S)
    rejected: dict[str, list[Diagnostic]] = {}
    for transcript, result in zip(transcripts, results, strict=True):
        for diagnostic in result.diagnostics:
            if diagnostic.severity == "error":
                name = transcript.exchange_at(diagnostic.line) or "the file itself"
                rejected.setdefault(name, []).append(diagnostic)
    for live in run.exchanges:
        wrong = rejected.pop(live.name, [])
        stage.checks.append(
            Check(
                live.name,
                Status.FAILED if wrong else Status.PASSED,
                "the kernel does not accept this exchange" if wrong else "",
                diagnostics=wrong[:1],
            )
        )
    for name, wrong in rejected.items():
        stage.checks.append(Check(name, Status.FAILED, wrong[0].message, diagnostics=wrong))
    if not all(result.ok for result in results) and not stage.failures:
        stage.checks.append(Check("transcript", Status.FAILED, "Lean rejected the transcript"))
    accepted = len(run.exchanges) - len(stage.failures)
    stage.summary = f"the kernel accepts {accepted} of {len(run.exchanges)} exchanges"
    stage.data = {
        "files": [str(file) for file in files],
        "kernel_seconds": round(sum(result.seconds for result in results), 3),
    }


def _program(run: _Run, stage: Stage) -> None:
    if run.program is None:
        stage.summary = "not run: no conversation, or the proofs do not hold"
        return
    run.narrator.progress("ExampleProof reads the conversation", 0, 0)
    stage.checks = run.program.result()
    passed = sum(check.status is Status.PASSED for check in stage.checks)
    stage.summary = (
        f"ExampleProof: {passed} of {len(stage.checks)} checks, in Lean ({run.toolchain.name})"
    )


def _stop(run: _Run, stage: Stage) -> None:
    stage.status = Status.PASSED
    if run.server is None:
        stage.summary = "the server was not ours" if run.endpoint else "no server was started"
        return
    step = run.server.stop()
    run.server = None
    stage.summary = f"server stopped ({step})"
