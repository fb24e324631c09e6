"""What can be known of a JSON Schema before a value is judged by it.

`jsonschema` looks at references when it comes upon them: one that leads nowhere, or in a circle,
would fail at every call, and one to another address would be fetched from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

__all__ = ["SPECIFICATIONS", "schema_problem"]

_REFERENCES: Final = ("$ref", "$dynamicRef")
_IN_PLACE_LISTS: Final = ("allOf", "anyOf", "oneOf")
_IN_PLACE: Final = ("not", "if", "then", "else")
_Schema = dict[str, Any]


def schema_problem(schema: dict[str, Any]) -> str:
    """Return what would go wrong at a call, with the reference; empty when nothing.

    Parameters
    ----------
    schema : dict
        It has passed the meta-schema.

    Raises
    ------
    jsonschema.SchemaError
        When a reference leads to what is no schema.
    """
    try:
        root = DRAFT202012.create_resource(schema)
        resolver = SPECIFICATIONS.with_resource("", root).resolver_with_root(root)
        return _Look().through(schema, resolver)
    except RecursionError:
        return "it nests too deeply"


class _Look:
    def __init__(self) -> None:
        self._seen: dict[int, _Schema] = {}  # Kept, so that no other has the same identity.
        self._open: set[int] = set()
        self._done: set[int] = set()
        self._targets: dict[int, dict[str, _Schema]] = {}

    def through(self, schema: _Schema, resolver: Any) -> str:
        problem = self._visit(schema, resolver)
        return problem or next(
            (found for item in list(self._seen.values()) if (found := self._circle(item))), ""
        )

    def _visit(self, schema: object, resolver: Any) -> str:
        if not isinstance(schema, dict) or id(schema) in self._seen:
            return ""
        self._seen[id(schema)] = schema
        for keyword in _REFERENCES:
            reference = schema.get(keyword)
            if not isinstance(reference, str):
                continue
            try:
                resolved = resolver.lookup(reference)
            except (Unresolvable, ValueError):  # A ValueError for what is no address.
                return f"the reference {reference[:128]!r} leads nowhere"
            target = resolved.contents
            if not isinstance(target, dict | bool):
                return f"the reference {reference!r} leads to what is no schema"
            if isinstance(target, dict):
                Draft202012Validator.check_schema(target)  # It may stand where nobody has looked.
                self._targets.setdefault(id(schema), {})[reference] = target
            problem = self._visit(target, resolved.resolver)
            if problem:
                return problem
        for part in DRAFT202012.subresources_of(schema):
            if isinstance(part, dict):
                inner = resolver.in_subresource(DRAFT202012.create_resource(part))
                problem = self._visit(part, inner)
                if problem:
                    return problem
        return ""

    def _circle(self, schema: _Schema) -> str:
        """Find a schema that has to be applied to a value in order to be applied to it."""
        if id(schema) in self._done:
            return ""
        self._open.add(id(schema))
        for name, following in self._applied(schema):
            if id(following) in self._open:
                return f"{name!r} leads back to itself"
            problem = self._circle(following)
            if problem:
                return problem
        self._open.discard(id(schema))
        self._done.add(id(schema))
        return ""

    def _applied(self, schema: _Schema) -> Iterator[tuple[str, _Schema]]:
        """Yield what is applied to the same value as a schema."""
        yield from self._targets.get(id(schema), {}).items()
        for keyword in _IN_PLACE_LISTS:
            for part in schema.get(keyword, ()):
                if isinstance(part, dict):
                    yield keyword, part
        for keyword in _IN_PLACE:
            part = schema.get(keyword)
            if isinstance(part, dict):
                yield keyword, part
        for part in schema.get("dependentSchemas", {}).values():
            if isinstance(part, dict):
                yield "dependentSchemas", part
