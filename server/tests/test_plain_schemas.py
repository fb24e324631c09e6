"""What is seen to be a schema without `jsonschema` is one by `jsonschema`, too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.operations import default_registry
from lpb_server.wire.plain_schemas import is_plain_schema
from lpb_server.wire.reference_validation import check_schema

KEYWORDS = [
    *("type", "title", "description", "minimum", "maximum", "exclusiveMinimum"),
    *("exclusiveMaximum", "minItems", "maxItems", "minLength", "maxLength", "minProperties"),
    *("maxProperties", "required", "properties", "additionalProperties", "items"),
]
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-1, 2)
    | st.sampled_from([0.0, 1.0, float("inf"), "object", "integer", "real", ""])
    | st.lists(st.sampled_from(["a", "b", 1]), max_size=3)
)
schemas = st.recursive(
    leaves,
    lambda inner: (
        st.dictionaries(st.sampled_from(KEYWORDS), inner | leaves, max_size=3)
        | st.fixed_dictionaries({"properties": st.dictionaries(st.text(max_size=1), inner)})
    ),
    max_leaves=8,
)


@given(schemas)
def test_what_is_plain_is_a_schema(schema: Any) -> None:
    if is_plain_schema(schema):
        check_schema(schema)


@pytest.mark.parametrize("item", [*default_registry()], ids=lambda item: item.name)
def test_the_schemas_of_the_operations_are_plain(item: Any) -> None:
    assert is_plain_schema(item.params)
    check_schema(item.params)


@pytest.mark.parametrize(
    "schema",
    [
        *(None, 1, "object", [], {"type": "real"}, {"type": ["object"]}, {"minimum": True}),
        *({"minItems": -1}, {"required": ["a", "a"]}, {"properties": []}, {"items": [True]}),
        *({"$ref": "#"}, {"pattern": "["}, {"properties": {"a": {"type": 1}}}),
    ],
)
def test_anything_else_is_left_to_the_reference(schema: Any) -> None:
    assert not is_plain_schema(schema)
