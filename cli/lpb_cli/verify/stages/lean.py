"""The stages in which Lean looks at the conversation: clients, programs, transcript and lies.

All of it is begun together, the longest first; each stage then waits for its part.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass

from lpb_server.client import Exchange
from lpb_server.operations import Operation

from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Check, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.compiled_client import CompiledClient, start_compiled_client
from lpb_cli.verify.engine_room import TooLargeError, require_room
from lpb_cli.verify.exchanges import LiveExchange, checked_exchanges
from lpb_cli.verify.lean_client import run_client_tests
from lpb_cli.verify.lean_work import LeanWork
from lpb_cli.verify.lies import tell_lies
from lpb_cli.verify.options import SkippableStage, VerifyOptions
from lpb_cli.verify.program import check_program
from lpb_cli.verify.stages.server import Server
from lpb_cli.verify.steps import Outcome

__all__ = [
    "LeanTasks",
    "begin_lean",
    "check_lies",
    "check_transcript",
    "fitting_exchanges",
    "run_client",
    "run_compiled_client",
    "run_program",
]

MOST_PARTS = 6
"""Into how many files a conversation is cut at most: each costs a start of the audit."""

NOT_BEGUN = "not run: no conversation, or the proofs do not hold"

INTERPRETED = "interpreted; host functions instead of LeanZMQ.c"
COMPILED_BY_LAKE = "compiled by lake"
KERNEL = "Lean's kernel"
COMPILED = "the checker as Lean's compiler or interpreter runs it"
"""Who decides: what a report says of a stage."""


@dataclass(frozen=True, slots=True)
class LeanTasks:
    """What Lean was given to do.

    Attributes
    ----------
    client, program
        Those that were asked for.
    too_large
        The exchanges that the engine has no room for, each a failure.
    lie_failures
        The lies that could not be told.
    """

    work: LeanWork
    client: Future[tuple[list[Check], list[Exchange]]] | None
    compiled: CompiledClient | None
    program: Future[list[Check]] | None
    too_large: list[Check]
    lie_failures: list[Check]


def begin_lean(
    owned: ExitStack,
    settings: Settings,
    options: VerifyOptions,
    toolchain: LeanToolchain,
    operations: Sequence[Operation],
    server: Server,
    exchanges: Sequence[LiveExchange],
) -> LeanTasks:
    """Start all that Lean does with the conversation, the longest first; `owned` ends it."""
    skip = options.skip
    # Two programs alone are done sooner by one engine than by two, which both have to start.
    jobs = 1 if SkippableStage.TRANSCRIPT in skip else toolchain.jobs
    work = LeanWork(toolchain, settings.output, jobs)
    owned.callback(work.stop)
    client = compiled = program = None
    if SkippableStage.CLIENT not in skip:
        client = work.start(run_client_tests, toolchain, server.endpoint)
        compiled = start_compiled_client(settings, toolchain, server.endpoint, work)
        if compiled is not None:
            owned.callback(compiled.close)
    fitting, too_large = fitting_exchanges(toolchain, operations, exchanges)
    if fitting and SkippableStage.PROGRAM not in skip:
        program = work.start(check_program, toolchain, fitting)
    seed = f"Seed {options.seed}."
    if fitting and SkippableStage.TRANSCRIPT not in skip:
        work.start_transcript(fitting, seed, min(toolchain.jobs, MOST_PARTS))
    lie_failures: list[Check] = []
    if SkippableStage.LIES not in skip:
        lies, lie_failures = tell_lies(operations, options.seed)
        if lies:
            work.start_lies(lies, seed)
    return LeanTasks(work, client, compiled, program, too_large, lie_failures)


def fitting_exchanges(
    toolchain: LeanToolchain, operations: Sequence[Operation], exchanges: Sequence[LiveExchange]
) -> tuple[list[LiveExchange], list[Check]]:
    """Give the exchanges that the engine has room for, and a failure for each other one."""
    known = {operation.name: operation for operation in operations}
    fitting: list[LiveExchange] = []
    too_large: list[Check] = []
    for live in exchanges:
        try:
            require_room(toolchain, known[live.planned.op], live)
        except TooLargeError as error:
            too_large.append(Check(live.name, Status.FAILED, f"{error.message} {error.hint}"))
        else:
            fitting.append(live)
    return fitting, too_large


def run_client(
    options: VerifyOptions,
    toolchain: LeanToolchain,
    reporter: ProgressReporter,
    operations: Sequence[Operation],
    tasks: LeanTasks | None,
) -> Outcome[list[LiveExchange]]:
    """Wait for the Lean client's tests. The value is what it said and heard, certified."""
    if tasks is None or tasks.client is None:
        return Outcome(NOT_BEGUN)
    reporter.progress("the Lean client's tests", 0, 0)
    checks, exchanges = tasks.client.result()
    certified = checked_exchanges(exchanges, operations, "Lean client")
    if SkippableStage.TRANSCRIPT not in options.skip:
        tasks.work.start_transcript(certified, "What Lean's own client said and heard.", 1)
    how = COMPILED_BY_LAKE if toolchain.name == "lake" else INTERPRETED
    return Outcome(
        f"Lean's own client: {_passed(checks)} of {len(checks)} tests passed ({how})",
        certified,
        checks=checks,
        data={"exchanges": len(certified), "program": how, "decided_by": COMPILED},
    )


def run_compiled_client(reporter: ProgressReporter, tasks: LeanTasks | None) -> Outcome[None]:
    """Wait for the same tests as machine code, where that is possible."""
    if tasks is None or tasks.compiled is None:
        return Outcome(NOT_BEGUN)
    reporter.progress("the Lean client's tests, compiled", 0, 0)
    return tasks.compiled.outcome()


def run_program(
    toolchain: LeanToolchain, reporter: ProgressReporter, tasks: LeanTasks | None
) -> Outcome[None]:
    """Wait for the program that reads the conversation."""
    if tasks is None or tasks.program is None:
        return Outcome(NOT_BEGUN)
    reporter.progress("ExampleProof reads the conversation", 0, 0)
    checks = tasks.program.result()
    return Outcome(
        f"ExampleProof: {_passed(checks)} of {len(checks)} checks, in Lean ({toolchain.name})",
        checks=checks,
        data={"decided_by": COMPILED},
    )


def check_transcript(
    reporter: ProgressReporter, tasks: LeanTasks | None, exchanges: Sequence[LiveExchange]
) -> Outcome[None]:
    """Wait for the kernel's verdict on each exchange; `exchanges` gives their order."""
    if tasks is None or not (tasks.work.parts or tasks.too_large):
        return Outcome(NOT_BEGUN)
    parts = tasks.work.parts
    checks = list(tasks.too_large)
    for done, part in enumerate(parts):
        reporter.progress("the kernel checks the conversation", done, len(parts))
        checks += part.checks()
    order = {live.name: place for place, live in enumerate(exchanges)}
    checks.sort(key=lambda check: order.get(check.name, len(order)))
    total = sum(len(part.exchanges) for part in parts) + len(tasks.too_large)
    rejected = sum(check.status is Status.FAILED for check in checks)
    results = [part.result.result() for part in parts]
    audits = [result.audit for result in results if result.audit is not None]
    axioms = sorted({axiom for audit in audits for axiom in audit.axioms})
    replayed = sum(audit.replayed for audit in audits)
    return Outcome(
        f"the kernel accepts {total - rejected} of {total} exchanges "
        f"({replayed} declarations replayed, axioms {', '.join(axioms) or 'none'})",
        checks=checks,
        data={
            "files": [str(part.file) for part in parts],
            "decided_by": KERNEL,
            "kernel_seconds": round(sum(result.seconds for result in results), 3),
            "replayed": replayed,
            "theorems": sum(len(audit.theorems) for audit in audits),
            "axioms": axioms,
        },
    )


def check_lies(reporter: ProgressReporter, tasks: LeanTasks | None) -> Outcome[None]:
    """Wait for the kernel's verdict on each lie: it must be refused."""
    if tasks is None:
        return Outcome(NOT_BEGUN)
    checks, told = list(tasks.lie_failures), tasks.work.lies
    data = {}
    if told is not None:
        reporter.progress("lies, which must be refused", 0, 0)
        checks += told.checks()
        data = {"file": str(told.file), "decided_by": KERNEL}
    elif not checks:
        return Outcome("no operation has a certificate to lie about", status=Status.PASSED)
    return Outcome(
        f"Lean refuses {_passed(checks)} of {len(checks)} answers that are nearly right",
        checks=checks,
        data=data,
    )


def _passed(checks: Sequence[Check]) -> int:
    return sum(check.status is not Status.FAILED for check in checks)
