"""Where the `lpb` command begins: maps errors to a sentence and an exit code."""

from __future__ import annotations

import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before any import that would fail in its own words
    sys.exit("lpb needs Python 3.11 or newer; this is " + sys.version.split()[0])

from types import FrameType

from lpb_server.errors import BridgeError, RemoteError
from rich.console import Console

from lpb_cli.app import app
from lpb_cli.errors import EXIT_ENVIRONMENT, EXIT_FAILED, EXIT_INTERRUPTED, LpbError
from lpb_cli.terminal import print_error

__all__ = ["main"]


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does: children are stopped, reports written."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(stderr=True)
    try:
        code = app(standalone_mode=False)
    except LpbError as error:
        print_error(error, console)
        sys.exit(error.exit_code)
    except BridgeError as error:
        refused = isinstance(error, RemoteError)
        print_error(LpbError(str(error)), console)
        sys.exit(EXIT_FAILED if refused else EXIT_ENVIRONMENT)
    except KeyboardInterrupt:
        console.print("[yellow]interrupted[/]")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(EXIT_FAILED)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
