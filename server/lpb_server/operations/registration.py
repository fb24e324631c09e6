"""What can be known about an operation when it is registered, and is wrong.

Whatever is found here would be an ``internal`` error at each of its calls, or at those of
``operations``, which lists it.
"""

from __future__ import annotations

import inspect
from typing import Any, Final

import jsonschema

from lpb_server.errors import RegistrationError, WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.validation import Validator, compile_schema
from lpb_server.wire.values import check_value

__all__ = ["check_callable", "check_names", "checked_schema"]

_LONGEST_NAME: Final = 128
_LISTED_DEPTH: Final = 4
"""How deep a schema stands in the reply of ``operations``."""


def check_names(
    name: str, summary: str, arrays: tuple[str, ...] | None, optional_arrays: tuple[str, ...]
) -> None:
    """Refuse names that no request can carry.

    Raises
    ------
    RegistrationError
        When one is missing, too long, no text, or stands twice.
    """
    if not isinstance(name, str) or not name:
        raise RegistrationError("an operation needs a name")
    _check_text(f"operation {name[:64]!r}: the name", name, _LONGEST_NAME)
    _check_text(f"operation {name!r}: the summary", summary, 1 << 16)
    listed = () if arrays is None else arrays
    for names in (listed, optional_arrays):
        if not isinstance(names, tuple | list):
            raise RegistrationError(f"operation {name!r}: arrays are a tuple of names")
        for item in names:
            _check_text(f"operation {name!r}: an array's name", item, _LONGEST_NAME)
            if not item:
                raise RegistrationError(f"operation {name!r}: an array needs a name")
        if len(set(names)) != len(names):
            raise RegistrationError(f"operation {name!r}: an array is named twice")
    if arrays is not None and not set(optional_arrays) <= set(arrays):
        raise RegistrationError(f"operation {name!r}: an optional array is none of its arrays")


def _check_text(what: str, text: object, longest: int) -> None:
    if not isinstance(text, str):
        raise RegistrationError(f"{what} is no text")
    if len(text) > longest:
        raise RegistrationError(f"{what} has more than {longest} characters")
    try:
        check_value(text)
    except WireError as error:
        raise RegistrationError(f"{what}: {error.message}") from None


def checked_schema(name: str, params: dict[str, Any]) -> Validator:
    """Compile the schema of an operation's parameters.

    Raises
    ------
    RegistrationError
        When it is none, cannot be listed, admits no map, or refers to what is not there.
    """
    try:
        if not isinstance(params, dict):
            raise RegistrationError(f"operation {name!r}: params is no JSON Schema, but no map")
        check_value(params, MAX_DEPTH - _LISTED_DEPTH)
        validator = compile_schema(params)
    except WireError as error:
        raise RegistrationError(f"operation {name!r}: params: {error.message}") from error
    except (jsonschema.SchemaError, RecursionError) as error:
        said = error.message if isinstance(error, jsonschema.SchemaError) else "it has no end"
        raise RegistrationError(
            f"operation {name!r}: params is no JSON Schema: {said[:512]}"
        ) from error
    kinds = params.get("type", "object")
    if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
        raise RegistrationError(f"operation {name!r}: params are a map, and its schema admits none")
    return validator


def check_callable(name: str, what: str, function: object, arguments: int) -> None:
    """Refuse what cannot be called with so many arguments, or does not answer when it is.

    Raises
    ------
    RegistrationError
        It says what is wrong.
    """
    about = f"operation {name!r}: the {what}"
    if not callable(function):
        raise RegistrationError(f"{about} cannot be called")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise RegistrationError(f"{about} is asynchronous; it has to return the outcome itself")
    if inspect.isgeneratorfunction(function):
        raise RegistrationError(f"{about} is a generator; it has to return the outcome itself")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # Of some in C nothing is known.
    try:
        signature.bind(*range(arguments))
    except TypeError as error:
        raise RegistrationError(f"{about} has to take {arguments} arguments: {error}") from None
