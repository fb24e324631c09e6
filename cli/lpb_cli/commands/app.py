"""The `lpb` command: one short function a command, no logic.

What only one command needs, and takes long to import, is imported there.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from lpb_server import __version__
from lpb_server.sockets.endpoints import check_endpoint

from lpb_cli.commands import serve as serving
from lpb_cli.commands import top as tops
from lpb_cli.commands.call_help import CallCommand
from lpb_cli.commands.keys import keys
from lpb_cli.commands.numbers import a_number
from lpb_cli.errors import (
    EXIT_ENVIRONMENT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    UsageError,
)
from lpb_cli.output.folder import output_lock
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.provenance import provenance
from lpb_cli.output.report import Report, Status, print_report, write_report
from lpb_cli.output.terminal import (
    download_progress,
    make_console,
    plain,
    print_json,
    terminal_reporter,
)
from lpb_cli.processes.interrupts import interrupts_held
from lpb_cli.settings import Settings, load_settings, writable_output
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.verify.options import ABOUT_OTHERS, SkippableStage, VerifyOptions

if TYPE_CHECKING:  # it takes long to import, and most commands do without
    from lpb_server.client import ClientCurve
    from lpb_server.operations import Operation

    from lpb_cli.toolchain.engine_archive import Progress

__all__ = ["app"]

app = typer.Typer(
    name="lpb",
    help="Lean calls numerical Python over ZeroMQ and does not have to trust it: answers carry "
    "certificates that proven checkers decide.\n\n"
    "Exit codes: 0 all held, 1 something did not hold, 2 wrong usage, 3 the environment lacks "
    "something, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

out = make_console()
err = make_console(stderr=True)

Engine = Annotated[
    EngineName,
    typer.Option(help="The Lean engine: auto takes lake when it is installed, else embedded."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, for scripts.")]
Param = Annotated[
    list[str] | None, typer.Option(metavar="KEY=VALUE", help="A parameter; JSON or text.")
]
ArrayOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE.npy", help="An array to send; NAME=FILE.npz:ARRAY, one of several."
    ),
]

Operations = Annotated[
    str,
    typer.Option(
        metavar="FILE.py,MODULE,…",
        envvar="LPB_CERTIFIED_OPERATIONS",
        help="Your own operations as well.",
    ),
]
AskedServer = Annotated[
    str | None,
    typer.Option(
        envvar="LPB_CERTIFIED_ENDPOINT",
        help="Ask the server here, instead of computing it in-process.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"lpb {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Prove in Lean, compute in Python, trust neither the wire nor the server."""


@app.command()
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
    operations: Annotated[
        str, typer.Option(metavar="FILE.py,MODULE,…", help="Your own operations as well.")
    ] = "",
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
        toolchain = open_toolchain(settings, engine, _downloads(reporter))
        with output_lock(settings.output), closing(toolchain):
            toolchain.warm_up()  # it starts while the rest is imported
            with interrupts_held():
                from lpb_cli.verify.choice import checked_operations
                from lpb_cli.verify.workflow import run_verify
            chosen = chosen or checked_operations(options)
            report = run_verify(settings, options, toolchain, reporter, chosen)
            _keep(report, settings, settings.output)
    _show(report, settings.output, as_json)
    codes = {Status.PASSED: EXIT_OK, Status.INTERRUPTED: EXIT_INTERRUPTED}
    raise typer.Exit(codes.get(report.status, EXIT_FAILED))


def _verify_own_package(settings: Settings, engine: EngineName, folder: Path, as_json: bool) -> int:
    """Check the user's own Lake package, show the report, and give the exit code."""
    from lpb_cli.commands.answer import Answerer
    from lpb_cli.commands.own_package import print_output, verify_own_package

    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, _downloads(reporter), Answerer())
        with output_lock(settings.output):
            report = verify_own_package(settings, toolchain, reporter)
            _keep(report, settings, folder)
    if not as_json:
        print_output(report, out)
    _show(report, folder, as_json)
    return EXIT_OK if report.status is Status.PASSED else EXIT_FAILED


def _keep(report: Report, settings: Settings, folder: Path) -> None:
    """Write a report, with what it was made of."""
    report.made_of = provenance(settings, report.files)
    write_report(report, folder)


def _show(report: Report, folder: Path, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
    else:
        print_report(report, out, folder)


def _curve(endpoint: str | None) -> ClientCurve | None:
    """Give the keys for a server that is asked to certify."""
    if endpoint is None:
        return None
    from lpb_server.security.keys import client_curve

    client, folder = serving.client_config({"client.endpoint": endpoint})
    return client_curve(folder, client.curve_key, client.curve_server_key)


def _downloads(reporter: ProgressReporter) -> Progress:
    return lambda text, done, total: download_progress(reporter, text, done, total)


@app.command()
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
        toolchain = open_toolchain(settings, engine, _downloads(reporter))
        with output_lock(settings.output):
            report = build_all(settings, toolchain, reporter)
            _keep(report, settings, folder)
    _show(report, folder, as_json)
    raise typer.Exit(EXIT_OK if report.status is Status.PASSED else EXIT_FAILED)


@app.command()
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
    ask = Answerer(operations, endpoint, _curve(endpoint))
    settings = with_own_checkers(load_settings(own=True), operations)
    writable_output(settings)
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, _downloads(reporter), ask)
        with output_lock(settings.output), closing(toolchain):
            checked = checking.check_files(toolchain, found, reporter.progress)
    if as_json:
        print_json(checking.as_data(checked, toolchain.description))
    else:
        checking.print_checked(checked, toolchain.description, out)
    raise typer.Exit(EXIT_OK if all(each.result.ok for each in checked) else EXIT_FAILED)


@app.command()
def answer(operations: Operations = "", endpoint: AskedServer = None) -> None:
    """Answer a question on stdin with a Lean term: what the tactic certified runs under lake.

    Without --endpoint the answer is computed in this process; LPB_CERTIFIED_ENDPOINT and
    LPB_CERTIFIED_OPERATIONS give the options to a lake that runs this.
    """
    from lpb_cli.commands.answer import Answerer

    print(Answerer(operations, endpoint, _curve(endpoint))(sys.stdin.read()), end="")


@app.command()
def setup(engine: Engine = EngineName.AUTO) -> None:
    """Fetch what `lpb verify` needs, so that it can run offline later."""
    settings = load_settings()
    with terminal_reporter(err, quiet=False) as reporter:
        toolchain = open_toolchain(settings, engine, _downloads(reporter))
        description = toolchain.description
        toolchain.close()
    out.print(f"Ready: {description}", highlight=False, markup=False)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at every prerequisite: found or not, its version, how to get it."""
    from lpb_cli.commands import doctor as doctors

    findings = doctors.examine(load_settings())
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        doctors.print_findings(findings, out)
    missing = any(finding.needed and not finding.found for finding in findings)
    raise typer.Exit(EXIT_ENVIRONMENT if missing else EXIT_OK)


app.command(cls=serving.ForeignFlags, context_settings=serving.THEIRS)(serving.serve)
app.command(cls=serving.ForeignFlags, context_settings=serving.THEIRS)(serving.worker)
app.command(cls=serving.ForeignFlags, context_settings=serving.THEIRS)(serving.config)
app.add_typer(keys)
app.command()(tops.top)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The operation, such as root.")],
    folder: Annotated[Path, typer.Option(help="Where the files are written.")] = Path(),
) -> None:
    """Write a certified operation to start from: Python, Lean checker and theorem, test."""
    from lpb_cli.commands.new import new_operation

    for file in new_operation(name, folder):
        out.print(plain(str(file)), highlight=False, soft_wrap=True)
    own = plain(str(folder / f"{name}.py"))
    out.print(
        f"Now: lpb verify --operations {own} --operation {name}", highlight=False, soft_wrap=True
    )


@app.command()
def catalogue(
    operations: Annotated[
        str, typer.Option(metavar="FILE.py,MODULE,…", help="Your own operations as well.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Where to write it; stdout by default.")
    ] = None,
) -> None:
    """Show every certified operation: what it takes, its certificate, its theorem. Markdown."""
    from lpb_cli.commands import catalogue as catalogues

    settings = load_settings()
    chosen = catalogues.certified_operations(operations)
    folder = Path.cwd() if output is None else output.absolute().parent
    page = catalogues.catalogue_page(chosen, settings, folder)
    if output is None:
        print(page, end="")
        return
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror or error}") from error


@app.command()
def certify(
    operation: Annotated[str, typer.Argument(metavar="OP", help="A certified operation.")],
    output: Annotated[
        Path, typer.Option(metavar="FILE.lean", help="The Lean file to write.")
    ] = Path("Theorem.lean"),
    param: Param = None,
    array: ArrayOption = None,
    operations: Annotated[
        str, typer.Option(metavar="FILE.py,MODULE,…", help="Your own operations as well.")
    ] = "",
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
        _curve(endpoint),
    )
    found = certifying.certified_operation(options)
    settings = load_settings()
    writable_output(settings)
    settings = with_checkers(settings, [found])
    with terminal_reporter(err, quiet=as_json) as reporter:
        toolchain = open_toolchain(settings, engine, _downloads(reporter))
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


@app.command(cls=CallCommand)
def call(
    operation: Annotated[
        str,
        typer.Argument(metavar="OP", help="The operation, such as ping; OP --help describes it."),
    ],
    param: Param = None,
    array: ArrayOption = None,
    certify: Annotated[bool, typer.Option(help="Ask for a certificate.")] = False,
    endpoint: Annotated[
        str | None, typer.Option(help="Where the server listens; see lpb config, client.endpoint.")
    ] = None,
    curve_key: Annotated[
        str | None, typer.Option(metavar="NAME", help="Your key, for a server with CURVE.")
    ] = None,
    curve_server_key: Annotated[
        str | None, typer.Option(metavar="NAME|PUBLIC-KEY", help="The server's public key.")
    ] = None,
    keys_folder: Annotated[
        str | None, typer.Option("--keys", metavar="PATH", help="The folder of the keys.")
    ] = None,
    shared_memory: Annotated[
        bool | None,
        typer.Option(
            "--shared-memory/--no-shared-memory",
            help="Send large arrays to a server on this host through shared memory.",
        ),
    ] = None,
    format: Annotated[str, typer.Option(help="auto, json, msgpack or protobuf.")] = "auto",
    timeout_s: Annotated[
        float,
        typer.Option(
            "--timeout",
            min=0.001,
            callback=a_number,
            help="Seconds that each try waits; inf for no limit.",
        ),
    ] = 10.0,
    tries: Annotated[int, typer.Option(min=1, help="How often to send at most.")] = 3,
    output: Annotated[
        Path | None, typer.Option(help="A folder for the arrays of the reply, as .npy files.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send one request to a running server and print its reply."""
    from lpb_server.security.keys import client_curve

    from lpb_cli.commands import call as calls
    from lpb_cli.commands.array_files import prepare_folder

    if format not in ("auto", "json", "msgpack", "protobuf"):
        raise UsageError(f"--format takes auto, json, msgpack or protobuf, not {format!r}.")
    client, folder = serving.client_config(
        {
            "client.endpoint": endpoint,
            "client.curve_key": curve_key,
            "client.curve_server_key": curve_server_key,
            "client.shared_memory": None if shared_memory is None else str(shared_memory),
            "keys": keys_folder,
        }
    )
    if output is not None:
        prepare_folder(output)
    result = calls.call(
        calls.CallOptions(
            operation,
            client.endpoint,
            calls.parse_params(param or []),
            calls.parse_arrays(array or []),
            certify,
            format,
            timeout_s,
            tries,
            client_curve(folder, client.curve_key, client.curve_server_key),
            client.shared_memory,
        )
    )
    calls.print_result(result, out, output, as_json=as_json)


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="End within a minute.")] = False,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Only this scenario; may be given several times.")
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List the scenarios and what is measured side by side.")
    ] = False,
    rounds: Annotated[
        int | None, typer.Option(min=3, help="Rounds of each case: 7, or 3 when quick.")
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OLD.json", help="Say what got slower since that run."),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            min=0.0, callback=a_number, help="By how much a ratio has to change to count."
        ),
    ] = 0.2,
    slo: Annotated[
        bool, typer.Option("--slo", help="Check the objectives in benchmarks/slo.toml.")
    ] = False,
    read: Annotated[
        Path | None,
        typer.Option(metavar="RESULTS.json", help="Report on an earlier run; measure nothing."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The report's folder; .lpb/bench by default.")
    ] = None,
    operations: Annotated[
        str,
        typer.Option(
            metavar="FILE.py,MODULE,…", help="Your own operations as well, in `certificates`."
        ),
    ] = "",
    engine: Engine = EngineName.AUTO,
    as_json: Json = False,
) -> None:
    """Measure the bridge beside raw pyzmq and what people would take instead.

    Writes results.json, results.csv, pictures and report.html. Exits 1 when something got slower
    than in OLD.json or an objective was missed.
    """
    from lpb_benchmarks.command import print_report
    from lpb_benchmarks.report.table import print_scenarios

    from lpb_cli.commands import bench as benches
    from lpb_cli.commands.catalogue import certified_operations
    from lpb_cli.verify.checkers import with_checkers

    if listing:
        print_scenarios(out)
        return
    settings = load_settings()
    chosen = certified_operations(operations)
    settings = with_checkers(settings, chosen)
    with (
        terminal_reporter(err, quiet=as_json) as reporter,
        benches.EngineWhenNeeded(settings, engine, reporter) as when_needed,
        benches.CompiledCheck(settings, when_needed) as compiled,
    ):
        report = benches.benchmark(
            benches.BenchOptions(
                output=output or settings.output / "bench",
                scenarios=scenario or [],
                quick=quick,
                rounds=rounds,
                read=read,
                compare=compare,
                threshold=threshold,
                objectives=settings.project / "benchmarks" / "slo.toml" if slo else None,
                c_library=lambda: benches.c_library(settings),
                transcript_check=benches.TranscriptCheck(settings, when_needed),
                operations=chosen,
                lean_checks=benches.lean_checks(settings, when_needed, compiled),
            ),
            reporter,
        )
    if as_json:
        print_json(report.as_dict())
    else:
        print_report(report, out)
    if report.run.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(EXIT_OK if report.holds else EXIT_FAILED)
