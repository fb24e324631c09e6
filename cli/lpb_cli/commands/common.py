"""Options that several commands have, and what several do with a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lpb_cli.commands import serve as serving
from lpb_cli.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.terminal import download_progress, make_console, print_json
from lpb_cli.settings import Settings
from lpb_cli.toolchain.choice import EngineName

if TYPE_CHECKING:  # it takes long to import, and most commands do without
    from pathlib import Path

    from lpb_server.client import ClientCurve

    from lpb_cli.output.report import Report
    from lpb_cli.toolchain.engine_archive import Progress

__all__ = [
    "ArrayOption",
    "AskedServer",
    "Engine",
    "Json",
    "Operations",
    "OwnOperations",
    "Param",
    "curve",
    "downloads",
    "err",
    "exit_code",
    "keep",
    "out",
    "show",
]

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
OwnOperations = Annotated[
    str, typer.Option(metavar="FILE.py,MODULE,…", help="Your own operations as well.")
]
AskedServer = Annotated[
    str | None,
    typer.Option(
        envvar="LPB_CERTIFIED_ENDPOINT",
        help="Ask the server here, instead of computing it in-process.",
    ),
]


def keep(report: Report, settings: Settings, folder: Path) -> None:
    """Write a report, with what it was made of."""
    from lpb_cli.output.provenance import provenance
    from lpb_cli.output.report import write_report

    report.made_of = provenance(settings, report.files)
    write_report(report, folder)


def show(report: Report, folder: Path, as_json: bool) -> None:
    """Print a report, for a person or for a script."""
    from lpb_cli.output.report import print_report

    if as_json:
        print_json(report.as_dict())
    else:
        print_report(report, out, folder)


def exit_code(report: Report) -> int:
    """Give the exit code that says what became of what a report is about."""
    from lpb_cli.output.report import Status

    codes = {Status.PASSED: EXIT_OK, Status.INTERRUPTED: EXIT_INTERRUPTED}
    return codes.get(report.status, EXIT_FAILED)


def curve(endpoint: str | None) -> ClientCurve | None:
    """Give the keys for a server that is asked to certify."""
    if endpoint is None:
        return None
    from lpb_server.security.keys import client_curve

    client, folder = serving.client_config({"client.endpoint": endpoint})
    return client_curve(folder, client.curve_key, client.curve_server_key)


def downloads(reporter: ProgressReporter) -> Progress:
    """Have a reporter show what is fetched."""
    return lambda text, done, total: download_progress(reporter, text, done, total)
