"""JSON Schemas of common keywords alone: seen to be ones without `jsonschema`.

Importing that, and having it check the schemas of all operations, takes a quarter of the time in
which a server starts. A schema with any other keyword is left to it; so is one that is none, which
it says better. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["is_plain_schema"]

_TYPES: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


def is_plain_schema(schema: Any) -> bool:
    """Tell whether something is a JSON Schema (draft 2020-12) of common keywords alone.

    Parameters
    ----------
    schema : object
        Anything that does not hold itself.

    Returns
    -------
    bool
        False also for a schema with keywords that are not known here.
    """
    if isinstance(schema, bool):
        return True
    return isinstance(schema, dict) and all(
        key in _KEYWORDS and _KEYWORDS[key](value) for key, value in schema.items()
    )


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and value in _TYPES


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_map_of_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_plain_schema, value.values()))


_KEYWORDS: Final[dict[str, Callable[[Any], bool]]] = {
    "type": _is_type,
    "title": _is_text,
    "description": _is_text,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _is_size),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_size),
    "required": _is_names,
    "properties": _is_map_of_schemas,
    "additionalProperties": is_plain_schema,
    "items": is_plain_schema,
}
