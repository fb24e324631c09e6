"""What can be known about an operation when it is registered, and is wrong.

Whatever is found here would be an ``internal`` error at each of its calls, or at those of
``operations``, which lists it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lpb_server.errors import RegistrationError, WireError
from lpb_server.operations.declaration import ArraySpec, ArraySpecs
from lpb_server.wire.arrays import DTYPES
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.validation import NoSchemaError, Validator, compile_schema
from lpb_server.wire.values import check_value

__all__ = ["check_callable", "check_name", "check_text", "checked_schema", "declared"]

_LONGEST_NAME: Final = 128
_MOST_DIMENSIONS: Final = 32
_LISTED_DEPTH: Final = 4
"""How deep a schema stands in the reply of ``operations``."""


def check_name(name: str, summary: str) -> None:
    """Refuse a name that no request can carry, and a summary that cannot be listed.

    Raises
    ------
    RegistrationError
        When one is missing, too long, or no text.
    """
    if not isinstance(name, str) or not name:
        raise RegistrationError("an operation needs a name")
    check_text(f"operation {name[:64]!r}: the name", name)
    check_text(f"operation {name!r}: the summary", summary, 1 << 16)


def check_text(what: str, text: object, longest: int = _LONGEST_NAME) -> None:
    """Refuse what is no text, too long, or no Unicode.

    Raises
    ------
    RegistrationError
        It says what is wrong.
    """
    if not isinstance(text, str):
        raise RegistrationError(f"{what} is no text")
    if len(text) > longest:
        raise RegistrationError(f"{what} has more than {longest} characters")
    try:
        check_value(text)
    except WireError as error:
        raise RegistrationError(f"{what}: {error.message}") from None


def declared(
    operation: str, arrays: ArraySpecs | Sequence[str] | None
) -> dict[str, ArraySpec] | None:
    """Return the arrays that an operation takes by name; None for any.

    Raises
    ------
    RegistrationError
        When the declaration cannot be meant.
    """
    if arrays is None:
        return None
    about = f"operation {operation!r}:"
    if isinstance(arrays, str):
        raise RegistrationError(f"{about} arrays is a text; write ({arrays!r},)")
    if not isinstance(arrays, Mapping | Sequence):
        raise RegistrationError(f"{about} arrays are a map of ArraySpec, or a sequence of names")
    for name in arrays:
        check_text(f"{about} an array's name", name)
        if not name:
            raise RegistrationError(f"{about} an array needs a name")
    if isinstance(arrays, Mapping):
        specs = dict(arrays)
    else:
        specs = {name: ArraySpec() for name in arrays}
        if len(specs) != len(arrays):
            raise RegistrationError(f"{about} an array is named twice")
    for name, spec in specs.items():
        problem = _problem(name, spec)
        if problem:
            raise RegistrationError(f"{about} array {name!r} {problem}")
    return specs


def _problem(name: str, spec: object) -> str:
    if not isinstance(spec, ArraySpec):
        return f"must be declared by an ArraySpec, not {type(spec).__name__}"
    if spec.dtype is not None and spec.dtype not in DTYPES:
        return f"has dtype {spec.dtype!r}; the wire carries {', '.join(DTYPES)}"
    if spec.shape is not None:
        if not isinstance(spec.shape, tuple) or len(spec.shape) > _MOST_DIMENSIONS:
            return f"must have a tuple of at most {_MOST_DIMENSIONS} dimensions as its shape"
        for size in spec.shape:
            if not (isinstance(size, str) and size) and not (type(size) is int and size >= 0):
                return f"has a dimension {size!r}: write a number, or a name that stands for one"
    try:
        check_value(spec.describe(name))
    except WireError as error:
        return f"cannot be listed: {error.message}"
    return ""


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
    except (NoSchemaError, RecursionError) as error:
        said = str(error) if isinstance(error, NoSchemaError) else "it has no end"
        raise RegistrationError(
            f"operation {name!r}: params is no JSON Schema: {said[:512]}"
        ) from error
    kinds = params.get("type", "object")
    if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
        raise RegistrationError(f"operation {name!r}: params are a map, and its schema admits none")
    return validator


def check_callable(
    about: str, function: object, arguments: int, *, may_yield: bool = False
) -> None:
    """Refuse what cannot be called with so many arguments, or does not answer when it is.

    Parameters
    ----------
    about : str
        What it is called in the error.
    function : callable
        Anything whatever.
    arguments : int
        How many it is called with.
    may_yield : bool
        Whether it may be a generator.

    Raises
    ------
    RegistrationError
        It says what is wrong.
    """
    if not callable(function):
        raise RegistrationError(f"{about} cannot be called: it is {type(function).__name__}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise RegistrationError(f"{about} is asynchronous; it has to return the outcome itself")
    if inspect.isgeneratorfunction(function) and not may_yield:
        raise RegistrationError(f"{about} is a generator; it has to return the outcome itself")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # Of some in C nothing is known.
    try:
        signature.bind(*range(arguments))
    except TypeError as error:
        raise RegistrationError(f"{about} has to take {arguments} arguments: {error}") from None
