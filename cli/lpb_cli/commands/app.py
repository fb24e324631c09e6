"""The `lpb` command, put together: commands in the order in which its help lists them.

What only one command needs, and takes long to import, is imported there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from lpb_server import __version__

from lpb_cli.commands import proof_commands, server_commands
from lpb_cli.commands import serve as serving
from lpb_cli.commands import top as tops
from lpb_cli.commands.call_help import CallCommand
from lpb_cli.commands.common import Json, OwnOperations, out
from lpb_cli.commands.keys import keys
from lpb_cli.errors import EXIT_ENVIRONMENT, EXIT_OK, UsageError
from lpb_cli.output.terminal import plain, print_json
from lpb_cli.settings import load_settings

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


app.command()(proof_commands.verify)
app.command()(proof_commands.build)
app.command()(proof_commands.check)
app.command()(proof_commands.answer)
app.command()(proof_commands.setup)


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
    operations: OwnOperations = "",
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


app.command()(proof_commands.certify)
app.command(cls=CallCommand)(server_commands.call)
app.command()(server_commands.bench)
