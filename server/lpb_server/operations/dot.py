"""``dot``: the dot product of two vectors, with a bound on its error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.product_answers import KIND, ProductOperation
from lpb_server.operations.question import ArrayMap, Example, Outcome
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.values import ValueMap

__all__ = ["dot"]

_TINY: Final = 5e-324

Vector = npt.NDArray[np.float64]


def _compute(params: ValueMap, arrays: ArrayMap) -> Outcome:
    with np.errstate(all="ignore"):  # Overflow and NaN are answers here.
        return Outcome({"dot": float(arrays["left"] @ arrays["right"])})


def _read(result: ValueMap, arrays: ArrayMap) -> Vector | None:
    if list(result) != ["dot"] or type(result["dot"]) is not float or arrays:
        return None
    return np.array([result["dot"]])


_PRODUCT: Final = ProductOperation(
    "left",
    "right",
    _compute,
    _read,
    lambda product: Outcome({"dot": float(product[0, 0])}),
    dimensions=(1, 1),
    ragged=True,
)


def _edges() -> Iterable[tuple[str, Vector, Vector]]:
    """Vectors at the edges of what a dot product can meet."""
    yield "three", np.array([0.1, 0.2, 0.3]), np.array([1 / 3, -0.7, 5.0])
    yield "one", np.array([0.1]), np.array([0.3])
    yield "cancellation", np.array([1e16, 1.0, -1e16]), np.array([1.0, 0.1, 1.0])
    yield "badly scaled", np.array([1e300, 1e-300, 1.0]), np.array([1e-300, 1e300, 1e150])
    yield "subnormals", np.array([_TINY, 3 * _TINY, 2e-308]), np.array([0.5, -_TINY, 1.0])
    yield "zeros", np.array([-0.0, 0.0]), np.zeros(2)
    yield "exact", np.arange(8.0), np.arange(8.0) - 4
    yield "two blocks", np.linspace(-1, 1, 150), np.full(150, 1 / 3)
    yield "a thousand", np.sin(np.arange(1000.0)), np.cos(np.arange(1000.0))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, left, right in _edges():
        yield Example(name, arrays={"left": left, "right": right})
    for index in range(count):
        length = int(random.integers(1, 40))
        left = random.standard_normal(length) * 10.0 ** random.integers(-20, 20)
        name = f"random {index + 1}: {length} elements"
        yield Example(name, arrays={"left": left, "right": random.standard_normal(length)})


@operation(
    "dot",
    params={"type": "object", "additionalProperties": False},
    summary="The dot product of two float64 vectors.",
    arrays={"left": ArraySpec("f8", ("k",)), "right": ArraySpec("f8", ("k",))},
    certificate=Certificate(
        KIND,
        make=_PRODUCT.make,
        checker="LeanPythonBridge.Certificate.Dot",
        check=_PRODUCT.check,
    ),
    examples=_examples,
    lies=_PRODUCT.lies,
    scaling=Scaling(heap_bytes=_PRODUCT.heap_bytes),
)
def dot(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Multiply two vectors, in whatever order is fast."""
    return _compute(params, arrays)
