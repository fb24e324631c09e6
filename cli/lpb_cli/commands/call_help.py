"""`lpb call OP --help`: what the operation takes, below what the command does."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from typer.core import TyperCommand

from lpb_cli.output.terminal import make_console, plain

__all__ = ["CallCommand", "describe_operation"]

_TIMEOUT_S = 0.5
_NAMED = "lpb_cli.operation"


class CallCommand(TyperCommand):
    """A command whose help goes on about the operation that is named before ``--help``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember which operation is named: `--help` ends the parsing before it is looked at."""
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_NAMED] = given.get("operation")
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help, and what is known of the operation."""
        super().format_help(ctx, formatter)
        name = ctx.meta.get(_NAMED)
        if isinstance(name, str):
            describe_operation(name, make_console())


def describe_operation(name: str, console: Console) -> None:
    """Print what the server, or else this installation, says of an operation."""
    listed, where = _listed()
    found = next((item for item in listed if item.get("name") == name), None)
    if found is None:
        known = ", ".join(str(item.get("name")) for item in listed)
        console.print(plain(f"There is no operation {name!r} {where}; there are: {known}."))
        return
    console.print(f"[bold]{plain(name)}[/]: {plain(str(found.get('summary')))} [dim]({where})[/]")
    for line in (*_arrays(found), *_params(found), _proof(found)):
        console.print(f"  {plain(line)}", highlight=False, soft_wrap=True)


def _listed() -> tuple[list[dict[str, Any]], str]:
    """Ask the server that `lpb call` would; nobody has to be there."""
    from lpb_server.client import BridgeClient, client_curve
    from lpb_server.errors import BridgeError

    from lpb_cli.commands.serve import client_config

    try:
        client, folder = client_config({})
        curve = client_curve(folder, client.curve_key, client.curve_server_key)
        with BridgeClient(client.endpoint, timeout_s=_TIMEOUT_S, tries=1, curve=curve) as bridge:
            listed: Any = bridge.call("operations").result["operations"]
            return list(listed), f"at {client.endpoint}"
    except BridgeError:
        from lpb_server.operations import default_registry

        return [dict(item.describe()) for item in default_registry()], "in this installation"


def _arrays(operation: dict[str, Any]) -> list[str]:
    arrays = operation.get("arrays")
    if arrays is None:
        return ["takes any arrays"]
    lines = []
    for array in arrays:
        shape = "any shape" if array["shape"] is None else str(array["shape"]).replace("'", "")
        needed = "" if array["needed"] else ", may be left out"
        lines.append(f"--array {array['name']}: {array['dtype'] or 'any dtype'}, {shape}{needed}")
    return lines


def _params(operation: dict[str, Any]) -> list[str]:
    schema = operation.get("params") or {}
    lines = []
    for name, about in (schema.get("properties") or {}).items():
        about = about if isinstance(about, dict) else {}
        kind = about.get("type", "any value")
        needed = "" if name in schema.get("required", ()) else ", may be left out"
        description = f": {about['description']}" if "description" in about else ""
        lines.append(f"--param {name}: {kind}{needed}{description}")
    return lines


def _proof(operation: dict[str, Any]) -> str:
    if operation.get("certified"):
        return f"--certify: {operation.get('certificate')}, checked by {operation.get('theorem')}"
    return "has no certificate: there is nothing to certify"
