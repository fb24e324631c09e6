"""JSON Schema compiled to Python code: says "valid" fast, and leaves everything else to others.

The code covers the keywords that the bridge's own schemas use. A schema with any other keyword is
not compiled, and the reference validator alone decides. For the ones that are, the two agree on
every value of the data model; a test compares them on random schemas and values.

What a schema says becomes one function of straight-line tests, without a call for each keyword:
reading the header of a small request took twelve times as long with a closure for each.

No library says the same: to `jsonschema-rs` NaN and infinities are no numbers, and to it and to
`fastjsonschema` 2.0 is an integer, which the data model keeps apart from 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
_ANY: Final[frozenset[type]] = frozenset().union(*_TYPES.values())
_NUMBERS: Final = _TYPES["number"]
_DEFINITION: Final = "#/$defs/"
_DEEPEST: Final = 12
"""Python allows twenty blocks inside each other; from here on a part is a function of its own."""

_BOUNDS: Final[dict[str, tuple[frozenset[type], str]]] = {
    # Never "not at least": a NaN breaks no bound, as in the reference.
    "minimum": (_NUMBERS, "{value} < {bound}"),
    "maximum": (_NUMBERS, "{value} > {bound}"),
    "exclusiveMinimum": (_NUMBERS, "{value} <= {bound}"),
    "exclusiveMaximum": (_NUMBERS, "{value} >= {bound}"),
    "minItems": (_TYPES["array"], "len({value}) < {bound}"),
    "maxItems": (_TYPES["array"], "len({value}) > {bound}"),
    "minLength": (_TYPES["string"], "len({value}) < {bound}"),
    "maxLength": (_TYPES["string"], "len({value}) > {bound}"),
    "minProperties": (_TYPES["object"], "len({value}) < {bound}"),
    "maxProperties": (_TYPES["object"], "len({value}) > {bound}"),
    "pattern": (_TYPES["string"], "{bound}({value}) is None"),
}
"""Keyword to the types that it speaks of, and what breaks it."""

_OBJECT_KEYWORDS: Final = frozenset({"properties", "required", "additionalProperties"})


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
    writer = _Writer(schema.get("$defs", {}) if isinstance(schema, dict) else {})
    try:
        name = writer.function(schema, ())
    except _NotCompiled:
        return None
    return writer.build(name)


class _Writer:
    """Writes functions that return False at the first test that fails, and True at the end.

    Plain texts and numbers of the schema are literals, as ``repr`` writes them; everything else
    reaches the code as a constant of its namespace.
    """

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._functions: list[str] = []
        self._references: dict[str, str] = {}
        self._namespace: dict[str, Any] = {}
        self._count = 0

    def build(self, name: str) -> Check:
        """Return the function of that name."""
        exec("\n".join(self._functions), self._namespace)
        built: Check = self._namespace[name]
        return built

    def function(self, schema: Any, path: tuple[str, ...]) -> str:
        """Write a function for a schema, and return its name."""
        name, value = self._new("check"), self._new("value")
        lines = self._tests(schema, value, _ANY, 1, path)
        self._functions.append("\n".join([f"def {name}({value}):", *lines, "    return True"]))
        return name

    def _new(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"

    def _constant(self, value: Any) -> str:
        if type(value) in (str, int):
            return repr(value)
        if isinstance(value, type) and value is not type(None):
            return value.__name__
        name = self._new("constant")
        self._namespace[name] = value
        return name

    def _tests(
        self, schema: Any, value: str, kinds: frozenset[type], depth: int, path: tuple[str, ...]
    ) -> list[str]:
        """Return the lines that test a value that is known to be of one of some types."""
        if isinstance(schema, bool):
            return [] if schema else [_fail(depth)]
        if depth > _DEEPEST:
            return [_fail(depth, f"not {self.function(schema, path)}({value})")]
        lines: list[str] = []
        if "type" in schema:  # First: it tells which of the others have something to say.
            kinds, line = self._type(schema["type"], value, kinds, depth)
            lines += line
        if not schema.keys().isdisjoint(_OBJECT_KEYWORDS):
            inner = _guarded(value, kinds, _TYPES["object"], depth)
            if inner is not None:
                found = self._object(schema, value, depth + len(inner), path)
                lines += [*inner, *found] if found else []
        for keyword, wanted in schema.items():
            if keyword in _ANNOTATIONS or keyword in _OBJECT_KEYWORDS or keyword == "type":
                continue
            lines += self._keyword(schema, keyword, wanted, value, kinds, depth, path)
        return lines

    def _type(
        self, wanted: str | list[str], value: str, kinds: frozenset[type], depth: int
    ) -> tuple[frozenset[type], list[str]]:
        names = [wanted] if isinstance(wanted, str) else wanted
        left = frozenset().union(*(_TYPES[name] for name in names))
        if len(left) == 1:
            test = f"type({value}) is not {self._constant(next(iter(left)))}"
        else:
            test = f"type({value}) not in {self._constant(left)}"
        return left & kinds, [_fail(depth, test)]

    def _keyword(
        self,
        schema: dict[str, Any],
        keyword: str,
        wanted: Any,
        value: str,
        kinds: frozenset[type],
        depth: int,
        path: tuple[str, ...],
    ) -> list[str]:
        if keyword in _BOUNDS:
            about, test = _BOUNDS[keyword]
            inner = _guarded(value, kinds, about, depth)
            if inner is None:
                return []
            bound = self._constant(re.compile(wanted).search if keyword == "pattern" else wanted)
            return [*inner, _fail(depth + len(inner), test.format(value=value, bound=bound))]
        if keyword == "$ref":
            return [_fail(depth, f"not {self._reference(str(wanted), path)}({value})")]
        if keyword == "enum":
            return [_fail(depth, self._among(wanted, value, kinds))]
        if keyword == "const":
            if type(wanted) is not int:
                return [_fail(depth, self._among([wanted], value, kinds))]
            # 2.0 equals 2, and true does not equal 1.
            equal = f"{value} != {self._constant(wanted)}"
            allowed = self._constant(_NUMBERS)
            return [
                _fail(
                    depth,
                    equal if kinds <= _NUMBERS else f"type({value}) not in {allowed} or {equal}",
                )
            ]
        if keyword == "items" and "prefixItems" not in schema:
            inner = _guarded(value, kinds, _TYPES["array"], depth)
            if inner is None:
                return []
            item, level = self._new("item"), depth + len(inner)
            tests = self._tests(wanted, item, _ANY, level + 1, path)
            return [*inner, f"{_margin(level)}for {item} in {value}:", *tests] if tests else []
        if keyword == "if":
            condition = self.function(wanted, path)
            nothing = f"{_margin(depth + 1)}pass"
            return [
                f"{_margin(depth)}if {condition}({value}):",
                *(
                    self._tests(schema.get("then", True), value, kinds, depth + 1, path)
                    or [nothing]
                ),
                f"{_margin(depth)}else:",
                *(
                    self._tests(schema.get("else", True), value, kinds, depth + 1, path)
                    or [nothing]
                ),
            ]
        raise _NotCompiled(keyword)

    def _reference(self, wanted: str, path: tuple[str, ...]) -> str:
        name = wanted.removeprefix(_DEFINITION)
        if wanted in path or name not in self._definitions:  # Recursive, or somewhere else.
            raise _NotCompiled(wanted)
        if name not in self._references:
            self._references[name] = self.function(self._definitions[name], (*path, wanted))
        return self._references[name]

    def _among(self, wanted: list[Any], value: str, kinds: frozenset[type]) -> str:
        # Numbers and containers have equalities of their own in JSON Schema; strings do not.
        if not all(type(item) is str for item in wanted):
            raise _NotCompiled("enum")
        outside = f"{value} not in {self._constant(frozenset(wanted))}"
        if kinds <= _TYPES["string"]:
            return outside
        return f"type({value}) is not {self._constant(str)} or {outside}"

    def _object(
        self, schema: dict[str, Any], value: str, depth: int, path: tuple[str, ...]
    ) -> list[str]:
        """Test the entries of a map: those that are named are counted, so that others show."""
        if "patternProperties" in schema:
            raise _NotCompiled("patternProperties")
        properties = schema.get("properties", {})
        required = dict.fromkeys(schema.get("required", ()))
        others = schema.get("additionalProperties", True)
        lines: list[str] = []
        count, counted = self._new("count"), False
        for key in required:
            if key not in properties:
                lines.append(_fail(depth, f"{self._constant(key)} not in {value}"))
        for key, wanted in properties.items():
            item = self._new("item")
            name = self._constant(key)
            fetch = f"{item} = {value}[{name}]"
            if key in required:
                lines += [_fail(depth, f"{name} not in {value}"), _margin(depth) + fetch]
                lines += self._tests(wanted, item, _ANY, depth, path)
                continue
            tests = self._tests(wanted, item, _ANY, depth + 1, path)
            if others is False:
                counted = True
                tests.insert(0, f"{_margin(depth + 1)}{count} += 1")
            if tests:
                lines += [f"{_margin(depth)}if {name} in {value}:", _margin(depth + 1) + fetch]
                lines += tests
        if others is False:
            named = sum(key in properties for key in required)
            expected = f"{count} + {named}" if counted else str(named)
            if counted:
                lines.insert(0, f"{_margin(depth)}{count} = 0")
            lines.append(_fail(depth, f"len({value}) != {expected}"))
        elif others is not True:
            key, item = self._new("key"), self._new("item")
            tests = self._tests(others, item, _ANY, depth + 2, path)
            if tests:
                lines.append(f"{_margin(depth)}for {key}, {item} in {value}.items():")
                known = self._constant(frozenset(properties))
                lines += [f"{_margin(depth + 1)}if {key} not in {known}:", *tests]
        return lines


def _margin(depth: int) -> str:
    return "    " * depth


def _fail(depth: int, test: str = "") -> str:
    """Return the line that gives up when a test holds, or in any case."""
    return f"{_margin(depth)}{f'if {test}: ' if test else ''}return False"


def _guarded(
    value: str, kinds: frozenset[type], about: frozenset[type], depth: int
) -> list[str] | None:
    """Return what must stand before a test that speaks of some types only: a line, or nothing.

    None when the value can be of none of them.
    """
    if not kinds & about:
        return None
    if kinds <= about:
        return []
    names = ", ".join(sorted(kind.__name__ for kind in about))
    return [f"{_margin(depth)}if type({value}) in ({names},):"]
