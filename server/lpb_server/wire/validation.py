"""JSON Schema validation: compiled once, the same answer for a value in every format.

`jsonschema` is the reference, and words every problem. Most values have none: those the compiled
checks of `fast_validation` let through without it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import jsonschema
from jsonschema.exceptions import best_match

from lpb_server.wire.fast_validation import Check, compile_check
from lpb_server.wire.narrowing import Narrowing, has_more_parts
from lpb_server.wire.schema_checks import SPECIFICATIONS, schema_problem
from lpb_server.wire.values import Value

__all__ = ["Problem", "Validator", "compile_schema", "load_schema", "packaged_validator"]

_MESSAGE_LIMIT = 200

_LARGE = 256
"""Values of more parts are narrowed down before the reference looks at them, and it stops at the
first problem; of smaller ones it finds all problems, and the most telling one is said."""


class Problem:
    """Where a value breaks its schema, and how.

    Attributes
    ----------
    path : str
        JSON pointer to the offending part; empty for the value itself.
    rule : str
        The schema keyword that is broken.
    message : str
        One sentence, cut to a length that can be sent.
    """

    __slots__ = ("message", "path", "rule")

    def __init__(self, path: str, rule: str, message: str) -> None:
        self.path = path
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        return f"{self.path or 'the value'}: {self.message}"


class Validator(Protocol):
    """A compiled schema."""

    def problem(self, value: Value) -> Problem | None:
        """Return the most telling problem of a value; None when it is valid."""


def _is_integer(_checker: object, instance: object) -> bool:
    # JSON Schema counts 2.0 as an integer; the data model keeps ints and floats apart.
    return isinstance(instance, int) and not isinstance(instance, bool)


_StrictValidator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _strict_validator(schema: dict[str, Any]) -> Any:
    # With a registry of its own it fetches nothing.
    return _StrictValidator(schema, registry=SPECIFICATIONS)


class _ReferenceValidator:
    """`jsonschema` behind the `Validator` protocol."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = _strict_validator(schema)
        self._narrowing = Narrowing(schema)

    def problem(self, value: Value) -> Problem | None:
        where: tuple[str | int, ...] = ()
        if has_more_parts(value, _LARGE):
            where, schema, part = self._narrowing.part(value)
            error = next(_strict_validator(schema).iter_errors(part), None)
        else:
            error = best_match(self._validator.iter_errors(value))
        if error is None:
            return None
        path = "".join(
            "/" + str(part).replace("~", "~0").replace("/", "~1")[:64]
            for part in (*where, *error.absolute_path)
        )
        message = error.message
        if len(message) > _MESSAGE_LIMIT:  # It quotes the value, which may be a whole matrix.
            message = message[: _MESSAGE_LIMIT - 1] + "…"
        return Problem(path, str(error.validator), message)


class _FastValidator:
    """Compiled checks that answer for valid values; the reference answers for all others."""

    def __init__(self, check: Check, reference: Validator) -> None:
        self._check = check
        self._reference = reference

    def problem(self, value: Value) -> Problem | None:
        return None if self._check(value) else self._reference.problem(value)


def compile_schema(schema: dict[str, Any]) -> Validator:
    """Compile a JSON Schema (draft 2020-12).

    Raises
    ------
    jsonschema.SchemaError
        When it is no schema, or refers to what is not there.
    """
    _StrictValidator.check_schema(schema)
    problem = schema_problem(schema)
    if problem:
        raise jsonschema.SchemaError(problem)
    reference = _ReferenceValidator(schema)
    check = compile_check(schema)
    return reference if check is None else _FastValidator(check, reference)


def load_schema(name: str) -> dict[str, Any]:
    """Read one of the schemas that ship with the package: ``reply`` and the like."""
    text = (files("lpb_server.wire") / "schemas" / f"{name}.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def packaged_validator(name: str) -> Validator:
    """Return the compiled validator of a packaged schema."""
    return compile_schema(load_schema(name))
