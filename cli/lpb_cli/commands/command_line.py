"""Runs the commands: turns signals into Ctrl-C, and errors into a sentence and an exit code."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from lpb_server.errors import (
    BridgeError,
    BridgeTimeout,
    ConfigError,
    ErrorCode,
    KeyFileError,
    MalformedEndpoint,
    RegistrationError,
    RemoteError,
    RequestError,
    UnprovenError,
)

from lpb_cli.commands.app import app
from lpb_cli.errors import (
    EXIT_ENVIRONMENT,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    EnvironmentLacksError,
    LpbError,
)
from lpb_cli.output.terminal import make_console, print_error
from lpb_cli.settings import load_settings

__all__ = ["run"]


def _exit_code(error: BridgeError) -> int:
    if isinstance(error, (RemoteError, UnprovenError)):
        return EXIT_FAILED
    usage = (ConfigError, KeyFileError, MalformedEndpoint, RegistrationError, RequestError)
    if isinstance(error, usage):
        return EXIT_USAGE  # A RequestError is of a request that could not be written.
    return EXIT_ENVIRONMENT


def _next_step(error: BridgeError) -> str:
    """Say what to do about an error of a call, where that is known."""
    if isinstance(error, RemoteError) and error.code == ErrorCode.UNKNOWN_OPERATION:
        known = error.details.get("operations")
        return f"There are: {', '.join(map(str, known))}." if isinstance(known, list) else ""
    if isinstance(error, BridgeTimeout):
        return "Start one with `lpb serve`, or name another one with --endpoint."
    return ""


def _lacks(error: OSError) -> EnvironmentLacksError:
    """Say which file or folder could not be used, and how to use another one."""
    named = error.filename if isinstance(error.filename, str) else ""
    message = f"{named}: {error.strerror or error}" if named else str(error.strerror or error)
    try:
        settings = load_settings()
    except (LpbError, OSError):
        return EnvironmentLacksError(message)
    for folder, variable in ((settings.cache, "LPB_CACHE"), (settings.output, "LPB_OUTPUT")):
        if named and (Path(named).is_relative_to(folder) or folder.is_relative_to(named)):
            return EnvironmentLacksError(message, f"Set {variable} to a folder that can be used.")
    return EnvironmentLacksError(message)


def run() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        # SIGTERM ends a command as Ctrl-C does: children are stopped, reports written.
        nonlocal interrupted
        interrupted = True
        raise KeyboardInterrupt

    console = make_console(stderr=True)
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
        print_error(LpbError(str(error), _next_step(error)), console)
        sys.exit(_exit_code(error))
    except BrokenPipeError:
        sys.exit(EXIT_FAILED)
    except OSError as error:
        print_error(_lacks(error), console)
        sys.exit(EXIT_ENVIRONMENT)
    except MemoryError:
        print_error(EnvironmentLacksError("There is not enough memory for this."), console)
        sys.exit(EXIT_ENVIRONMENT)
    except SystemExit as end:
        # The command-line library says 1 for Ctrl-C, which for us means that a proof failed.
        sys.exit(EXIT_INTERRUPTED if interrupted and end.code == EXIT_FAILED else end.code)
