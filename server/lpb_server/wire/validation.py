"""JSON Schema validation: compiled once, the same answer for a value in every format.

`reference_validation` is the reference, and words every problem. Most values have none: those the
compiled checks of `fast_validation` let through without it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from lpb_server.wire.fast_validation import Check, compile_check
from lpb_server.wire.plain_schemas import is_plain_schema
from lpb_server.wire.problem import NoSchemaError, Problem, Validator
from lpb_server.wire.values import Value

__all__ = [
    "NoSchemaError",
    "Problem",
    "Validator",
    "compile_schema",
    "load_schema",
    "packaged_validator",
]


class _LazyReference:
    """The reference for a schema that is known to be one; made when a value has a problem."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._made: Validator | None = None

    def problem(self, value: Value) -> Problem | None:
        if self._made is None:
            from lpb_server.wire.reference_validation import ReferenceValidator

            self._made = ReferenceValidator(self._schema)
        return self._made.problem(value)


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
    NoSchemaError
        When it is no schema, or refers to what is not there.
    """
    if not is_plain_schema(schema):
        from lpb_server.wire.reference_validation import check_schema

        check_schema(schema)
    return _compiled(schema)


def _compiled(schema: dict[str, Any]) -> Validator:
    reference = _LazyReference(schema)
    check = compile_check(schema)
    return reference if check is None else _FastValidator(check, reference)


def load_schema(name: str) -> dict[str, Any]:
    """Read one of the schemas that ship with the package: ``reply`` and the like."""
    text = (files("lpb_server.wire") / "schemas" / f"{name}.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def packaged_validator(name: str) -> Validator:
    """Return the compiled validator of a packaged schema, which the tests have seen to be one."""
    return _compiled(load_schema(name))
