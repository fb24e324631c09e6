"""``sort``: the elements of a vector in order, with the network that permutes them so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

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

__all__ = ["sort"]

Doubles = npt.NDArray[np.float64]

_VALUES: Final = "values"
_SORTED: Final = "sorted"
_SWITCHES: Final = "switches"
_KIND: Final = "permutation_network"
_TINY: Final = 5e-324


def _order(values: Doubles) -> npt.NDArray[np.int64]:
    if not bool(np.isfinite(values).all()):
        raise InvalidParams("an element is not finite, and so has no place in an order of numbers")
    return np.argsort(values, kind="stable")


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    return Evidence({}, {_SWITCHES: switches_for(_order(arrays[_VALUES]))})


def _check(question: Question, answer: Answer) -> bool:
    if question.params or answer.result or answer.certificate != {"kind": _KIND}:
        return False
    values = _only(question.arrays, _VALUES, np.float64)
    in_order = _only(answer.arrays, _SORTED, np.float64)
    switches = _only(answer.certificate_arrays, _SWITCHES, np.uint64)
    if values is None or in_order is None or switches is None:
        return False
    if values.ndim != 1 or values.shape != in_order.shape or not bool(np.isfinite(values).all()):
        return False
    if values.size == 0:
        return True
    permuted = permute(values.view(np.uint64), switches.reshape(-1))[: values.size]
    same = np.array_equal(permuted, in_order.view(np.uint64))
    return same and bool((in_order[:-1] <= in_order[1:]).all())


def _only(arrays: ArrayMap, name: str, dtype: type[np.generic]) -> Array | None:
    """Return the array of a name when there is no other and it has the dtype."""
    if list(arrays) != [name] or arrays[name].dtype != dtype:
        return None
    return np.ascontiguousarray(arrays[name])


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    edges: dict[str, list[float]] = {
        "four elements": [0.5, -3.0, 1e300, 2.0],
        "one element": [0.1],
        "two elements": [2.0, 1.0],
        "three elements": [3.0, -1.0, 2.0],
        "equal elements": [1.5] * 5,
        "zeros of both signs": [0.0, -0.0, -1.0, 0.0, -0.0, 1.0],
        "subnormals": [_TINY, -_TINY, 0.0, 2.2e-308, 3 * _TINY, -2.2e-308],
        "huge and tiny": [1e300, -1e300, 1e-300, -1e-300, 1.7e308, -1.7e308, 0.0],
        "in order": [-4.0, -2.5, -1.0, 0.0, 1.0, 2.5, 4.0, 8.0],
        "in reverse": [8.0, 4.0, 2.5, 1.0, 0.0, -1.0, -2.5, -4.0],
        "neighbours": [1.0, 1.0000000000000002, 0.9999999999999999, 1.0],
    }
    for name, values in edges.items():
        yield Example(name, arrays={_VALUES: np.array(values)})
    yield Example("1,000 elements", arrays={_VALUES: random.standard_normal(1000)})
    for index in range(count):
        size = int(random.integers(2, 60))
        some = random.standard_normal(size) * 10.0 ** random.integers(-300, 300)
        some[random.integers(0, size, size // 3)] = some[0]
        yield Example(f"random {index + 1}: {size} elements", arrays={_VALUES: some})


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    values, in_order = question.arrays[_VALUES], answer.arrays[_SORTED]
    switches = answer.certificate_arrays[_SWITCHES]

    def giving(array: Array, name: str = _SORTED) -> Answer:
        return msgspec.structs.replace(answer, arrays={name: array})

    def proving(**changes: object) -> Answer:
        return msgspec.structs.replace(answer, **changes)

    def changed(index: int, value: float) -> Doubles:
        copy = in_order.copy()
        copy[index] = value
        return copy

    other = values / 2 - 1
    other_order = _order(other)
    lies = {
        "an element off by one unit in the last place": giving(
            changed(-1, float(np.nextafter(in_order[-1], np.inf)))
        ),
        "NaN": giving(changed(-1, np.nan)),
        "infinity": giving(changed(-1, np.inf)),
        "an element more": giving(np.append(in_order, in_order[-1])),
        "a matrix": giving(in_order.reshape(1, -1)),
        "integers": giving(in_order.view(np.int64)),
        "answer to another question": giving(other[other_order]),
        "answer and certificate to another question": proving(
            arrays={_SORTED: other[other_order]},
            certificate_arrays={_SWITCHES: switches_for(other_order)},
        ),
        "another name": giving(in_order, "values"),
        "a second array": proving(arrays={_SORTED: in_order, _VALUES: values}),
        "a result": proving(result={"count": int(values.size)}),
        "another kind": proving(certificate={"kind": "trust_me"}),
        "one entry more": proving(certificate={**answer.certificate, "proof": "obvious"}),
        "no certificate": proving(certificate={}, certificate_arrays={}),
        "switches of another type": proving(
            certificate_arrays={_SWITCHES: switches.view(np.float64)}
        ),
    }
    if in_order[0] != in_order[-1]:
        lies["in reverse"] = giving(in_order[::-1].copy())
        lies["an element twice"] = giving(changed(-1, float(in_order[0])))
        lies["the last element missing"] = giving(in_order[:-1])
        backwards = np.argsort(values, kind="stable")[::-1].copy()
        lies["in reverse, with its certificate"] = proving(
            arrays={_SORTED: values[backwards]},
            certificate_arrays={_SWITCHES: switches_for(backwards)},
        )
        swapped = in_order.copy()
        swapped[[0, -1]] = swapped[[-1, 0]]
        lies["two elements exchanged"] = giving(swapped)
    if not np.array_equal(values.view(np.uint64), in_order.view(np.uint64)):
        lies["not sorted at all"] = giving(values)
        off = proving(certificate_arrays={_SWITCHES: np.zeros_like(switches)})
        lies["all switches off"] = off
    if (in_order == 0).any():
        flipped = in_order.copy()
        flipped[np.flatnonzero(in_order == 0)[0]] *= -1.0
        lies["a zero of the other sign"] = giving(flipped)
    return lies


@operation(
    "sort",
    params={"type": "object", "additionalProperties": False},
    summary="Sort the elements of a float64 vector, least first.",
    arrays={_VALUES: ArraySpec("f8", ("n",))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.Sort",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(heap_bytes=network_heap),
)
def sort(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Sort a vector; -0.0 and 0.0, which are equal, keep their order."""
    values = arrays[_VALUES]
    return Outcome({}, {_SORTED: values[_order(values)]})
