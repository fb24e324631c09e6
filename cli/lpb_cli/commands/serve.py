"""`lpb serve`, `lpb worker` and `lpb config`: they share the server's own settings and flags."""

from __future__ import annotations

from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from typer.core import TyperCommand
from typer.main import get_command

from lpb_cli.output.terminal import make_console, print_json
from lpb_cli.settings import child_environment

if TYPE_CHECKING:  # they take long to import, and most commands need none of them
    from lpb_server.settings.config import ClientConfig
    from lpb_server.settings.parser import Parser
    from lpb_server.settings.sources import Loaded

__all__ = ["THEIRS", "ForeignFlags", "client_config", "config", "serve", "worker"]

_WIDEST: Final = 10_000
"""Columns of what is no terminal, at most."""

_RELOAD: Final = "--reload"

THEIRS: Final = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For commands whose flags, ``--help`` among them, are another program's."""


def serve(context: typer.Context) -> None:
    """Run the server in the foreground until Ctrl-C; `lpb serve --help` lists its settings.

    With --reload it is started anew when a file beside those that --operations names changes.
    """
    if _RELOAD in context.args:
        from lpb_cli.commands.reload import serve_and_reload

        arguments = [argument for argument in context.args if argument != _RELOAD]
        serve_and_reload(arguments, make_console(stderr=True))
    from lpb_server.__main__ import main as run_server

    raise typer.Exit(run_server(context.args, "lpb serve"))


def worker(context: typer.Context) -> None:
    """Run one worker in the foreground, for a broker here or elsewhere."""
    from lpb_server.worker.__main__ import main as run_worker

    raise typer.Exit(run_worker(context.args, "lpb worker"))


def config(context: typer.Context) -> None:
    """Show every setting in force, and where it came from; it takes the flags of `lpb serve`."""
    from lpb_server.settings.sources import load_for

    options = _config_parser("lpb config").parse_args(context.args)
    loaded = load_for(options, child_environment(), Path.cwd())
    if options.json:
        print_json(_as_data(loaded))
    else:
        _show(loaded, make_console())


def _config_parser(program: str) -> Parser:
    from lpb_server.settings.layers import SETTINGS, add_flags
    from lpb_server.settings.parser import Parser
    from lpb_server.settings.sources import add_source_flags

    parser = Parser(
        prog=program,
        description="Show every setting in force, and where it came from.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    add_source_flags(parser)
    add_flags(parser, list(SETTINGS))
    return parser


class ForeignFlags(TyperCommand):
    """A command whose flags are another program's: a shell completes these too."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Give the command's parameters, and the other program's flags while a shell completes."""
        known = super().get_params(ctx)
        return [*known, *_foreign_options(str(self.name))] if ctx.resilient_parsing else known


def _foreign_options(command: str) -> list[Any]:
    """Make options of the other program's flags; Typer takes them from a function's signature."""
    from lpb_server.__main__ import make_parser as server_parser
    from lpb_server.worker.__main__ import make_parser as worker_parser

    parsers = {"serve": server_parser, "worker": worker_parser, "config": _config_parser}
    flags = parsers[command](f"lpb {command}").flags()
    if command == "serve":
        flags[_RELOAD] = "start anew when a file that --operations names changes"

    def nothing(**values: str) -> None:
        """Take the flags."""

    names = {f"flag_{number}": flag for number, flag in enumerate(flags)}
    nothing.__annotations__ = dict.fromkeys(names, str)
    nothing.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(name, Parameter.KEYWORD_ONLY, default=typer.Option("", flag, help=said))
            for (name, flag), said in zip(names.items(), flags.values(), strict=True)
        ]
    )
    app = typer.Typer(add_completion=False)
    app.command()(nothing)
    return list(get_command(app).params)


def client_config(changes: dict[str, str | None]) -> tuple[ClientConfig, Path]:
    """Return how `lpb call` reaches a server, and the folder of the keys.

    Parameters
    ----------
    changes
        Settings by key, as flags gave them; None where there was no flag.
    """
    from lpb_server.settings.sources import load

    flags = {key: text for key, text in changes.items() if text is not None}
    found = load(flags, child_environment(), Path.cwd(), own="client").configuration
    return found.client, found.server.keys


def _as_data(loaded: Loaded) -> dict[str, dict[str, object]]:
    from lpb_server.settings.layers import SETTINGS

    return {
        key: {
            "value": str(value) if isinstance(value, Path) else value,
            "from": loaded.origins[key],
            "variable": SETTINGS[key].variable,
            "flag": SETTINGS[key].flag(),
        }
        for key, value in loaded.values.items()
    }


def _show(loaded: Loaded, console: Console) -> None:
    from lpb_server.settings.layers import SETTINGS

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("setting", "value", "from", "environment variable"):
        table.add_column(heading, overflow="fold")
    for key, value in loaded.values.items():
        origin = loaded.origins[key]
        style = "dim" if origin == "default" else "bold"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        table.add_row(key, escape(text), escape(origin), SETTINGS[key].variable, style=style)
    if not console.is_terminal:  # Whoever searches what was printed must find a path in one piece.
        wide = console.options.update(max_width=_WIDEST)
        console.width = max(console.width, table.__rich_measure__(console, wide).maximum)
    console.print(table)
