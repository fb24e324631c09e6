"""Which operations `lpb verify` is about."""

from __future__ import annotations

from lpb_server.errors import RegistrationError
from lpb_server.operations import Operation, default_registry

from lpb_cli.errors import UsageError
from lpb_cli.verify.options import VerifyOptions

__all__ = ["checked_operations"]


def checked_operations(options: VerifyOptions) -> list[Operation]:
    """Give the operations that Lean has a checker for; only the one asked for, if one is.

    Raises
    ------
    UsageError
        When the user's own cannot be loaded, or the one asked for is not there or has no checker.
    """
    try:
        registry = default_registry(options.sources)
    except RegistrationError as error:
        raise UsageError(str(error), "`lpb new NAME` writes a pair of files that works.") from error
    checked = [operation for operation in registry if operation.checker is not None]
    if options.only is None:
        return checked
    chosen = [operation for operation in checked if operation.name == options.only]
    if not chosen:
        known = ", ".join(sorted(operation.name for operation in checked))
        raise UsageError(
            f"There is no operation {options.only!r} with a Lean checker.", f"There are: {known}."
        )
    return chosen
