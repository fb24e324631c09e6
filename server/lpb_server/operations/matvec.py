"""``matvec``: the product of a matrix and a vector, with a bound on the error of its entries."""

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

__all__ = ["matvec"]

_TINY: Final = 5e-324

Matrix = npt.NDArray[np.float64]


def _compute(params: ValueMap, arrays: ArrayMap) -> Outcome:
    with np.errstate(all="ignore"):  # Overflow and NaN are answers here.
        return Outcome({}, {"product": arrays["matrix"] @ arrays["vector"]})


def _read(result: ValueMap, arrays: ArrayMap) -> Matrix | None:
    product = arrays.get("product")
    if result or len(arrays) != 1 or product is None or product.dtype != np.float64:
        return None
    return product


_PRODUCT: Final = ProductOperation(
    "matrix",
    "vector",
    _compute,
    _read,
    lambda product: Outcome({}, {"product": product[:, 0]}),
    dimensions=(2, 1),
)


def _edges() -> Iterable[tuple[str, Matrix, Matrix]]:
    """Matrices and vectors at the edges of what a product can meet."""
    yield "3 × 3", np.arange(9.0).reshape(3, 3) / 7, np.array([0.1, 0.2, 0.7])
    yield "1 × 1", np.array([[0.1]]), np.array([0.3])
    yield "one column", np.array([[0.1], [0.2]]), np.array([1 / 3])
    yield "cancellation", np.array([[1e16, 1.0, -1e16], [1.0, 0.0, -1.0]]), np.array([1, 0.1, 1])
    yield "badly scaled", np.array([[1e300, 1e-300], [1.0, -1e-300]]), np.array([1e-300, 1e300])
    yield "subnormals", np.array([[_TINY, 3 * _TINY], [0.5, 2e-308]]), np.array([0.5, -_TINY])
    yield "zeros", np.array([[-0.0, 0.0], [0.0, 0.0]]), np.zeros(2)
    yield "exact", np.eye(3), np.array([1.0, -2.0, 3.0])
    yield "many columns", np.linspace(-1, 1, 300).reshape(2, 150), np.ones(150) / 3


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix, vector in _edges():
        yield Example(name, arrays={"matrix": matrix, "vector": vector})
    for index in range(count):
        rows, columns = (int(n) for n in random.integers(1, 12, 2))
        matrix = random.standard_normal((rows, columns)) * 10.0 ** random.integers(-20, 20)
        name = f"random {index + 1}: {rows} × {columns}"
        yield Example(name, arrays={"matrix": matrix, "vector": random.standard_normal(columns)})


@operation(
    "matvec",
    params={"type": "object", "additionalProperties": False},
    summary="Multiply a float64 matrix and a vector.",
    arrays={"matrix": ArraySpec("f8", ("m", "k")), "vector": ArraySpec("f8", ("k",))},
    certificate=Certificate(
        KIND,
        make=_PRODUCT.make,
        checker="LeanPythonBridge.Certificate.Matvec",
        check=_PRODUCT.check,
    ),
    examples=_examples,
    lies=_PRODUCT.lies,
    scaling=Scaling(heap_bytes=_PRODUCT.heap_bytes),
)
def matvec(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Multiply a matrix and a vector, in whatever order is fast."""
    return _compute(params, arrays)
