"""``network_bounds``: where the outputs of a network can lie, whatever inputs a box has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from msgspec.structs import replace

from lpb_server.certificates.exact import exact_integer
from lpb_server.certificates.network_boxes import boxes_hold, layer_boxes
from lpb_server.certificates.reading import doubles
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.definition import operation
from lpb_server.operations.networks import (
    BOX,
    KIND,
    LAYERS,
    box_evidence,
    box_heap,
    boxes_of,
    checked_box,
    layer_arrays,
    layers_of,
    lies_about_boxes,
    random_layers,
    read_box,
    scaled_sizes,
    tampered,
)
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

__all__ = ["network_bounds"]

_LOWER: Final = "output_lower"
_UPPER: Final = "output_upper"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    boxes, _, _ = layer_boxes(layers_of(arrays), arrays["lower"], arrays["upper"])
    return box_evidence(boxes)


def _check(question: Question, answer: Answer) -> bool:
    arrays = question.arrays
    if answer.certificate.get("kind") != KIND or answer.result:
        return False
    if list(answer.arrays) != [_LOWER, _UPPER] or (read := read_box(arrays)) is None:
        return False
    low, high, layers = read
    m = len(layers[-1].bias)
    least, greatest = (doubles(answer.arrays[name], m) for name in (_LOWER, _UPPER))
    boxes = boxes_of(answer, layers)
    if least is None or greatest is None or boxes is None:
        return False
    if not all(bool(np.isfinite(a).all()) for a in (low, high, least, greatest)):
        return False
    found = boxes_hold(layers, boxes, low, high)
    return found is not None and all(
        exact_integer(a) <= lowest and highest <= exact_integer(b)
        for a, b, lowest, highest in zip(least.tolist(), greatest.tolist(), *found, strict=True)
    )


def _question(random: np.random.Generator, *sizes: int, radius: float = 0.01) -> dict[str, Array]:
    centre = random.random(sizes[0])
    return {
        **layer_arrays(random_layers(random, *sizes)),
        "lower": centre - radius,
        "upper": centre + radius,
    }


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, _question(random, *scaled_sizes(n)))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("3 × 4 × 2", arrays=_question(random, 3, 4, 2))
    one = (np.array([[-0.3]]), np.array([0.1]))
    interval = {"lower": np.array([-1.0]), "upper": np.array([2.0])}
    yield Example("1 × 1", arrays={**layer_arrays([one]), **interval})
    yield Example("1 × 1 × 1 × 1", arrays={**layer_arrays([one] * 3), **interval})
    yield Example("a box of one point", arrays=_question(random, 3, 3, 2, radius=0.0))
    asleep = (np.ones((2, 2)), np.full(2, -9.0))
    awake = (np.array([[1.0, -1.0]]), np.array([0.5]))
    yield Example(
        "neurons that are off",
        arrays={**layer_arrays([asleep, awake]), "lower": np.zeros(2), "upper": np.ones(2)},
    )
    wide = _question(random, 2, 3, 1, radius=1e6)
    yield Example("a wide box", arrays=wide)
    tiny = {name: array * 1e-300 for name, array in _question(random, 2, 2, 2).items()}
    yield Example("tiny numbers", arrays=tiny)
    zeros = {name: array * 0 for name, array in _question(random, 2, 2, 1).items()}
    yield Example("zeros", arrays=zeros)
    yield Example("30 × 12 × 8 × 5", arrays=_question(random, 30, 12, 8, 5))
    for index in range(count):
        sizes = [int(x) for x in random.integers(1, 9, random.integers(2, 5))]
        name = f"random {index + 1}: {' × '.join(map(str, sizes))}"
        yield Example(name, arrays=_question(random, *sizes, radius=0.1))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    low, high = answer.arrays[_LOWER], answer.arrays[_UPPER]

    def giving(least: Array, greatest: Array) -> Answer:
        return replace(answer, arrays={_LOWER: least, _UPPER: greatest})

    lies = {
        **lies_about_boxes(answer),
        "a lower bound one unit in the last place higher": giving(np.nextafter(low, np.inf), high),
        "an upper bound one unit in the last place lower": giving(low, np.nextafter(high, -np.inf)),
        "bounds that are infinite": giving(low, np.full_like(high, np.inf)),
        "bounds that are NaN": giving(np.full_like(low, np.nan), high),
        "one output more": giving(np.append(low, 0.0), np.append(high, 0.0)),
        "bounds of single precision": giving(low.astype(np.float32), high.astype(np.float32)),
        "the bounds in another order": replace(answer, arrays={_UPPER: high, _LOWER: low}),
        "no bounds": replace(answer, arrays={}),
        "a result": replace(answer, result={"class": 0}),
    }
    if (low < high).any():
        lies["the bounds exchanged"] = giving(high, low)
    other = tampered(question, network_bounds.function, _make)
    if not _check(question, other):
        lies["the answer for a tampered weight"] = other
    return lies


@operation(
    "network_bounds",
    params={"type": "object", "additionalProperties": False},
    summary="Bound the outputs of a network of rectified layers, for all inputs in a box.",
    arrays={
        **LAYERS,
        **BOX,
    },
    certificate=Certificate(
        KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.NetworkBoundsOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(16, 64, 256, 784), heap_bytes=box_heap),
)
def network_bounds(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Follow intervals through the layers; every rounding is outwards."""
    layers, (low, high) = layers_of(arrays), checked_box(arrays)
    _, least, greatest = layer_boxes(layers, low, high)
    return Outcome({}, {_LOWER: least, _UPPER: greatest})
