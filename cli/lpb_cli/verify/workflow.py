"""`lpb verify`: a list of stages, each of which fills in its part of one report."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from lpb_server.client import Exchange
from lpb_server.operations import Operation

from lpb_cli.building.c_library import build_c_library
from lpb_cli.errors import LpbError
from lpb_cli.output.report import Check, Report, Stage, Status
from lpb_cli.processes.supervisor import ServerSupervisor, wait_for_ping
from lpb_cli.settings import Settings
from lpb_cli.toolchain.audit import AUDIT_VERSION
from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.compiled_client import CompiledClient, start_compiled_client
from lpb_cli.verify.engine_room import TooLargeError, require_room
from lpb_cli.verify.exchanges import (
    LiveExchange,
    checked_exchanges,
    plan_c_requests,
    plan_requests,
    send_requests,
    send_through_c_library,
)
from lpb_cli.verify.lean_client import run_client_tests
from lpb_cli.verify.lean_work import LeanWork
from lpb_cli.verify.lies import tell_lies
from lpb_cli.verify.options import Narrator, SkippableStage, VerifyOptions
from lpb_cli.verify.program import check_program
from lpb_cli.verify.two_kernels import check_with_second_kernel_stage

__all__ = ["check_proofs_stage", "run_verify"]


MOST_PARTS = 6
"""Into how many files a conversation is cut at most: each costs a start of the audit."""

INTERPRETED = "interpreted; host functions instead of LeanZMQ.c"
COMPILED_BY_LAKE = "compiled by lake"
KERNEL = "Lean's kernel"
COMPILED = "the checker as Lean's compiler or interpreter runs it"
"""Who decides: what a report says of a stage."""


@dataclass(slots=True)
class _Run:
    settings: Settings
    options: VerifyOptions
    toolchain: LeanToolchain
    narrator: Narrator
    report: Report
    operations: Sequence[Operation]
    server: ServerSupervisor | None = None
    endpoint: str = ""
    exchanges: list[LiveExchange] = field(default_factory=list)
    proofs_hold: bool = False
    lean: LeanWork | None = None
    client: Future[tuple[list[Check], list[Exchange]]] | None = None
    compiled: CompiledClient | None = None
    program: Future[list[Check]] | None = None
    lie_failures: list[Check] = field(default_factory=list)
    too_large: list[Check] = field(default_factory=list)


def run_verify(
    settings: Settings,
    options: VerifyOptions,
    toolchain: LeanToolchain,
    narrator: Narrator,
    operations: Sequence[Operation],
) -> Report:
    """Run all stages and give the report; what was started is stopped again.

    A stage that fails does not keep the others from running, unless they need it. Ctrl-C gives a
    partial report: the stage it hit is ``interrupted``, those after it ``not run``.

    Parameters
    ----------
    operations
        What the conversation is about; each has a Lean checker.
    """
    started = time.monotonic()
    report = Report(
        engine=toolchain.description,
        seed=options.seed,
        versions={"python": platform.python_version(), "platform": platform.platform()},
    )
    run = _Run(settings, options, toolchain, narrator, report, operations)
    stages: list[tuple[str, Callable[[_Run, Stage], None]]] = [
        ("proofs", _proofs),
        ("serve", _serve),
        ("live", _live),
        ("client", _client),
        ("program", _program),
        ("transcript", _transcript),
        ("lies", _lies),
        ("stop", _stop),
    ]
    if isinstance(toolchain, EmbeddedToolchain):
        if SkippableStage.CLIENT not in options.skip:
            stages.insert(4, ("client, compiled", _compiled_client))  # lake's client is compiled
        stages.insert(1, ("proofs, second kernel", _second_kernel))
    report.stages = [
        Stage(name, Status.SKIPPED if name in options.skip else Status.NOT_RUN)
        for name, _ in stages
    ]
    try:
        toolchain.warm_up()  # it starts while we look for what has changed
        for stage, (_, action) in zip(report.stages, stages, strict=True):
            if stage.status is Status.SKIPPED:
                continue
            with _timed(stage):
                narrator.stage(stage.name)
                action(run, stage)
    except KeyboardInterrupt:
        pass  # the stages say it
    finally:
        if run.lean is not None:
            run.lean.stop()
        if run.compiled is not None:
            run.compiled.close()
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


def _second_kernel(run: _Run, stage: Stage) -> None:
    if not run.proofs_hold or not isinstance(run.toolchain, EmbeddedToolchain):
        stage.summary = "not run: the proofs do not hold"
        return
    run.narrator.progress("a second kernel checks the proofs", 0, 0)
    check_with_second_kernel_stage(run.settings, run.toolchain, stage)


def check_proofs_stage(toolchain: LeanToolchain, narrator: Narrator, stage: Stage) -> bool:
    """Check the package's modules and fill in the stage. Gives whether all of them hold."""
    proofs = toolchain.check_proofs(narrator.progress)
    for module in proofs.modules:
        failed = module.status in (ModuleStatus.FAILED, ModuleStatus.NOT_REACHED)
        errors = [d for d in module.diagnostics if d.severity == "error"]
        stage.checks.append(
            Check(
                module.name,
                Status.FAILED if failed else Status.PASSED,
                "not reached: a module that it imports failed"
                if module.status is ModuleStatus.NOT_REACHED
                else _found(module),
                module.seconds,
                errors if failed else module.diagnostics,
            )
        )
    unchanged = sum(module.status is ModuleStatus.UNCHANGED for module in proofs.modules)
    stage.status = Status.PASSED if proofs.ok else Status.FAILED
    stage.seconds = proofs.seconds
    totals = {name: proofs.total(name) for name in ("theorems", "definitions", "replayed")}
    stage.summary = (
        f"{len(proofs.modules)} modules ({unchanged} unchanged), {totals['theorems']} theorems, "
        f"{totals['definitions']} definitions, {proofs.warnings} warnings; the kernel replayed "
        f"{totals['replayed']} declarations, which name the axioms "
        f"{', '.join(proofs.axioms) or 'none'}"
    )
    stage.data = {
        "modules": [
            {
                "name": module.name,
                "status": module.status,
                "replayed": module.replayed,
                "theorems": module.theorems,
                "definitions": module.definitions,
                "axioms": list(module.axioms),
                "statements": module.statements,
            }
            for module in proofs.modules
        ],
        "unchanged": unchanged,
        **totals,
        "axioms": list(proofs.axioms),
        "audit_version": AUDIT_VERSION,
        "warnings": proofs.warnings,
    }
    return proofs.ok


def _found(module: ModuleResult) -> str:
    return (
        f"{module.status}: {module.replayed} declarations replayed, {module.theorems} theorems, "
        f"axioms {', '.join(module.axioms) or 'none'}"
    )


def _serve(run: _Run, stage: Stage) -> None:
    if run.options.endpoint is not None:
        wait_for_ping(run.options.endpoint, 3.0)
        run.endpoint = run.options.endpoint
        stage.summary = f"uses the server at {run.endpoint}"
    else:
        run.server = ServerSupervisor(run.settings.project, sources=run.options.sources)
        run.server.start()
        run.endpoint = run.server.endpoint
        stage.summary = f"started, answers at {run.endpoint}"
    stage.status = Status.PASSED


def _live(run: _Run, stage: Stage) -> None:
    if not run.endpoint:
        stage.summary = "not run: no server"
        return
    planned = plan_requests(run.operations, run.options.seed, run.options.requests)
    run.exchanges, stage.checks = send_requests(
        run.endpoint, planned, lambda done, total: run.narrator.progress("requests", done, total)
    )
    if run.server is not None:
        run.server.check()
    library = build_c_library(run.settings)
    through_c, checks = send_through_c_library(library.path, run.endpoint, plan_c_requests(planned))
    run.exchanges += through_c
    stage.checks += checks
    _begin_lean(run)
    formats = ", ".join(sorted({request.format for request in planned}))
    answered = len(stage.checks) - len(stage.failures)
    stage.summary = (
        f"{answered} of {len(stage.checks)} requests answered ({formats}), {len(checks)} of them "
        f"through the C library, seed {run.options.seed}"
    )


def _begin_lean(run: _Run) -> None:
    """Start all that Lean does with the conversation: the longest first."""
    if not run.proofs_hold:
        return
    skip = run.options.skip
    # Two programs alone are done sooner by one engine than by two, which both have to start.
    jobs = 1 if SkippableStage.TRANSCRIPT in skip else run.toolchain.jobs
    run.lean = LeanWork(run.toolchain, run.settings.output, jobs)
    if SkippableStage.CLIENT not in skip:
        run.client = run.lean.start(run_client_tests, run.toolchain, run.endpoint)
        run.compiled = start_compiled_client(run.settings, run.toolchain, run.endpoint, run.lean)
    fitting = _fitting(run)
    if fitting and SkippableStage.PROGRAM not in skip:
        run.program = run.lean.start(check_program, run.toolchain, fitting)
    if fitting and SkippableStage.TRANSCRIPT not in skip:
        run.lean.start_transcript(fitting, f"Seed {run.options.seed}.", _parts(run))
    if SkippableStage.LIES not in skip:
        lies, run.lie_failures = tell_lies(run.operations, run.options.seed)
        if lies:
            run.lean.start_lies(lies, f"Seed {run.options.seed}.")


def _fitting(run: _Run) -> list[LiveExchange]:
    """Give the exchanges that the engine has room for; each of the others fails, by name."""
    known = {operation.name: operation for operation in run.operations}
    fitting: list[LiveExchange] = []
    for live in run.exchanges:
        try:
            require_room(run.toolchain, known[live.planned.op], live)
        except TooLargeError as error:
            run.too_large.append(Check(live.name, Status.FAILED, f"{error.message} {error.hint}"))
        else:
            fitting.append(live)
    return fitting


def _parts(run: _Run) -> int:
    return min(run.toolchain.jobs, MOST_PARTS)


_NOT_BEGUN = "not run: no conversation, or the proofs do not hold"


def _client(run: _Run, stage: Stage) -> None:
    if run.client is None or run.lean is None:
        stage.summary = _NOT_BEGUN
        return
    run.narrator.progress("the Lean client's tests", 0, 0)
    stage.checks, exchanges = run.client.result()
    certified = checked_exchanges(exchanges, run.operations, "Lean client")
    run.exchanges += certified
    if SkippableStage.TRANSCRIPT not in run.options.skip:
        run.lean.start_transcript(certified, "What Lean's own client said and heard.", 1)
    passed = len(stage.checks) - len(stage.failures)
    how = COMPILED_BY_LAKE if run.toolchain.name == "lake" else INTERPRETED
    stage.summary = f"Lean's own client: {passed} of {len(stage.checks)} tests passed ({how})"
    stage.data = {"exchanges": len(certified), "program": how, "decided_by": COMPILED}


def _compiled_client(run: _Run, stage: Stage) -> None:
    if run.compiled is None:
        stage.summary = _NOT_BEGUN
        return
    run.narrator.progress("the Lean client's tests, compiled", 0, 0)
    run.compiled.fill_in(stage)


def _transcript(run: _Run, stage: Stage) -> None:
    if run.lean is None or not (run.lean.parts or run.too_large):
        stage.summary = _NOT_BEGUN
        return
    parts = run.lean.parts
    stage.checks = list(run.too_large)
    for done, part in enumerate(parts):
        run.narrator.progress("the kernel checks the conversation", done, len(parts))
        stage.checks += part.checks()
    order = {live.name: place for place, live in enumerate(run.exchanges)}
    stage.checks.sort(key=lambda check: order.get(check.name, len(order)))
    total = sum(len(part.exchanges) for part in parts) + len(run.too_large)
    rejected = sum(check.status is Status.FAILED for check in stage.checks)
    stage.summary = f"the kernel accepts {total - rejected} of {total} exchanges"
    results = [part.result.result() for part in parts]
    audits = [result.audit for result in results if result.audit is not None]
    axioms = sorted({axiom for audit in audits for axiom in audit.axioms})
    replayed = sum(audit.replayed for audit in audits)
    stage.summary += f" ({replayed} declarations replayed, axioms {', '.join(axioms) or 'none'})"
    stage.data = {
        "files": [str(part.file) for part in parts],
        "decided_by": KERNEL,
        "kernel_seconds": round(sum(result.seconds for result in results), 3),
        "replayed": replayed,
        "theorems": sum(len(audit.theorems) for audit in audits),
        "axioms": axioms,
    }


def _lies(run: _Run, stage: Stage) -> None:
    if run.lean is None:
        stage.summary = _NOT_BEGUN
        return
    stage.checks = list(run.lie_failures)
    told = run.lean.lies
    if told is not None:
        run.narrator.progress("lies, which must be refused", 0, 0)
        stage.checks += told.checks()
        stage.data = {"file": str(told.file), "decided_by": KERNEL}
    elif not stage.checks:
        stage.status, stage.summary = Status.PASSED, "no operation has a certificate to lie about"
        return
    refused = len(stage.checks) - len(stage.failures)
    stage.summary = f"Lean refuses {refused} of {len(stage.checks)} answers that are nearly right"


def _program(run: _Run, stage: Stage) -> None:
    if run.program is None:
        stage.summary = _NOT_BEGUN
        return
    run.narrator.progress("ExampleProof reads the conversation", 0, 0)
    stage.checks = run.program.result()
    stage.data = {"decided_by": COMPILED}
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
