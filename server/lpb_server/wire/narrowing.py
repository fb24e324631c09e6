"""Finds the part of a large value that breaks its schema, so that only that part is looked at.

The reference takes tens of microseconds for each part of a value that it walks through, and finds
all problems before it chooses one: a megabyte that somebody sent would keep it busy for minutes.
The compiled checks take a thousandth of that. What they cannot narrow down is returned as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from lpb_server.wire.fast_validation import Check, compile_check
from lpb_server.wire.values import Value

__all__ = ["Narrowing", "has_more_parts"]

_DEFINITION: Final = "#/$defs/"
_CHILDREN: Final = ("properties", "items")

_Step: TypeAlias = tuple[str | int, dict[str, Any], Any]
_Part: TypeAlias = tuple[tuple[str | int, ...], dict[str, Any], Any]


def has_more_parts(value: Value, most: int) -> bool:
    """Tell whether a value has more parts than that; looks at no more of them."""
    open_parts: list[Iterator[Any]] = [iter((value,))]
    seen = 0
    while open_parts:
        for part in open_parts[-1]:
            seen += 1
            if seen > most:
                return True
            if isinstance(part, dict):
                open_parts.append(iter(part.values()))
                break
            if isinstance(part, list):
                open_parts.append(iter(part))
                break
        else:
            open_parts.pop()
    return False


class Narrowing:
    """Follows what is wrong with a value down its schema.

    Parameters
    ----------
    schema : dict
        JSON Schema, draft 2020-12.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._definitions: dict[str, Any] = schema.get("$defs", {})
        self._refers_elsewhere = _refers_elsewhere(schema)
        self._checks: dict[int, Check | None] = {}

    def part(self, value: Value) -> _Part:
        """Return the path to a part that breaks the schema, its schema, and the part.

        Where all that a part holds is valid, or cannot be judged here, the schema that is returned
        says nothing of that any more: the problem lies in the part itself.
        """
        path: tuple[str | int, ...] = ()
        schema, part = self._resolved(self._schema), value
        while True:
            step = self._step(schema, part)
            if step is None:
                return path, self._shallow(schema), part
            name, schema, part = step
            schema, path = self._resolved(schema), (*path, name)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while set(schema) == {"$ref"}:
            found = self._definitions.get(str(schema["$ref"]).removeprefix(_DEFINITION))
            if not isinstance(found, dict):
                break
            schema = found
        return schema

    def _step(
        self, schema: dict[str, Any], part: Any
    ) -> tuple[str | int, dict[str, Any], Any] | None:
        """Return the first child that breaks the schema; None when there is none."""
        if isinstance(part, dict):
            children = [
                (name, said, part[name])
                for name, said in schema.get("properties", {}).items()
                if name in part
            ]
        elif isinstance(part, list) and "prefixItems" not in schema:
            said = schema.get("items", True)
            check = self._check(said) if isinstance(said, dict) else None
            if check is None:
                return None
            index = next((place for place, item in enumerate(part) if not check(item)), None)
            return None if index is None else (index, said, part[index])
        else:
            return None
        for name, said, child in children:
            check = self._check(said) if isinstance(said, dict) else None
            if check is not None and not check(child):
                return name, said, child
        return None

    def _check(self, schema: dict[str, Any]) -> Check | None:
        if id(schema) not in self._checks:
            whole = {**schema, "$defs": self._definitions} if self._definitions else schema
            self._checks[id(schema)] = compile_check(whole)
        return self._checks[id(schema)]

    def _shallow(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema without what it says of valid children."""
        if self._refers_elsewhere:  # Perhaps to what a child's place says.
            return schema
        shallow = {key: said for key, said in schema.items() if key not in _CHILDREN}
        properties = schema.get("properties")
        if properties is not None:
            shallow["properties"] = {
                name: said if self._is_opaque(said) else True for name, said in properties.items()
            }
        if "items" in schema and self._is_opaque(schema["items"]):
            shallow["items"] = schema["items"]
        if self._definitions:
            shallow["$defs"] = self._definitions
        return shallow

    def _is_opaque(self, schema: Any) -> bool:
        """Tell whether children cannot be judged here."""
        if not isinstance(schema, dict):
            return schema is not True
        return self._check(schema) is None


def _refers_elsewhere(schema: Any) -> bool:
    """Tell whether anything in a schema refers to something else than its definitions."""
    if isinstance(schema, list):
        return any(map(_refers_elsewhere, schema))
    if not isinstance(schema, dict):
        return False
    reference = schema.get("$ref", _DEFINITION)
    if "$dynamicRef" in schema or not str(reference).startswith(_DEFINITION):
        return True
    return any(map(_refers_elsewhere, schema.values()))
