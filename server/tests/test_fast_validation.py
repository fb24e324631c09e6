"""The compiled checks agree with `jsonschema`, the reference."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.operations import default_registry
from lpb_server.wire.fast_validation import compile_check
from lpb_server.wire.reference_validation import ReferenceValidator
from lpb_server.wire.validation import load_schema

PACKAGED = ["request-v1", "request-v2", "reply"]
WORDS = ["a", "b", "ok", "error", "id", ""]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 2.0, -0.5, float("nan"), float("inf")])
    | st.sampled_from(WORDS)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=6,
)
type_names = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
sizes = st.integers(0, 3)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": type_names | st.lists(type_names, min_size=1, max_size=3, unique=True),
            "enum": st.lists(st.sampled_from(WORDS), min_size=1, unique=True),
            "const": st.sampled_from(WORDS) | st.integers(-2, 2),
            "pattern": st.sampled_from(["^o", "k$", "a|b"]),
            "required": st.lists(st.sampled_from(WORDS), max_size=2, unique=True),
            "minimum": st.integers(-2, 2) | st.just(0.5),
            "maximum": st.integers(-2, 2),
            "minItems": sizes,
            "maxItems": sizes,
            "minLength": sizes,
            "maxLength": sizes,
            "minProperties": sizes,
            "maxProperties": sizes,
            "properties": st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
            "additionalProperties": inner,
            "items": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "description": st.just("any"),
            "$ref": st.just("#/$defs/one"),
        },
    )


subschemas = st.recursive(st.booleans(), keywords, max_leaves=4)
# Few keywords at a time: with many, hardly any value is valid.
schemas = subschemas.map(lambda item: item if isinstance(item, dict) else {"not-a-rule": 1})


def reference_accepts(schema: dict[str, Any], value: Any) -> bool:
    return ReferenceValidator(schema).problem(value) is None


@given(schemas, values)
def test_random_schemas(schema: dict[str, Any], value: Any) -> None:
    schema = {**schema, "$defs": {"one": {"type": ["integer", "array"], "maxItems": 1}}}
    schema.pop("not-a-rule", None)
    check = compile_check(schema)
    assert check is not None
    assert check(value) == reference_accepts(schema, value)


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_schemas_are_compiled(name: str) -> None:
    assert compile_check(load_schema(name)) is not None


def test_the_built_in_operations_are_compiled() -> None:
    assert all(compile_check(item.params) is not None for item in default_registry())


REQUEST = {
    "schema_version": 2,
    "id": "a",
    "op": "echo",
    "params": {"x": [1.5]},
    "arrays": [{"name": "m", "dtype": "f8", "shape": [2, 3], "frames": 1}],
    "deadline_ms": 5,
    "certify": True,
}
REPLY = {
    "schema_version": 2,
    "id": "?",
    "status": "ok",
    "result": {},
    "arrays": [{"name": "m", "dtype": "b1", "shape": [], "frames": 2}],
    "certificate": {},
    "timing": {"queue_us": 0, "compute_us": 1},
}
FAILED = {
    "schema_version": 2,
    "id": "a",
    "status": "error",
    "error": {"code": "internal", "message": "m", "details": {}},
}
FIRST = {"schema_version": 1, "matrix": [[1]], "model": {"name": "n", "version": 1.5}}
SPARE: list[Any] = [None, True, -1, 0, 1, 2, 2.0, "", "ok", "a\n", "x" * 65, [], {}, [[]], {"a": 1}]


def damaged(source: random.Random, value: Any) -> Any:
    """Change one part somewhere inside a value."""
    if source.random() < 0.3 or not value or not isinstance(value, dict | list):
        return source.choice(SPARE)
    value = copy.copy(value)
    key = source.choice(list(value)) if isinstance(value, dict) else source.randrange(len(value))
    if source.random() < 0.25:
        del value[key]
    elif isinstance(value, dict) and source.random() < 0.2:
        value[source.choice(["error", "result", "extra"])] = source.choice(SPARE)
    else:
        value[key] = damaged(source, value[key])
    return value


@pytest.mark.parametrize(
    ("name", "valid"),
    [("request-v2", REQUEST), ("reply", REPLY), ("reply", FAILED), ("request-v1", FIRST)],
)
def test_damaged_envelopes(name: str, valid: dict[str, Any]) -> None:
    schema = load_schema(name)
    check = compile_check(schema)
    assert check is not None
    assert check(valid)
    reference = ReferenceValidator(schema)
    source = random.Random(name)
    refused = 0
    for _ in range(600):
        value = damaged(source, valid)
        verdict = check(value)
        assert verdict == (reference.problem(value) is None), value
        refused += not verdict
    assert refused > 100


@pytest.mark.parametrize(
    "schema",
    [
        {"uniqueItems": True},
        {"enum": [1, "a"]},
        {"const": True},
        {"$ref": "https://example.org/schema"},
        {"$ref": "#/$defs/loop", "$defs": {"loop": {"items": {"$ref": "#/$defs/loop"}}}},
        {"prefixItems": [{}], "items": False},
        {"patternProperties": {"^a": {}}, "additionalProperties": False},
        {"properties": {"a": {"anyOf": [{}, {}]}}},
    ],
)
def test_what_is_not_covered_is_left_to_the_reference(schema: dict[str, Any]) -> None:
    assert compile_check(schema) is None
