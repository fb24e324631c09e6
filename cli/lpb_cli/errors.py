"""The errors a user can cause or meet, and the exit code each one has.

::

    LpbError                        a sentence, what to do next, an exit code
    ├── UsageError                  2  wrong arguments, wrong directory
    ├── EnvironmentLacksError       3  something is missing on this machine
    │   └── EngineUnavailableError  3  no Lean engine, and none to be had
    ├── CommandFailedError          3  a program we ran failed or fell silent
    │   └── EngineExhaustedError    3  the embedded engine had too little memory or stack
    ├── AuditFailedError            3  the audit of the proofs gave no verdict
    ├── CertifyError                1  there is no certificate of what was asked for
    ├── CheckError                  1  what a file imports does not hold
    ├── ServerFailedError           1  the supervised server died or never answered
    └── InterruptedByUserError      130  Ctrl-C or SIGTERM

A proof that Lean rejects is not among them: it is a value in a report.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "EXIT_ENVIRONMENT",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_OK",
    "EXIT_USAGE",
    "AuditFailedError",
    "CertifyError",
    "CheckError",
    "CommandFailedError",
    "EngineExhaustedError",
    "EngineUnavailableError",
    "EnvironmentLacksError",
    "InterruptedByUserError",
    "LpbError",
    "ServerFailedError",
    "UsageError",
]

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
EXIT_INTERRUPTED = 130


class LpbError(Exception):
    """Base of all errors that `lpb` reports by itself.

    Parameters
    ----------
    message
        What happened, one sentence.
    hint
        What to do next; may be empty.
    """

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LpbError):
    """The command was called in a way that cannot work."""

    exit_code = EXIT_USAGE


class EnvironmentLacksError(LpbError):
    """This machine lacks something; the hint says how to get it."""

    exit_code = EXIT_ENVIRONMENT


class EngineUnavailableError(EnvironmentLacksError):
    """No Lean engine is installed and none could be fetched."""


class CommandFailedError(LpbError):
    """A program we ran failed, or was silent for too long.

    Parameters
    ----------
    argv
        The command as it was run.
    directory
        Where it was run.
    exit_code_of_command
        Its exit code, negative for a signal; ``None`` when it did not end in time.
    seconds
        How long it ran.
    output
        The last lines it printed.
    """

    exit_code = EXIT_ENVIRONMENT

    def __init__(
        self,
        argv: Sequence[str],
        directory: str,
        exit_code_of_command: int | None,
        seconds: float,
        output: str,
        hint: str = "",
    ) -> None:
        ended = (
            "did not end in time"
            if exit_code_of_command is None
            else f"ended with code {exit_code_of_command}"
        )
        text = f"{' '.join(argv)} {ended} after {seconds:.1f} s in {directory}"
        if output.strip():
            text += "\n" + output.rstrip()
        super().__init__(text, hint)
        self.argv = list(argv)
        self.directory = directory
        self.exit_code_of_command = exit_code_of_command
        self.seconds = seconds
        self.output = output


class EngineExhaustedError(CommandFailedError):
    """The embedded engine used up its memory or its stack.

    Parameters
    ----------
    argv, directory, exit_code_of_command, seconds, output
        As in `CommandFailedError`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        directory: str,
        exit_code_of_command: int | None,
        seconds: float,
        output: str,
    ) -> None:
        super().__init__(argv, directory, exit_code_of_command, seconds, output)
        self.message = (
            f"The embedded engine used up its memory (2 GiB) or its stack after {seconds:.1f} s: "
            "what it was to check is too large for it."
        )
        self.args = (self.message,)
        self.hint = "Ask for less at once, or have it checked by Lean itself (--engine lake)."


class AuditFailedError(LpbError):
    """The audit ended before its verdict, or said nothing that can be read: nothing holds."""

    exit_code = EXIT_ENVIRONMENT

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The audit of the proofs gave no verdict, so nothing is known to hold: {what}",
            "Run the command again, with more free memory if there was none; "
            "`lpb doctor` looks at the engine.",
        )


class CertifyError(LpbError):
    """There is no certificate of what was asked for."""


class CheckError(LpbError):
    """A file cannot be checked: what it imports does not hold."""


class ServerFailedError(LpbError):
    """The server that was started, or named, does not answer."""


class InterruptedByUserError(LpbError):
    """Ctrl-C, or SIGTERM."""

    exit_code = EXIT_INTERRUPTED
