"""Programs that are run once, to their end: compilers, npm, what says its version.

`plumbum` finds and starts them. What is supervised while it runs is a `Child`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plumbum import local

from lpb_cli.errors import CommandFailedError, EnvironmentLacksError

__all__ = ["run_command"]

_LAST_CHARACTERS = 20_000
_HINT = "Run `lpb doctor` to see what is missing."


def run_command(
    argv: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    accept: Sequence[int] = (0,),
) -> str:
    """Run a program to its end and give what it printed on stdout.

    It has a process group of its own, of which nothing is left afterwards: not when it failed, took
    too long or was interrupted, either.

    Parameters
    ----------
    argv
        The program, by name or path, and its arguments.
    environment
        Changes to the environment of this process.
    accept
        The exit codes that are no failure.

    Raises
    ------
    CommandFailedError
        When its exit code is not in `accept`, or it did not end within `timeout_s`.
    EnvironmentLacksError
        When it cannot be started.
    """
    started = time.monotonic()
    # By the search path of today: plumbum keeps the one that it saw first.
    program = shutil.which(argv[0])
    if program is None:
        raise EnvironmentLacksError(f"{argv[0]} cannot be found.", _HINT)
    try:
        # Beside what plumbum's types know of it, it is a `subprocess.Popen`.
        process: Any = local[program].popen(
            argv[1:],
            cwd=str(directory),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            new_session=True,
        )
    except OSError as error:
        raise EnvironmentLacksError(
            f"{argv[0]} cannot be started: {error.strerror or error}", _HINT
        ) from error
    code: int | None = None
    said = errors = b""
    with process:
        try:
            said, errors = process.communicate(timeout=timeout_s)
            code = process.returncode
        except subprocess.TimeoutExpired as late:
            said, errors = late.stdout or b"", late.stderr or b""
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    output, complaints = (text.decode("utf-8", "replace") for text in (said, errors))
    if code is None or code not in accept:
        seconds = time.monotonic() - started
        tail = (output + complaints)[-_LAST_CHARACTERS:]
        raise CommandFailedError(argv, str(directory), code, seconds, tail)
    return output.rstrip("\n")
