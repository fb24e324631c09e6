"""Where the `lpb` command begins: only the standard library, until Ctrl-C is provided for."""

from __future__ import annotations

import os
import signal
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before any import that would fail in its own words
    sys.exit("lpb needs Python 3.11 or newer; this is " + sys.version.split()[0])

__all__ = ["main"]

_EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # While modules are imported there is nothing yet to clean up, and an exception raised
        # inside an import comes out as whatever the imported module makes of it.
        signal.signal(number, lambda *_: os._exit(_EXIT_INTERRUPTED))
    from lpb_cli.building.compiled import use_compiled
    from lpb_cli.output.streams import prepare_streams

    prepare_streams()
    use_compiled()
    from lpb_cli.commands.command_line import run

    run()


if __name__ == "__main__":
    main()
