"""``top_k``: the greatest elements of a vector, with the network that brings them to the front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.permutation_network import permute, switches_for
from lpb_server.errors import InvalidParams
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import network_heap
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import ValueMap

__all__ = ["top_k"]

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_VALUES: Final = "values"
_TOP: Final = "top"
_INDICES: Final = "indices"
_SWITCHES: Final = "switches"
_KIND: Final = "permutation_network"
_TINY: Final = 5e-324


def _greatest(values: Doubles, k: int) -> Indices:
    """Return the indices of the k greatest, greatest first; of equal ones the first come first."""
    if k > values.size:
        raise InvalidParams(f"there are {values.size} elements, and k asks for {k}", {"path": "/k"})
    if not bool(np.isfinite(values).all()):
        raise InvalidParams("an element is not finite, and so has no place in an order of numbers")
    return np.argsort(-values, kind="stable")[:k]


def _switches(indices: Indices, size: int) -> npt.NDArray[np.uint64]:
    """Return the switches that bring the words at the indices to the front."""
    others = np.ones(size, np.bool_)
    others[indices] = False
    return switches_for(np.concatenate([indices, np.flatnonzero(others)]))


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    indices = outcome.arrays[_INDICES]
    return Evidence({}, {_SWITCHES: _switches(indices, arrays[_VALUES].size)})


def _check(question: Question, answer: Answer) -> bool:
    k = question.params.get("k")
    if list(question.params) != ["k"] or type(k) is not int or list(question.arrays) != [_VALUES]:
        return False
    if answer.result or answer.certificate != {"kind": _KIND}:
        return False
    if list(answer.arrays) != [_TOP, _INDICES] or list(answer.certificate_arrays) != [_SWITCHES]:
        return False
    values, switches = question.arrays[_VALUES], answer.certificate_arrays[_SWITCHES]
    top, indices = answer.arrays[_TOP], answer.arrays[_INDICES]
    dtypes = [str(array.dtype) for array in (values, top, indices, switches)]
    if dtypes != ["float64", "float64", "int64", "uint64"] or values.ndim != 1:
        return False
    if not 1 <= k <= values.size or top.shape != (k,) or indices.shape != (k,):
        return False
    if not bool(np.isfinite(values).all()):
        return False
    # The numbers from 1 on are told from the zeros that fill the network.
    places = permute(np.arange(1, values.size + 1, dtype=np.uint64), switches.reshape(-1))
    order = places.astype(np.int64) - 1
    if not np.array_equal(order[:k], indices) or bool((indices < 0).any()):
        return False
    if not np.array_equal(values[indices].view(np.uint64), top.view(np.uint64)):
        return False
    others = values[order[k:][order[k:] >= 0]]
    return bool((top[:-1] >= top[1:]).all()) and bool((others <= top[-1]).all())


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    edges: dict[str, tuple[int, list[float]]] = {
        "two of four": (2, [0.5, -3.0, 1e300, 2.0]),
        "one of one": (1, [0.1]),
        "one of two": (1, [1.0, 2.0]),
        "all of three": (3, [3.0, -1.0, 2.0]),
        "equal elements": (2, [1.5] * 5),
        "zeros of both signs": (3, [0.0, -0.0, -1.0, 0.0, -0.0]),
        "subnormals": (2, [_TINY, -_TINY, 0.0, 2.2e-308, 3 * _TINY, -2.2e-308]),
        "huge and tiny": (6, [1e300, -1e300, 1e-300, -1e-300, 1.7e308, -1.7e308, 0.0]),
        "the least doubles": (2, [-1.7976931348623157e308] * 3),
        "in order": (3, [-4.0, -2.5, -1.0, 0.0, 1.0, 2.5, 4.0, 8.0]),
        "in reverse": (3, [8.0, 4.0, 2.5, 1.0, 0.0, -1.0, -2.5, -4.0]),
        "neighbours": (2, [1.0, 1.0000000000000002, 0.9999999999999999, 1.0]),
    }
    for name, (k, values) in edges.items():
        yield Example(name, {"k": k}, {_VALUES: np.array(values)})
    yield Example("10 of 1,000", {"k": 10}, {_VALUES: random.standard_normal(1000)})
    for index in range(count):
        size = int(random.integers(2, 60))
        k = int(random.integers(1, size + 1))
        some = random.standard_normal(size) * 10.0 ** random.integers(-300, 300)
        some[random.integers(0, size, size // 3)] = some[0]
        yield Example(f"random {index + 1}: {k} of {size}", {"k": k}, {_VALUES: some})


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({"k": min(n, 10)}, {_VALUES: random.standard_normal(n)})


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    values, k = question.arrays[_VALUES], cast(int, question.params["k"])
    top, indices = answer.arrays[_TOP], answer.arrays[_INDICES]
    switches = answer.certificate_arrays[_SWITCHES]

    def giving(top: Array = top, indices: Array = indices) -> Answer:
        return msgspec.structs.replace(answer, arrays={_TOP: top, _INDICES: indices})

    def proving(**changes: object) -> Answer:
        return msgspec.structs.replace(answer, **changes)

    def chosen(indices: Indices) -> Answer:
        """Elements at other indices, with a true certificate of how they come to the front."""
        arrays = {_TOP: values[indices], _INDICES: indices}
        brought = {_SWITCHES: _switches(indices, values.size)}
        return proving(arrays=arrays, certificate_arrays=brought)

    def changed(value: float) -> Doubles:
        return np.append(top[:-1], value)

    other = values / 2 - 1
    lies = {
        "an element off by one unit in the last place": giving(
            changed(float(np.nextafter(top[-1], np.inf)))
        ),
        "NaN": giving(changed(np.nan)),
        "infinity": giving(changed(np.inf)),
        "elements of another vector": giving(other[indices]),
        "one more than asked for": giving(np.append(top, top[-1]), np.append(indices, indices[-1])),
        "elements as a matrix": giving(top.reshape(1, -1)),
        "indices as doubles": giving(indices=indices.astype(np.float64)),
        "indices of another type": giving(indices=indices.astype(np.uint64)),
        "an index beyond the vector": giving(indices=np.append(indices[:-1], values.size)),
        "a negative index": giving(indices=np.append(indices[:-1], indices[-1] - values.size)),
        "no indices": proving(arrays={_TOP: top}),
        "indices first": proving(arrays={_INDICES: indices, _TOP: top}),
        "a result": proving(result={"k": k}),
        "another kind": proving(certificate={"kind": "trust_me"}),
        "no certificate": proving(certificate={}, certificate_arrays={}),
        "switches of another type": proving(
            certificate_arrays={_SWITCHES: switches.view(np.float64)}
        ),
    }
    if k > 1:
        lies["one missing"] = giving(top[:-1], indices[:-1])
        repeated = np.append(indices[:-1], indices[0])
        lies["an index twice"] = giving(values[repeated], repeated)
        if top[0] != top[-1]:
            lies["least first"] = chosen(indices[::-1].copy())
    if values.min() != values.max():
        lies["the least instead, with its certificate"] = chosen(
            np.argsort(values, kind="stable")[:k] if k < values.size else np.argsort(values)
        )
    if k < values.size and top[-1] > values.min():
        lies["the last one passed over"] = chosen(np.append(indices[:-1], np.argmin(values)))
    if not np.array_equal(indices, np.arange(k)):
        off = {_SWITCHES: np.zeros_like(switches)}
        lies["all switches off"] = proving(certificate_arrays=off)
    return lies


@operation(
    "top_k",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["k"],
        "properties": {
            "k": {
                "description": "How many: from 1 to the number of elements.",
                "type": "integer",
                "minimum": 1,
            }
        },
    },
    summary="Find the k greatest elements of a float64 vector, with their indices, greatest first.",
    arrays={_VALUES: ArraySpec("f8", ("n",))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.TopK", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=network_heap),
)
def top_k(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Find the greatest elements; of equal ones those that come first."""
    values = arrays[_VALUES]
    indices = _greatest(values, cast(int, params["k"]))
    return Outcome({}, {_TOP: values[indices], _INDICES: indices})
