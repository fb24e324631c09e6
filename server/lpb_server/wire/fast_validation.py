"""JSON Schema compiled to closures: says "valid" fast, and leaves everything else to `jsonschema`.

The closures cover the keywords that the bridge's own schemas use. A schema with any other keyword
is not compiled, and the reference validator alone decides. For the ones that are, the two agree on
every value of the data model; a test compares them on random schemas and values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any, Final, TypeAlias

__all__ = ["Check", "compile_check"]

Check: TypeAlias = Callable[[Any], bool]

_ANNOTATIONS: Final = frozenset(
    {"$schema", "$defs", "title", "description", "default", "examples", "then", "else"}
)
_TYPES: Final[dict[str, frozenset[type]]] = {
    "null": frozenset({type(None)}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),
    "number": frozenset({int, float}),
    "string": frozenset({str}),
    "array": frozenset({list}),
    "object": frozenset({dict}),
}
_DEFINITION: Final = "#/$defs/"


class _NotCompiled(Exception):
    """The schema says something that this module does not know."""


def compile_check(schema: dict[str, Any] | bool) -> Check | None:
    """Compile a schema that is known to be one.

    Parameters
    ----------
    schema : dict or bool
        JSON Schema, draft 2020-12.

    Returns
    -------
    callable or None
        Tells whether a value of the data model is valid; None when the schema uses a keyword that
        is not covered.
    """
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    try:
        return _compile(schema, definitions, ())
    except _NotCompiled:
        return None


def _compile(schema: Any, definitions: Mapping[str, Any], path: tuple[str, ...]) -> Check:
    if isinstance(schema, bool):
        return lambda value: schema
    checks: list[Check] = []
    for keyword, wanted in schema.items():
        if keyword in _ANNOTATIONS:
            continue
        if keyword == "$ref":
            name = str(wanted).removeprefix(_DEFINITION)
            if wanted in path or name not in definitions:  # Recursive, or somewhere else.
                raise _NotCompiled(keyword)
            checks.append(_compile(definitions[name], definitions, (*path, wanted)))
        elif keyword in _LEAVES:
            checks.append(_LEAVES[keyword](wanted))
        elif keyword == "properties":
            checks.append(
                _properties(
                    {key: _compile(item, definitions, path) for key, item in wanted.items()}
                )
            )
        elif keyword == "items" and "prefixItems" not in schema:
            checks.append(_items(_compile(wanted, definitions, path)))
        elif keyword == "additionalProperties" and "patternProperties" not in schema:
            known = frozenset(schema.get("properties", ()))
            checks.append(_additional(known, _compile(wanted, definitions, path)))
        elif keyword == "if":
            checks.append(
                _conditional(
                    _compile(wanted, definitions, path),
                    _compile(schema.get("then", True), definitions, path),
                    _compile(schema.get("else", True), definitions, path),
                )
            )
        else:
            raise _NotCompiled(keyword)
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _type(wanted: str | list[str]) -> Check:
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = frozenset().union(*(_TYPES[name] for name in names))
    return lambda value: type(value) in kinds


def _enum(wanted: list[Any]) -> Check:
    # Numbers and containers have equalities of their own in JSON Schema; strings do not.
    if not all(type(item) is str for item in wanted):
        raise _NotCompiled("enum")
    allowed = frozenset(wanted)
    return lambda value: type(value) is str and value in allowed


def _const(wanted: Any) -> Check:
    if type(wanted) is int:  # 2.0 equals 2, and true does not equal 1.
        return lambda value: type(value) in (int, float) and bool(value == wanted)
    return _enum([wanted])


def _pattern(wanted: str) -> Check:
    search = re.compile(wanted).search
    return lambda value: type(value) is not str or search(value) is not None


def _required(wanted: list[str]) -> Check:
    return lambda value: type(value) is not dict or all(key in value for key in wanted)


def _minimum(wanted: float) -> Check:
    # "Not less" rather than "at least": a NaN breaks no bound, as in the reference.
    return lambda value: type(value) not in (int, float) or not value < wanted


def _maximum(wanted: float) -> Check:
    return lambda value: type(value) not in (int, float) or not value > wanted


def _least(kind: type[Sized], wanted: int) -> Check:
    return lambda value: not isinstance(value, kind) or len(value) >= wanted


def _most(kind: type[Sized], wanted: int) -> Check:
    return lambda value: not isinstance(value, kind) or len(value) <= wanted


_LEAVES: Final[dict[str, Callable[[Any], Check]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "required": _required,
    "minimum": _minimum,
    "maximum": _maximum,
    "minItems": lambda wanted: _least(list, wanted),
    "maxItems": lambda wanted: _most(list, wanted),
    "minLength": lambda wanted: _least(str, wanted),
    "maxLength": lambda wanted: _most(str, wanted),
    "minProperties": lambda wanted: _least(dict, wanted),
    "maxProperties": lambda wanted: _most(dict, wanted),
}


def _properties(checks: dict[str, Check]) -> Check:
    pairs = tuple(checks.items())
    return lambda value: (
        type(value) is not dict or all(check(value[key]) for key, check in pairs if key in value)
    )


def _additional(known: frozenset[str], check: Check) -> Check:
    return lambda value: (
        type(value) is not dict
        or all(check(item) for key, item in value.items() if key not in known)
    )


def _items(check: Check) -> Check:
    return lambda value: type(value) is not list or all(map(check, value))


def _conditional(condition: Check, then: Check, otherwise: Check) -> Check:
    return lambda value: then(value) if condition(value) else otherwise(value)
