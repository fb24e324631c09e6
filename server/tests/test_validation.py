from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from lpb_server.wire.validation import (
    NoSchemaError,
    compile_schema,
    load_schema,
    packaged_validator,
)


@pytest.mark.parametrize("name", ["request-v1", "request-v2", "reply"])
def test_packaged_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(load_schema(name))
    assert packaged_validator(name) is packaged_validator(name)


@pytest.mark.parametrize(
    ("schema", "value", "path", "rule"),
    [
        ({"type": "integer"}, 2.0, "", "type"),
        ({"type": "integer"}, True, "", "type"),
        ({"type": "number"}, "1", "", "type"),
        ({"properties": {"a/b~": {"type": "string"}}}, {"a/b~": 1}, "/a~1b~0", "type"),
        ({"items": {"minimum": 1}}, [1, 0], "/1", "minimum"),
        ({"required": ["x"]}, {}, "", "required"),
    ],
)
def test_problems(schema: dict[str, Any], value: Any, path: str, rule: str) -> None:
    problem = compile_schema(schema).problem(value)
    assert problem is not None
    assert (problem.path, problem.rule) == (path, rule)
    assert str(problem).startswith(path or "the value")


def test_valid_values_have_no_problem() -> None:
    assert compile_schema({"type": "integer"}).problem(2) is None
    assert compile_schema({"type": "number"}).problem(float("nan")) is None


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(NoSchemaError):
        compile_schema({"type": "no such type"})
