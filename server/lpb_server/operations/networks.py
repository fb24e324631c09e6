"""Networks in questions and answers: their layers, the boxes of these, and answers nearly right."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.network_boxes import Layer, LayerBox, ReadBox
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.finite import require_finite
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = [
    "BOX",
    "KIND",
    "LAYERS",
    "MOST_LAYERS",
    "box_evidence",
    "box_heap",
    "boxes_of",
    "checked_box",
    "layer_arrays",
    "layers_of",
    "lies_about_boxes",
    "random_layers",
    "read_box",
    "read_layers",
    "scaled_sizes",
    "tampered",
]

Doubles = npt.NDArray[np.float64]

KIND: Final = "layer_boxes"
"""What the certificates are called."""

MOST_LAYERS: Final = 8

LAYERS: Final[Mapping[str, ArraySpec]] = {
    name: spec
    for k in range(1, MOST_LAYERS + 1)
    for name, spec in (
        (f"weight_{k}", ArraySpec("f8", (f"h{k}", f"h{k - 1}"), needed=k == 1)),
        (f"bias_{k}", ArraySpec("f8", (f"h{k}",), needed=k == 1)),
    )
}
"""The layers that a question may have; the inputs are ``h0``."""

BOX: Final[Mapping[str, ArraySpec]] = {
    "lower": ArraySpec("f8", ("h0",)),
    "upper": ArraySpec("f8", ("h0",)),
}
"""Between what the inputs of a question lie."""

_PARTS: Final = ("centre", "radius", "product", "spread")


def layer_arrays(layers: list[tuple[Doubles, Doubles]]) -> dict[str, Array]:
    """Name the weights and biases of layers as a question does."""
    return {
        f"{name}_{k}": array
        for k, layer in enumerate(layers, 1)
        for name, array in zip(("weight", "bias"), layer, strict=True)
    }


def layers_of(arrays: ArrayMap) -> list[Layer]:
    """Read the layers of a question whose shapes have been tested.

    Raises
    ------
    InvalidParams
        When one is missing between others, or an element is not finite.
    """
    layers: list[Layer] = []
    for k in range(1, MOST_LAYERS + 1):
        weight, bias = arrays.get(f"weight_{k}"), arrays.get(f"bias_{k}")
        if (weight is None) != (bias is None):
            raise InvalidParams(f"layer {k} has only one of weight_{k} and bias_{k}")
        if weight is None or bias is None:
            continue
        if len(layers) != k - 1:
            raise InvalidParams(f"there is a layer {k}, and no layer {k - 1}")
        require_finite(arrays, f"weight_{k}", f"bias_{k}")
        layers.append(Layer(weight, bias))
    return layers


def checked_box(arrays: ArrayMap) -> tuple[Doubles, Doubles]:
    """Read between what the inputs of a question lie.

    Raises
    ------
    InvalidParams
        When a bound is not finite, or the bounds are crossed.
    """
    low, high = arrays["lower"], arrays["upper"]
    if not bool((np.isfinite(low) & np.isfinite(high)).all()):
        raise InvalidParams("an element of lower or upper is not finite")
    crossed = np.flatnonzero(low > high)
    if crossed.size:
        raise InvalidParams(f"element {crossed[0]} of lower exceeds that of upper")
    return low, high


def read_layers(arrays: ArrayMap, inputs: int) -> list[Layer] | None:
    """Read the layers as Lean does; None when shapes or dtypes do not fit."""
    layers: list[Layer] = []
    for k in range(1, MOST_LAYERS + 1):
        weight = arrays.get(f"weight_{k}")
        if weight is None:
            break
        rows = weight.shape[0] if weight.ndim else 0
        w, b = doubles(weight, rows, inputs), doubles(arrays.get(f"bias_{k}"), rows)
        if w is None or b is None:
            return None
        layers.append(Layer(w, b))
        inputs = rows
    return layers or None


def read_box(arrays: ArrayMap) -> tuple[Doubles, Doubles, list[Layer]] | None:
    """Read bounds of inputs, and layers, as Lean does; None when shapes or dtypes do not fit."""
    if "lower" not in arrays:
        return None
    n = arrays["lower"].size
    low, high = (doubles(arrays.get(name), n) for name in BOX)
    layers = read_layers(arrays, n)
    return None if low is None or high is None or layers is None else (low, high, layers)


def box_evidence(boxes: list[LayerBox]) -> Evidence:
    """Write the boxes of a network as a certificate has them."""
    entries: list[Value] = [
        [value for part in (box.products, box.spreads) for value in part.values()] for box in boxes
    ]
    arrays = {
        f"{name}_{k}": getattr(box, name) for k, box in enumerate(boxes, 1) for name in _PARTS
    }
    return Evidence({"layers": entries}, arrays)


def boxes_of(answer: Answer, layers: list[Layer]) -> list[ReadBox] | None:
    """Read the boxes of layers from a certificate; None when they are malformed."""
    entries = answer.certificate.get("layers")
    if type(entries) is not list or len(entries) != len(layers):
        return None
    boxes = []
    for k, (layer, entry) in enumerate(zip(layers, entries, strict=True), 1):
        rows, columns = layer.weight.shape
        sizes = dict(zip(_PARTS, (columns, columns, rows, rows), strict=True))
        found = [
            doubles(answer.certificate_arrays.get(f"{name}_{k}"), size)
            for name, size in sizes.items()
        ]
        arrays = [array for array in found if array is not None]
        read = ReadBox.of(arrays, entry) if len(arrays) == len(found) else None
        if read is None:
            return None
        boxes.append(read)
    return boxes


def box_heap(size: Dimensions, answer: Answer) -> float:
    """Estimate what Lean's kernel needs for the boxes of a network, as `Scaling` says."""
    sizes = [size[f"h{k}"] for k in range(MOST_LAYERS + 1) if f"h{k}" in size]
    weights = sum(a * b for a, b in pairwise(sizes))
    return kernel_heap(8 * sum(sizes), 2 * weights, 3, 70.0)


def random_layers(random: np.random.Generator, *sizes: int) -> list[tuple[Doubles, Doubles]]:
    """Draw layers of normal weights, as they are initialised (He), and small biases."""
    return [
        (random.standard_normal((m, n)) * math.sqrt(2 / n), random.standard_normal(m) / 10)
        for n, m in pairwise(sizes)
    ]


def scaled_sizes(n: int) -> tuple[int, int, int]:
    """Give the sizes of a network of `n` inputs that is measured: one hidden layer, ten outputs."""
    return n, min(max(n // 4, 1), 64), 10


def tampered(
    question: Question,
    compute: Callable[[ValueMap, ArrayMap], Outcome],
    make: Callable[[ValueMap, ArrayMap, Outcome], Evidence],
) -> Answer:
    """Return an answer that is right for other weights of the first layer."""
    arrays = {**question.arrays, "weight_1": question.arrays["weight_1"] + 1.0}
    other = compute({}, arrays)
    evidence = make({}, arrays, other)
    return Answer({}, other.arrays, {"kind": KIND, **evidence.entries}, evidence.arrays)


def lies_about_boxes(answer: Answer) -> dict[str, Answer]:
    """Return answers whose boxes do not hold, by what is wrong with them."""
    arrays = answer.certificate_arrays
    entries = cast("list[list[Any]]", answer.certificate["layers"])
    bound, layout, *others = entries[-1]

    def boxed(**changes: Array) -> Answer:
        return replace(answer, certificate_arrays={**arrays, **changes})

    def stating(*last: Value) -> Answer:
        return replace(
            answer, certificate={**answer.certificate, "layers": [*entries[:-1], [*last]]}
        )

    last = f"_{len(entries)}"
    centre, product = arrays["centre_1"], arrays[f"product{last}"]
    unknown = centre.copy()
    unknown[0] = math.nan
    lies = {
        "a centre that is NaN": boxed(centre_1=unknown),
        "a centre elsewhere": boxed(centre_1=centre + 1 + np.abs(centre)),
        "a negative radius": boxed(radius_1=-arrays["radius_1"] - 1),
        "a product that is larger": boxed(**{f"product{last}": product + 1 + np.abs(product)}),
        "a spread of less than zero": boxed(**{f"spread{last}": -arrays[f"spread{last}"] - 1}),
        "products of single precision": boxed(**{f"product{last}": product.astype(np.float32)}),
        "a product with one entry more": boxed(**{f"product{last}": np.append(product, 0.0)}),
        "a negative error": stating(-1.0, layout, *others),
        "an error that is NaN": stating(math.nan, layout, *others),
        "an error that is an integer": stating(1, layout, *others),
        "lanes too narrow": stating(bound, [layout[0] - 1, *layout[1:]], *others),
        "a layout cut short": stating(bound, layout[:-1], *others),
        "exponents out of order": stating(bound, [*layout[:2], 2046, 2040, *layout[4:]], *others),
        "a layer missing": replace(
            answer, certificate={**answer.certificate, "layers": entries[:-1]}
        ),
        "another kind": replace(answer, certificate={**answer.certificate, "kind": "trust_me"}),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
    }
    if bound:
        lies["an error one unit in the last place smaller"] = stating(
            math.nextafter(bound, 0), layout, *others
        )
    if arrays["radius_1"].any():
        lies["half of the radius"] = boxed(radius_1=arrays["radius_1"] / 2)
    return lies
