"""``network_margins``: what functionals of a network's outputs are at least, in a box."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer
from lpb_server.certificates.network_boxes import Layer, boxes_hold, layer_boxes
from lpb_server.certificates.network_relaxations import (
    Relaxation,
    least_values,
    lower_doubles,
    relaxations,
)
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.networks import (
    BOX,
    LAYERS,
    MOST_LAYERS,
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
)
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["network_margins"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "layer_relaxations"
_MARGINS: Final = "margins"
_FUNCTIONALS: Final = "functionals"


def _rows(arrays: ArrayMap, layers: list[Layer]) -> Doubles:
    """Read the functionals of a question."""
    functionals: Doubles = arrays[_FUNCTIONALS]
    outputs = len(layers[-1].bias)
    if functionals.shape[1] != outputs:
        raise InvalidParams(
            f"functionals have {functionals.shape[1]} columns, and the network {outputs} outputs",
            {"array": _FUNCTIONALS},
        )
    if not bool(np.isfinite(functionals).all()):
        raise InvalidParams("an element of functionals is not finite", {"array": _FUNCTIONALS})
    return functionals


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    layers = layers_of(arrays)
    boxes, _, _ = layer_boxes(layers, arrays["lower"], arrays["upper"])
    found = relaxations(layers, boxes, _rows(arrays, layers))
    evidence = box_evidence(boxes)
    entries: list[Value] = [[*x.evidence.values()] for x in found]
    more: dict[str, Array] = {
        f"multipliers_{k}": x.multipliers for k, x in enumerate(found[:-1], 1)
    }
    more |= {f"coefficients_{k}": x.product for k, x in enumerate(found, 1)}
    return Evidence({**evidence.entries, "relaxations": entries}, {**evidence.arrays, **more})


def _read(answer: Answer, layers: list[Layer], functionals: Doubles) -> list[Relaxation] | None:
    """Read the relaxations of a certificate; None when they are malformed."""
    entries = answer.certificate.get("relaxations")
    if type(entries) is not list or len(entries) != len(layers):
        return None
    found, p = [], len(functionals)
    for k, (layer, entry) in enumerate(zip(layers, entries, strict=True), 1):
        rows, columns = layer.weight.shape
        given = answer.certificate_arrays.get(f"multipliers_{k}")
        multipliers = functionals if k == len(layers) else doubles(given, p, rows)
        product = doubles(answer.certificate_arrays.get(f"coefficients_{k}"), p, columns)
        if multipliers is None or product is None:
            return None
        relaxation = Relaxation.of(multipliers, product, entry)
        if relaxation is None:
            return None
        found.append(relaxation)
    return found


def _check(question: Question, answer: Answer) -> bool:
    arrays = question.arrays
    if answer.certificate.get("kind") != _KIND or answer.result:
        return False
    if list(answer.arrays) != [_MARGINS] or _FUNCTIONALS not in arrays:
        return False
    read = read_box(arrays)
    if read is None:
        return False
    low, high, layers = read
    p = len(arrays[_FUNCTIONALS])
    functionals = doubles(arrays[_FUNCTIONALS], p, len(layers[-1].bias))
    margins = doubles(answer.arrays[_MARGINS], p)
    boxes = boxes_of(answer, layers)
    if functionals is None or margins is None or boxes is None:
        return False
    if not all(bool(np.isfinite(a).all()) for a in (low, high, functionals, margins)):
        return False
    found = _read(answer, layers, functionals)
    if found is None or boxes_hold(layers, boxes, low, high) is None:
        return False
    if not all(x.holds(layer) for x, layer in zip(found, layers, strict=True)):
        return False
    totals = least_values(layers, [read.box for read in boxes], found, low, high)
    return all(
        exact_integer(margin) << UNIT_EXPONENT <= total
        for margin, total in zip(margins.tolist(), totals, strict=True)
    )


def _differences(outputs: int, label: int) -> Doubles:
    """Give the functionals whose margins are positive when the class does not change."""
    others = [k for k in range(outputs) if k != label]
    rows = np.zeros((len(others), outputs))
    rows[:, label] = 1.0
    rows[range(len(others)), others] = -1.0
    return rows


def _question(
    random: np.random.Generator, *sizes: int, radius: float = 0.01, rows: int = 0
) -> dict[str, Array]:
    centre, m = random.random(sizes[0]), sizes[-1]
    functionals = random.standard_normal((rows, m)) if rows else _differences(m, 0)
    return {
        **layer_arrays(random_layers(random, *sizes)),
        "lower": centre - radius,
        "upper": centre + radius,
        _FUNCTIONALS: functionals,
    }


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, _question(random, *scaled_sizes(n)))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("3 × 4 × 3", arrays=_question(random, 3, 4, 3, radius=0.1))
    one = (np.array([[-0.3]]), np.array([0.1]))
    interval = {"lower": np.array([-1.0]), "upper": np.array([2.0])}
    both = {_FUNCTIONALS: np.array([[1.0], [-1.0]])}
    yield Example("1 × 1", arrays={**layer_arrays([one]), **interval, **both})
    yield Example("1 × 1 × 1 × 1", arrays={**layer_arrays([one] * 3), **interval, **both})
    yield Example("a box of one point", arrays=_question(random, 3, 3, 2, radius=0.0))
    yield Example("a wide box", arrays=_question(random, 2, 3, 2, radius=1e6, rows=2))
    tiny = {name: array * 1e-100 for name, array in _question(random, 2, 2, 2).items()}
    yield Example("tiny numbers", arrays=tiny)
    zeros = {name: array * 0 for name, array in _question(random, 2, 2, 2).items()}
    yield Example("zeros", arrays=zeros)
    yield Example("16 × 12 × 8 × 5", arrays=_question(random, 16, 12, 8, 5))
    for index in range(count):
        sizes = [int(x) for x in random.integers(1, 9, random.integers(2, 5))]
        name = f"random {index + 1}: {' × '.join(map(str, sizes))}"
        yield Example(name, arrays=_question(random, *sizes, radius=0.1, rows=2))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    margins, proof = answer.arrays[_MARGINS], answer.certificate_arrays
    entries = cast("list[list[Any]]", answer.certificate["relaxations"])
    bound, layout = entries[0]
    product = proof["coefficients_1"]

    def giving(values: Array) -> Answer:
        return replace(answer, arrays={_MARGINS: values})

    def proving(**arrays: Array) -> Answer:
        return replace(answer, certificate_arrays={**proof, **arrays})

    def stating(*first: Value) -> Answer:
        changed: list[Value] = [[*first], *entries[1:]]
        return replace(answer, certificate={**answer.certificate, "relaxations": changed})

    lies = {
        **lies_about_boxes(answer),
        "margins one unit in the last place greater": giving(np.nextafter(margins, np.inf)),
        "margins that are NaN": giving(np.full_like(margins, np.nan)),
        "margins that are minus infinity": giving(np.full_like(margins, -np.inf)),
        "margins of single precision": giving(margins.astype(np.float32)),
        "one margin more": giving(np.append(margins, -1e300)),
        "no margins": replace(answer, arrays={}),
        "a result": replace(answer, result={"robust": True}),
        "coefficients that are greater": proving(coefficients_1=product + 1 + np.abs(product)),
        "coefficients transposed": proving(coefficients_1=product.reshape(1, -1, 1)),
        "a negative error of coefficients": stating(-1.0, layout),
        "an error of coefficients that is NaN": stating(math.nan, layout),
        "a layout of coefficients cut short": stating(bound, layout[:-1]),
        "a relaxation missing": replace(
            answer, certificate={**answer.certificate, "relaxations": entries[:-1]}
        ),
    }
    if "multipliers_1" in proof:
        multipliers = proof["multipliers_1"]
        lies["other multipliers"] = proving(multipliers_1=multipliers + 1 + np.abs(multipliers))
        lies["multipliers that are NaN"] = proving(multipliers_1=np.full_like(multipliers, np.nan))
    if bound:
        lies["an error of coefficients one unit in the last place smaller"] = stating(
            math.nextafter(bound, 0), layout
        )
    if not question.arrays[_FUNCTIONALS].any():  # What looks like a lie may be none of zeros.
        lies = {name: lie for name, lie in lies.items() if not _check(question, lie)}
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    sizes = [size[f"h{k}"] for k in range(MOST_LAYERS + 1) if f"h{k}" in size]
    weights = sum(a * b for a, b in pairwise(sizes))  # Each is read once more, for the products.
    elements = weights + 4 * size["p"] * sum(sizes)
    return box_heap(size, answer) + kernel_heap(elements, size["p"] * weights, 3, 70.0)


@operation(
    "network_margins",
    params={"type": "object", "additionalProperties": False},
    summary="Bound functionals of a network's outputs from below, for all inputs in a box (CROWN).",
    arrays={
        **LAYERS,
        **BOX,
        _FUNCTIONALS: ArraySpec("f8", ("p", "m")),
    },
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.NetworkMarginsOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(16, 64, 256, 784), heap_bytes=_heap_bytes),
)
def network_margins(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Follow functionals back through linear relaxations of the rectifiers."""
    layers, (low, high) = layers_of(arrays), checked_box(arrays)
    boxes, _, _ = layer_boxes(layers, low, high)
    found = relaxations(layers, boxes, _rows(arrays, layers))
    return Outcome({}, {_MARGINS: lower_doubles(least_values(layers, boxes, found, low, high))})
