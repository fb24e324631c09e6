"""`lpb serve`, `lpb worker` and `lpb config`: they share the server's own settings and flags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lpb_cli.output.terminal import make_console, print_json
from lpb_cli.settings import child_environment

if TYPE_CHECKING:  # they take long to import, and most commands need none of them
    from lpb_server.settings.config import ClientConfig
    from lpb_server.settings.sources import Loaded

__all__ = ["client_config", "config", "serve", "worker"]

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
    from lpb_server.settings.layers import SETTINGS, add_flags
    from lpb_server.settings.parser import Parser
    from lpb_server.settings.sources import add_source_flags, load_for

    parser = Parser(
        prog="lpb config",
        description="Show every setting in force, and where it came from.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, for scripts")
    add_source_flags(parser)
    add_flags(parser, list(SETTINGS))
    options = parser.parse_args(context.args)
    loaded = load_for(options, child_environment(), Path.cwd())
    if options.json:
        print_json(_as_data(loaded))
    else:
        _show(loaded, make_console())


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
