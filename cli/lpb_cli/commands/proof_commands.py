"""The commands that have Lean check something: one short function a command, no logic."""

from __future__ import annotations

import secrets
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from lpb_server.sockets.endpoints import check_endpoint

from lpb_cli.commands.common import (
    ArrayOption,
    AskedServer,
    Engine,
    Json,
    Operations,
    OwnOperations,
    Param,
    curve,
    downloads,
    err,
    exit_code,
    keep,
    out,
    show,
)
from lpb_cli.errors import EXIT_FAILED, EXIT_OK
from lpb_cli.output.folder import output_lock
from lpb_cli.output.terminal import print_json, terminal_reporter
from lpb_cli.processes.interrupts import interrupts_held
from lpb_cli.settings import Settings, load_settings, writable_output
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.verify.options import ABOUT_OTHERS, SkippableStage, VerifyOptions

if TYPE_CHECKING:  # it takes long to import, and most commands do without
    from lpb_server.operations import Operation

__all__ = ["answer", "build", "certify", "check", "setup", "verify"]


def verify(
    engine: Engine = EngineName.AUTO,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the random matrices; random by default, printed.")
    ] = None,
    requests: Annotated[
        int,
        typer.Option(
            min=0, max=1000, help="Random examples of each operation, beside those at the edges."
        ),
    ] = 3,
    operations: OwnOperations = "",
    operation: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this operation, and its lies.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="Use the server running here instead of starting one.")
    ] = None,
    skip: Annotated[
        list[SkippableStage] | None,
        typer.Option(help="Leave this stage out, and say so; may be given several times."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the proofs, talk to a real server, and have Lean's kernel check the conversation.

    Writes report.json, junit.xml and LiveTranscript1.lean and more under .lpb/ of the checkout.
    In a Lake package of your own it checks that package's modules, and talks to nobody, unless
    --operations, --operation or --endpoint is given.
    """
    if endpoint is not None:
        check_endpoint(endpoint, binds=False)
    settings = load_settings(own=not (operations or operation or endpoint))
    writable_output(settings)
    if settings.own is not None:
        raise typer.Exit(_verify_own_package(settings, engine, settings.output, as_json))
    if endpoint is not None:  # Nobody waits minutes for the proofs, to hear this then.
        from lpb_cli.processes.supervisor import require_server

        require_server(endpoint)
    options = VerifyOptions(
        seed=secrets.randbelow(2**31) if seed is None else seed,
        requests=requests,
        endpoint=endpoint,
        skip=frozenset(skip or ()) | (ABOUT_OTHERS if operation else frozenset()),
        sources=operations,
        only=operation,
    )
    chosen: list[Operation] = []
    if operations or operation:  # What is wrong with them is said before the engine starts.
        from lpb_cli.verify.checkers import with_checkers
        from lpb_cli.verify.choice import checked_operations

        chosen = checked_operations(options)
        settings = with_checkers(settings, chosen)
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter))
        with output_lock(settings.output), closing(toolchain):
            toolchain.warm_up()  # it starts while the rest is imported
            with interrupts_held():
                from lpb_cli.verify.choice import checked_operations
                from lpb_cli.verify.workflow import run_verify
            chosen = chosen or checked_operations(options)
            report = run_verify(settings, options, toolchain, reporter, chosen)
            keep(report, settings, settings.output)
    show(report, settings.output, as_json)
    raise typer.Exit(exit_code(report))


def _verify_own_package(settings: Settings, engine: EngineName, folder: Path, as_json: bool) -> int:
    """Check the user's own Lake package, show the report, and give the exit code."""
    from lpb_cli.commands.answer import Answerer
    from lpb_cli.commands.own_package import print_output, verify_own_package

    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter), Answerer())
        with output_lock(settings.output):
            report = verify_own_package(settings, toolchain, reporter)
            keep(report, settings, folder)
    if not as_json:
        print_output(report, out)
    show(report, folder, as_json)
    return exit_code(report)


def build(engine: Engine = EngineName.AUTO, as_json: Json = False) -> None:
    """Check the Lean modules, build the C library, and compile the server.

    With lake this is `lake build`, which builds everything natively. The embedded engine checks
    the modules; the C library is built with cc. The server's Python modules that every call goes
    through are compiled with mypyc; all that lpb starts uses them, as long as they are current.
    In a Lake package of your own it checks that package's modules.
    """
    from lpb_cli.commands.build import build_all

    settings = load_settings(own=True)
    writable_output(settings)
    folder = settings.output / "build"
    if settings.own is not None:
        raise typer.Exit(_verify_own_package(settings, engine, folder, as_json))
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter))
        with output_lock(settings.output):
            report = build_all(settings, toolchain, reporter)
            keep(report, settings, folder)
    show(report, folder, as_json)
    raise typer.Exit(exit_code(report))


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.lean…", help="What to check.")],
    operations: Operations = "",
    endpoint: AskedServer = None,
    engine: Engine = EngineName.AUTO,
    as_json: Json = False,
) -> None:
    """Have Lean's kernel check single files, through the gate that the package goes through.

    They may import Lean's library, the modules of lean-python-bridge, and those of the Lake package
    that lpb was started in. Transcripts and certified theorems of others are such files. What the
    tactic certified asks in them is answered, by the server or in this process.
    """
    from lpb_cli.commands import check as checking
    from lpb_cli.commands.answer import Answerer, with_own_checkers

    found = checking.lean_files(files)
    ask = Answerer(operations, endpoint, curve(endpoint))
    settings = with_own_checkers(load_settings(own=True), operations)
    writable_output(settings)
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter), ask)
        with output_lock(settings.output), closing(toolchain):
            checked = checking.check_files(toolchain, found, reporter.progress)
    if as_json:
        print_json(checking.as_data(checked, toolchain.description))
    else:
        checking.print_checked(checked, toolchain.description, out)
    raise typer.Exit(EXIT_OK if all(each.result.ok for each in checked) else EXIT_FAILED)


def answer(operations: Operations = "", endpoint: AskedServer = None) -> None:
    """Answer a question on stdin with a Lean term: what the tactic certified runs under lake.

    Without --endpoint the answer is computed in this process; LPB_CERTIFIED_ENDPOINT and
    LPB_CERTIFIED_OPERATIONS give the options to a lake that runs this.
    """
    from lpb_cli.commands.answer import Answerer

    print(Answerer(operations, endpoint, curve(endpoint))(sys.stdin.read()), end="")


def setup(engine: Engine = EngineName.AUTO) -> None:
    """Fetch what `lpb verify` needs, so that it can run offline later."""
    settings = load_settings()
    with terminal_reporter(err, quiet=False) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter))
        description = toolchain.description
        toolchain.close()
    out.print(f"Ready: {description}", highlight=False, markup=False)


def certify(
    operation: Annotated[str, typer.Argument(metavar="OP", help="A certified operation.")],
    output: Annotated[
        Path, typer.Option(metavar="FILE.lean", help="The Lean file to write.")
    ] = Path("Theorem.lean"),
    param: Param = None,
    array: ArrayOption = None,
    operations: OwnOperations = "",
    endpoint: Annotated[
        str | None, typer.Option(help="Ask the server here, instead of computing it in-process.")
    ] = None,
    engine: Engine = EngineName.AUTO,
    as_json: Json = False,
) -> None:
    """Write one result as a Lean theorem, in a file of its own, and have Lean's kernel check it.

    The file needs the Lean package, and neither Python nor a server any more.
    """
    from lpb_cli.commands import call as calls
    from lpb_cli.commands import certify as certifying
    from lpb_cli.verify.checkers import with_checkers
    from lpb_cli.verify.engine_room import require_room

    options = certifying.CertifyOptions(
        operation,
        calls.parse_params(param or []),
        calls.parse_arrays(array or []),
        operations,
        endpoint,
        curve(endpoint),
    )
    found = certifying.certified_operation(options)
    if options.endpoint is not None:  # Nobody waits ten minutes to hear that there is none.
        from lpb_cli.processes.supervisor import require_server

        require_server(options.endpoint, options.curve)
    settings = load_settings()
    writable_output(settings)
    settings = with_checkers(settings, [found])
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, downloads(reporter))
        with output_lock(settings.output), closing(toolchain):
            live = certifying.answered(found, options)
            file = certifying.write_theorem(found, options, live.exchange, output)
            require_room(toolchain, found, live, f"{file} is written, and not checked. ")
            result = certifying.check_theorem(toolchain, file)
    if as_json:
        print_json(certifying.as_data(found, file, toolchain.description, result))
    else:
        certifying.print_verdict(found, file, toolchain.description, result, out)
    raise typer.Exit(EXIT_OK if result.ok else EXIT_FAILED)
