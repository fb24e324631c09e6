"""Runs the commands: turns signals into Ctrl-C, and errors into a sentence and an exit code."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from lpb_server.errors import BridgeError, ConfigError, KeyFileError, RemoteError
from rich.console import Console

from lpb_cli.app import app
from lpb_cli.errors import (
    EXIT_ENVIRONMENT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    LpbError,
)
from lpb_cli.terminal import print_error

__all__ = ["run"]


def _exit_code(error: BridgeError) -> int:
    if isinstance(error, RemoteError):
        return EXIT_FAILED
    return EXIT_USAGE if isinstance(error, (ConfigError, KeyFileError)) else EXIT_ENVIRONMENT


def run() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        # SIGTERM ends a command as Ctrl-C does: children are stopped, reports written.
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    console = Console(stderr=True)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupt)
        app()
    except KeyboardInterrupt:  # before the command-line library was there to catch it
        sys.exit(EXIT_INTERRUPTED)
    except LpbError as error:
        print_error(error, console)
        sys.exit(error.exit_code)
    except BridgeError as error:
        print_error(LpbError(str(error)), console)
        sys.exit(_exit_code(error))
    except BrokenPipeError:
        sys.exit(EXIT_FAILED)
    except SystemExit as end:
        # The command-line library says 1 for Ctrl-C, which for us means that a proof failed.
        sys.exit(EXIT_INTERRUPTED if interrupted and end.code == EXIT_FAILED else end.code)
