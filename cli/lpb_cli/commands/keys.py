"""`lpb keys`: CURVE keys, and who is let in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from lpb_cli.errors import EXIT_FAILED, LpbError
from lpb_cli.output.terminal import make_console, print_error, print_json
from lpb_cli.settings import child_environment

if TYPE_CHECKING:  # they take long to import, and most commands need none of them
    from lpb_server.security.keys import KeyFolder, Role

__all__ = ["keys"]

keys = typer.Typer(
    name="keys",
    help="CURVE keys, and who is let in. What is allowed or revoked holds at once: a running "
    "server reads its lists again.",
    no_args_is_help=True,
)

out = make_console()
err = make_console(stderr=True)

Name = Annotated[str, typer.Argument(metavar="NAME|PUBLIC-KEY", help="Whose key.")]
Folder = Annotated[
    Path | None, typer.Option("--keys", help="The folder of the keys; LPB_KEYS, or see lpb config.")
]
AsWorker = Annotated[
    bool, typer.Option("--worker", help="On the list of workers, not on that of clients.")
]


def _folder(named: Path | None) -> KeyFolder:
    from lpb_server.security.keys import KeyFolder
    from lpb_server.settings.sources import load

    flags = {} if named is None else {"keys": str(named)}
    return KeyFolder(load(flags, child_environment(), Path.cwd()).configuration.server.keys)


def _role(worker: bool) -> Role:
    from lpb_server.security.keys import Role

    return Role.WORKER if worker else Role.CLIENT


@keys.command()
def new(
    name: Annotated[str, typer.Argument(help="A server looks for 'server'.")],
    folder: Folder = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a pair of that name.")] = False,
) -> None:
    """Draw a key pair; print the public key. Only you can read the file with the secret."""
    where = _folder(folder)
    pair = where.new(name, force=force)
    print(pair.public)
    written = escape(f"{where.path}/{name}")
    make_console(stderr=True).print(f"Written to {written}.key and .key_secret")


@keys.command()
def allow(name: Name, folder: Folder = None, worker: AsWorker = False) -> None:
    """Let a key in."""
    key = _folder(folder).allow(name, _role(worker))
    out.print(f"A {_role(worker)} may use {escape(key)}", highlight=False)


@keys.command()
def revoke(name: Name, folder: Folder = None, worker: AsWorker = False) -> None:
    """Let a key in no more: its connections run nothing from now on."""
    where, role = _folder(folder), _role(worker)
    count = where.revoke(name, role)
    if not count:
        allowed = sorted(set(where.allowed(role).names().values()))
        there = f"There are: {', '.join(allowed)}." if allowed else "Nobody is on it."
        print_error(LpbError(f"{name!r} is not on the list of {role}s.", there), err)
        raise typer.Exit(EXIT_FAILED)
    out.print(f"{count} key{'' if count == 1 else 's'} revoked", highlight=False)


@keys.command("list")
def list_keys(
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, for scripts.")] = False,
) -> None:
    """List the keys there are, and what each may be."""
    from lpb_server.security.keys import Role

    where = _folder(folder)
    allowed = {role: where.allowed(role).names() for role in Role}
    rows = [
        (name, public, "public and secret" if secret else "public")
        for name, (public, secret) in where.list().items()
    ]
    here = {public for _, public, _ in rows}
    for names in allowed.values():
        for key, name in names.items():
            if key not in here:
                here.add(key)
                rows.append((name, key, "elsewhere"))
    found = [
        {"name": name, "key": key, "here": kind, "may be": [r for r in Role if key in allowed[r]]}
        for name, key, kind in rows
    ]
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "public key", "here", "may be"):
        table.add_column(heading, no_wrap=heading == "public key")
    for row in found:
        may_be = ", ".join(row["may be"])
        table.add_row(*(escape(str(row[part])) for part in ("name", "key", "here")), may_be)
    out.print(table)
