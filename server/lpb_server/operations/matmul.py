"""``matmul``: the product of two matrices, with a bound on the error of its entries."""

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

__all__ = ["matmul"]

_TINY: Final = 5e-324

Matrix = npt.NDArray[np.float64]


def _compute(params: ValueMap, arrays: ArrayMap) -> Outcome:
    with np.errstate(all="ignore"):  # Overflow and NaN are answers here.
        return Outcome({}, {"product": arrays["left"] @ arrays["right"]})


def _read(result: ValueMap, arrays: ArrayMap) -> Matrix | None:
    product = arrays.get("product")
    if result or len(arrays) != 1 or product is None or product.dtype != np.float64:
        return None
    return product


_PRODUCT: Final = ProductOperation(
    "left",
    "right",
    _compute,
    _read,
    lambda product: Outcome({}, {"product": product}),
    dimensions=(2, 2),
    combine=True,
)


def _edges() -> Iterable[tuple[str, Matrix, Matrix]]:
    """Matrices at the edges of what a product can meet."""
    yield "2 × 3 times 3 × 2", np.arange(6.0).reshape(2, 3) / 7, np.arange(1.0, 7.0).reshape(3, 2)
    yield "1 × 1", np.array([[0.1]]), np.array([[0.3]])
    yield "outer", np.array([[0.1], [0.2]]), np.array([[1 / 3, 1e-9, 7.0]])
    yield "cancellation", np.array([[1e16, 1.0, -1e16]]), np.array([[1.0], [0.1], [1.0]])
    yield "badly scaled", np.array([[1e300, 1e-300], [1.0, -1e-300]]), np.array([[1e-300], [1e300]])
    yield "subnormals", np.array([[_TINY, 3 * _TINY], [0.5, 2e-308]]), np.array([[0.5], [-_TINY]])
    yield "zeros", np.array([[-0.0, 0.0], [0.0, 0.0]]), np.zeros((2, 2))
    yield "exact", np.eye(3), np.arange(9.0).reshape(3, 3) - 4
    yield "many columns", np.linspace(-1, 1, 150).reshape(1, 150), np.ones((150, 1)) / 3


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, left, right in _edges():
        yield Example(name, arrays={"left": left, "right": right})
    for index in range(count):
        rows, inner, columns = (int(n) for n in random.integers(1, 9, 3))
        left = random.standard_normal((rows, inner)) * 10.0 ** random.integers(-20, 20)
        right = random.standard_normal((inner, columns))
        name = f"random {index + 1}: {rows} × {inner} times {inner} × {columns}"
        yield Example(name, arrays={"left": left, "right": right})


@operation(
    "matmul",
    params={"type": "object", "additionalProperties": False},
    summary="Multiply two float64 matrices.",
    arrays={"left": ArraySpec("f8", ("m", "k")), "right": ArraySpec("f8", ("k", "n"))},
    certificate=Certificate(
        KIND,
        make=_PRODUCT.make,
        checker="LeanPythonBridge.Certificate.Matmul",
        check=_PRODUCT.check,
    ),
    examples=_examples,
    lies=_PRODUCT.lies,
    scaling=Scaling(heap_bytes=_PRODUCT.heap_bytes),
)
def matmul(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Multiply two matrices, in whatever order is fast."""
    return _compute(params, arrays)
