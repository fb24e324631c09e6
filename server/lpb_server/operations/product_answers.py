"""What `dot`, `matvec` and `matmul` share: the check of an answer, and answers nearly right."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.operations.kernel_heap import kernel_heap, stated_words
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions
from lpb_server.wire.values import Value, ValueMap

__all__ = ["KIND", "ProductOperation"]

KIND: Final = "product_error_bound"
"""What the certificates are called."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ProductOperation:
    """An operation that is a product of two matrices.

    Parameters
    ----------
    left, right : str
        The names of its arrays.
    compute : callable
        The operation.
    read : callable
        The computed product from result and arrays, as an array of `Answer` or the number itself;
        None when they are not what the operation gives back.
    write : callable
        Result and arrays from the product as a matrix: what `read` reads.
    dimensions : tuple of int
        How many dimensions the two have.
    ragged, combine : bool
        See `product_error_bound`.
    """

    left: str
    right: str
    compute: Callable[[ValueMap, ArrayMap], Outcome]
    read: Callable[[ValueMap, ArrayMap], Matrix | None]
    write: Callable[[Matrix], Outcome]
    dimensions: tuple[int, int]
    ragged: bool = False
    combine: bool = False

    def operands(self, arrays: ArrayMap) -> tuple[Matrix, Matrix]:
        """Return the operands as matrices: a left vector is a row, a right one a column."""
        left, right = arrays[self.left], arrays[self.right]
        left = left if left.ndim > 1 else left[np.newaxis, :]
        return left, right if right.ndim > 1 else right[:, np.newaxis]

    def make(self, params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
        """Make the evidence for an outcome.

        Raises
        ------
        InvalidParams
            When no certificate exists.
        """
        left, right = self.operands(arrays)
        product = self.read(outcome.result, outcome.arrays)
        assert product is not None
        product = product.reshape(left.shape[0], right.shape[1])
        return Evidence(
            product_error_bound(left, right, product, ragged=self.ragged, combine=self.combine)
        )

    def heap_bytes(self, size: Dimensions, answer: Answer) -> float:
        """Estimate what Lean's kernel needs, as `Scaling` says."""
        m, k, n = size.get("m", 1), size["k"], size.get("n", 1)
        words = stated_words(answer, "layout", 0)
        return kernel_heap(m * k + k * n + m * n, m * k * n, words, 70.0)

    def check(self, question: Question, answer: Answer) -> bool:
        """Decide in exact integers what the Lean checker decides."""
        if not self._is_product(question.arrays):
            return False
        left, right = self.operands(question.arrays)
        product = self.read(answer.result, answer.arrays)
        if product is None or answer.certificate_arrays or answer.certificate.get("kind") != KIND:
            return False
        rows, columns = left.shape[0], right.shape[1]
        shape = self.read(*_parts(self.write(np.zeros((rows, columns)))))
        assert shape is not None
        if product.shape != shape.shape:
            return False
        product = product.reshape(rows, columns)
        return check_product(
            left,
            right,
            product,
            answer.certificate,
            ragged=self.ragged,
            combine=self.combine,
        )

    def _is_product(self, arrays: ArrayMap) -> bool:
        """Whether there are two operands, of doubles and of shapes that agree."""
        if self.left not in arrays or self.right not in arrays:
            return False
        left, right = arrays[self.left], arrays[self.right]
        if (left.ndim, right.ndim) != self.dimensions or left.dtype != right.dtype:
            return False
        return left.dtype == np.float64 and left.shape[-1] == right.shape[0]

    def lies(self, question: Question, answer: Answer) -> Mapping[str, Answer]:
        """Return answers that are nearly right, by what is wrong with them."""
        left, right = self.operands(question.arrays)
        given = self.read(answer.result, answer.arrays)
        assert given is not None
        product = given.reshape(left.shape[0], right.shape[1])

        def computed(matrix: Matrix) -> Answer:
            outcome = self.write(matrix)
            return msgspec.structs.replace(answer, result=outcome.result, arrays=outcome.arrays)

        bound = cast(float, answer.certificate["error_bound"])
        wrong = {
            "product beyond the bound by a unit in the last place": _beyond(
                product, left, right, bound
            ),
            "product that is NaN": _with_last(product, math.nan),
            "product that is infinite": _with_last(product, math.inf),
        }
        lies = {name: computed(matrix) for name, matrix in wrong.items()}
        nearly = {
            "rows exchanged": product[::-1],
            "columns exchanged": product[:, ::-1],
            "transposed product": product.T,
            "product of the transposed left matrix": _product(left.T, right),
            "product of the transposed right matrix": _product(left, right.T),
            "sign": -product,
        }
        for name, matrix in nearly.items():
            if matrix is not None and self._is_a_lie(question, computed(matrix)):
                lies[name] = computed(matrix)
        moved = dict(question.arrays)
        moved[self.left] = moved[self.left] / 4 + 1
        another = self.compute(question.params, moved)
        entries = self.make(question.params, moved, another).entries
        other = Answer(another.result, another.arrays, {"kind": KIND, **entries})
        if self._is_a_lie(question, other):
            lies["answer to another question"] = other
        lies |= _about_the_certificate(answer, bound, left.shape[1])
        if not self._is_a_lie(question, lies["no block"]):  # Rows may be combined.
            del lies["no block"]
        return lies

    def _is_a_lie(self, question: Question, answer: Answer) -> bool:
        """Whether what looks like a lie is one: a matrix may be its own transpose."""
        return not self.check(question, answer)


def _parts(outcome: Outcome) -> tuple[ValueMap, ArrayMap]:
    return outcome.result, outcome.arrays


def _product(left: Matrix, right: Matrix) -> Matrix | None:
    return left @ right if left.shape[1] == right.shape[0] else None


def _with_last(product: Matrix, value: float) -> Matrix:
    changed = product.copy()
    changed[-1, -1] = value
    return changed


def _beyond(product: Matrix, left: Matrix, right: Matrix, bound: float) -> Matrix:
    """Return the product with its last entry the least double that is beyond the bound."""
    pairs = zip(left[-1].tolist(), right[:, -1].tolist(), strict=True)
    exact = sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(0))
    edge = exact + Fraction(bound)
    value = float(edge)
    while Fraction(value) <= edge:
        value = math.nextafter(value, math.inf)
    return _with_last(product, value)


def _about_the_certificate(answer: Answer, bound: float, columns: int) -> dict[str, Answer]:
    """Return answers with certificates that do not hold, of whatever product."""
    layout = cast("list[Any]", answer.certificate["layout"])
    words, _, low, high, *others = layout

    def stating(**changes: Value) -> Answer:
        return msgspec.structs.replace(answer, certificate={**answer.certificate, **changes})

    name, array = next(iter(answer.arrays.items()), ("product", np.zeros(1)))
    changes: dict[str, ValueMap] = {
        "bound too small": {"error_bound": math.nextafter(bound, -math.inf)},
        "bound of zero": {"error_bound": 0.0},
        "bound that is NaN": {"error_bound": math.nan},
        "bound that is infinite": {"error_bound": math.inf},
        "negative bound": {"error_bound": -bound},
        "bound that is an integer": {"error_bound": 1 << 53},
        "lanes too narrow": {"layout": [words - 1, *layout[1:]]},
        "lanes of a million words": {"layout": [1_000_000, *layout[1:]]},
        "no block": {"layout": [words, 0, *layout[2:]]},
        "block too long": {"layout": [words, columns + 1, *layout[2:]]},
        "range too high": {"layout": [*layout[:2], low + 1, high, *others]},
        "range out of order": {"layout": [*layout[:2], high, low, *others]},
        "layout cut short": {"layout": layout[:-1]},
        "kind": {"kind": "trust_me"},
        "one entry more": {"proof": "obvious"},
    }
    if not bound:
        del changes["bound of zero"]
    return {
        **{name: stating(**change) for name, change in changes.items()},
        "no certificate": msgspec.structs.replace(answer, certificate={}),
        "another name": msgspec.structs.replace(answer, arrays={f"{name}s": array}),
        "another type": msgspec.structs.replace(answer, arrays={name: array.astype(np.float32)}),
        "another shape": msgspec.structs.replace(answer, arrays={name: array[np.newaxis]}),
        "an array as well": msgspec.structs.replace(answer, arrays={**answer.arrays, "x": array}),
        "a result as well": msgspec.structs.replace(answer, result={**answer.result, "sum": 0.0}),
        "an array in the certificate": msgspec.structs.replace(
            answer, certificate_arrays={"proof": array}
        ),
    }
