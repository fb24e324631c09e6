"""The commands that ask a server, or measure one: one short function a command, no logic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpb_cli.commands import serve as serving
from lpb_cli.commands.common import ArrayOption, Engine, Json, Param, err, out
from lpb_cli.commands.numbers import a_number
from lpb_cli.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, UsageError
from lpb_cli.output.terminal import print_json, terminal_reporter
from lpb_cli.settings import load_settings
from lpb_cli.toolchain.choice import EngineName

__all__ = ["bench", "call"]


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
        from lpb_cli.commands.array_files import prepare_folder

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
