"""What people's code passes to a client, and what is refused by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from lpb_server.client import BridgeClient
from lpb_server.errors import WireError

ServeScript = Callable[..., AbstractContextManager[str]]


class Frame:
    """As a table of pandas, or a tensor of PyTorch, shows itself to NumPy."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._values if dtype is None else self._values.astype(dtype)


class Tensor:
    """What speaks DLPack and nothing else."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)

    def __dlpack__(self, **options: Any) -> Any:
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._values.__dlpack_device__()


class Unit(StrEnum):
    METRE = "m"


@pytest.mark.parametrize(
    "params",
    [
        {"matrix": ((1.0, 2.0), (3.0, 4.0))},
        {"matrix": [(np.float64(1.0), np.int64(2)), (3, np.float32(4.0))]},
        MappingProxyType({"matrix": [[1.0, 2.0], [3.0, 4.0]]}),
        OrderedDict(matrix=[[1.0, 2.0], [3.0, 4.0]]),
    ],
)
@pytest.mark.parametrize("format", ["json", "msgpack", "protobuf"])
def test_mappings_sequences_and_numbers_of_numpy(endpoint: str, params: Any, format: Any) -> None:
    with BridgeClient(endpoint, format=format) as client:
        called = client.call("matrix_sum", params, check=True)
    total: float = called.result["sum"] + 1.0
    assert total == 11.0


def test_texts_of_a_class_of_their_own(endpoint: str) -> None:
    with BridgeClient(endpoint) as client:
        assert client.call("echo", {"unit": Unit.METRE, "at": (1, [None])}).result == {
            "unit": "m",
            "at": [1, [None]],
        }


@pytest.mark.parametrize("kind", [Frame, Tensor])
@pytest.mark.parametrize("side", [3, 600])  # The second is large enough for shared memory.
def test_arrays_of_other_libraries(endpoint: str, kind: Any, side: int) -> None:
    values = np.arange(side * side, dtype="f8").reshape(side, side)
    with BridgeClient(endpoint) as client:
        called = client.call("matrix_sum", arrays={"matrix": kind(values)})
    assert called.result["sum"] == values.sum()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(2, "c16"), "dtype complex128"),
        (np.zeros(2, "f2"), "dtype float16"),
        (Frame(np.array([1, "a"], dtype=object)), "dtype object"),
        (np.array(["a"]), "dtype <U1"),
        (np.zeros(2, "M8[s]"), "dtype datetime64"),
    ],
)
def test_a_dtype_that_the_wire_does_not_carry_is_named(
    endpoint: str, array: Any, words: str
) -> None:
    with BridgeClient(endpoint) as client, pytest.raises(WireError, match=f"'x' has {words}"):
        client.call("echo", arrays={"x": array})


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"x": np.zeros((2, 2))}, r"params\['x'\] is an array of shape \[2, 2\].*the arrays"),
        ({"x": [object()]}, r"params\['x'\]\[0\] is object, which is no value of the wire"),
        ({"x": 2 + 1j}, "complex"),
        ({1: "a"}, "a key that is no text"),
        ([1], "must be a mapping, not list"),
    ],
)
def test_a_parameter_that_is_none_is_named(endpoint: str, params: Any, words: str) -> None:
    with BridgeClient(endpoint) as client, pytest.raises(WireError, match=words):
        client.call("echo", params)


def test_a_format_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="json, msgpack, protobuf, not 'xml'"):
        BridgeClient("tcp://127.0.0.1:1", format="xml")  # type: ignore[arg-type]
