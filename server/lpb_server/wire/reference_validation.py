"""`jsonschema`, the reference: it says whether a schema is one, and words every problem.

It is imported when a value has a problem or a schema is new: importing it takes longer than all
else that a client needs to start.
"""

from __future__ import annotations

from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from lpb_server.wire.narrowing import Narrowing, has_more_parts
from lpb_server.wire.problem import NoSchemaError, Problem
from lpb_server.wire.schema_checks import SPECIFICATIONS, schema_problem
from lpb_server.wire.values import Value

__all__ = ["ReferenceValidator", "check_schema"]

_MESSAGE_LIMIT = 200

_LARGE = 256
"""Values of more parts are narrowed down before the reference looks at them, and it stops at the
first problem; of smaller ones it finds all problems, and the most telling one is said."""


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


class ReferenceValidator:
    """`jsonschema` behind the `Validator` protocol."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = _strict_validator(schema)
        self._narrowing = Narrowing(schema)

    def problem(self, value: Value) -> Problem | None:
        """Return the most telling problem of a value; of a large one, the first."""
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


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what is no JSON Schema (draft 2020-12).

    Raises
    ------
    NoSchemaError
        When it is no schema, or refers to what is not there.
    """
    try:
        _StrictValidator.check_schema(schema)
        problem = schema_problem(schema)
    except jsonschema.SchemaError as error:
        raise NoSchemaError(error.message) from error
    if problem:
        raise NoSchemaError(problem)
