"""`lpb verify`: its stages in order, and what each needs from those before it."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lpb_server.operations import Operation

from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Report
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.options import SkippableStage, VerifyOptions
from lpb_cli.verify.stages.lean import (
    LeanTasks,
    begin_lean,
    check_lies,
    check_transcript,
    run_client,
    run_compiled_client,
    run_program,
)
from lpb_cli.verify.stages.proofs import check_proofs, check_with_another_kernel
from lpb_cli.verify.stages.server import Server, converse, open_server, stop_server
from lpb_cli.verify.steps import Outcome, Steps

__all__ = ["run_verify"]

SECOND_KERNEL = "proofs, second kernel"
COMPILED_CLIENT = "client, compiled"


@dataclass(frozen=True, slots=True)
class _Conversation:
    exchanges: list[LiveExchange]
    tasks: LeanTasks | None


def run_verify(
    settings: Settings,
    options: VerifyOptions,
    toolchain: LeanToolchain,
    reporter: ProgressReporter,
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
    steps = Steps(report, reporter, _names(toolchain, options), options.skip)
    try:
        with ExitStack() as owned:
            owned.callback(toolchain.close)
            toolchain.warm_up()  # it starts while we look for what has changed
            _run(steps, owned, settings, options, toolchain, reporter, operations)
    except KeyboardInterrupt:
        pass  # the stages say it
    report.seconds = time.monotonic() - started
    return report


def _names(toolchain: LeanToolchain, options: VerifyOptions) -> list[str]:
    """Give the stages in order: with lake, the client is compiled, and there is one kernel."""
    embedded = isinstance(toolchain, EmbeddedToolchain)
    compiled = embedded and SkippableStage.CLIENT not in options.skip
    return [
        *("proofs", *((SECOND_KERNEL,) if embedded else ()), "serve", "live", "client"),
        *((COMPILED_CLIENT,) if compiled else ()),
        *("program", "transcript", "lies", "stop"),
    ]


def _run(
    steps: Steps,
    owned: ExitStack,
    settings: Settings,
    options: VerifyOptions,
    toolchain: LeanToolchain,
    reporter: ProgressReporter,
    operations: Sequence[Operation],
) -> None:
    hold = steps.run("proofs", lambda: check_proofs(toolchain, reporter)) is True

    def live() -> Outcome[_Conversation]:
        spoken = converse(settings, options, reporter, operations, server)
        exchanges, tasks = spoken.value, None
        if hold and server is not None and exchanges is not None:
            tasks = begin_lean(owned, settings, options, toolchain, operations, server, exchanges)
        value = None if exchanges is None else _Conversation(exchanges, tasks)
        return Outcome(spoken.summary, value, spoken.status, spoken.checks, spoken.data)

    if isinstance(toolchain, EmbeddedToolchain):
        engine = toolchain
        steps.run(
            SECOND_KERNEL,
            lambda: check_with_another_kernel(settings, engine, reporter, hold=hold),
        )
    server: Server | None = steps.run("serve", lambda: open_server(settings, options))
    if server is not None:
        owned.callback(server.stop)
    lived = steps.run("live", live)
    tasks = None if lived is None else lived.tasks
    heard = steps.run("client", lambda: run_client(options, toolchain, reporter, operations, tasks))
    if COMPILED_CLIENT in steps:
        steps.run(COMPILED_CLIENT, lambda: run_compiled_client(reporter, tasks))
    steps.run("program", lambda: run_program(toolchain, reporter, tasks))
    exchanges = [*([] if lived is None else lived.exchanges), *(heard or [])]
    steps.run("transcript", lambda: check_transcript(reporter, tasks, exchanges))
    steps.run("lies", lambda: check_lies(reporter, tasks))
    steps.run("stop", lambda: stop_server(server))
