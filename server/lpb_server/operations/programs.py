"""Programs with linear bounds: what questions ask, and the integers of their certificates."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import (
    decode_integers,
    encode_integers,
    with_denominator,
)
from lpb_server.certificates.linear_program import LinearProgram
from lpb_server.certificates.reading import doubles
from lpb_server.certificates.semidefinite import SemidefiniteCertificate
from lpb_server.errors import InvalidParams
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.finite import require_finite
from lpb_server.operations.program_matrices import MATRIX_ARRAYS, matrix_of, row_count
from lpb_server.operations.question import Answer, ArrayMap
from lpb_server.wire.values import Value

__all__ = [
    "PROGRAM_ARRAYS",
    "integers_of",
    "is_finite",
    "is_program",
    "program_of",
    "rationals_of",
    "semidefinite_of",
    "sent",
]

PROGRAM_ARRAYS: Final = {
    "cost": ArraySpec("f8", ("n",)),
    **MATRIX_ARRAYS,
    "row_lower": ArraySpec("f8", ("m",), needed=False),
    "row_upper": ArraySpec("f8", ("m",), needed=False),
    "lower": ArraySpec("f8", ("n",), needed=False),
    "upper": ArraySpec("f8", ("n",), needed=False),
}
"""What the programs take."""

_BOUNDS: Final = {
    "row_lower": -math.inf,
    "row_upper": math.inf,
    "lower": -math.inf,
    "upper": math.inf,
}
_MOST_WORDS: Final = 65536


def program_of(arrays: ArrayMap) -> LinearProgram:
    """Read a question; `InvalidParams` says what in it cannot be meant."""
    cost = arrays["cost"]
    require_finite(arrays, "cost")
    matrix = matrix_of(arrays, len(cost))
    bounds = {}
    for name, nothing in _BOUNDS.items():
        size = matrix.shape[0] if name.startswith("row") else len(cost)
        bounds[name] = values = arrays.get(name, np.full(size, nothing))
        if len(values) != size:
            raise InvalidParams(
                f"{name} must have {size} elements, one for each row, not {len(values)}",
                {"array": name},
            )
        if not bool((np.isfinite(values) | (values == nothing)).all()):
            raise InvalidParams(
                f"an element of {name} is no bound: it is neither finite nor {nothing}",
                {"array": name},
            )
    for low, high in (("row_lower", "row_upper"), ("lower", "upper")):
        crossed = np.flatnonzero(bounds[low] > bounds[high])
        if crossed.size:
            raise InvalidParams(
                f"element {crossed[0]} of {low} exceeds that of {high}", {"array": low}
            )
    return LinearProgram(cost, matrix, **bounds)


def sent(values: list[Fraction]) -> npt.NDArray[np.uint64]:
    """Give a vector as integers and their denominator, the last one."""
    return encode_integers(with_denominator(values))


def is_finite(value: Value) -> bool:
    """Say whether a value is a finite double."""
    return type(value) is float and math.isfinite(value)


def is_program(arrays: ArrayMap) -> bool:
    """Say whether the arrays are those of a program, as Lean reads them."""
    cost = arrays.get("cost")
    if cost is None or cost.ndim != 1:
        return False
    n = len(cost)
    m = row_count(arrays, n)
    if m is None:
        return False
    sizes = {"cost": n, "row_lower": m, "row_upper": m, "lower": n, "upper": n}
    return all(
        name not in arrays or doubles(arrays[name], size) is not None
        for name, size in sizes.items()
    )


def integers_of(answer: Answer, name: str, count: int) -> list[int] | None:
    """Read integers of the certificate; None when there are not so many."""
    array: Any = answer.certificate_arrays.get(name)
    if array is None or array.dtype != np.uint64 or array.ndim != 2 or len(array) != count:
        return None
    return decode_integers(array) if 1 <= array.shape[1] <= _MOST_WORDS else None


def rationals_of(answer: Answer, name: str, count: int) -> list[Fraction] | None:
    """Read a vector of the certificate: `count` integers and their denominator."""
    integers = integers_of(answer, name, count + 1)
    if integers is None or integers[-1] <= 0:
        return None
    return [Fraction(value, integers[-1]) for value in integers[:-1]]


def semidefinite_of(answer: Answer, n: int) -> SemidefiniteCertificate | None:
    """Read what shows that a matrix of `n` rows is positive semidefinite."""
    weights = answer.certificate_arrays.get("weights")
    if weights is None or weights.ndim != 2 or len(weights) < 1:
        return None
    rank = len(weights) - 1
    numbers = integers_of(answer, "weights", rank + 1)
    factor = integers_of(answer, "factor", rank * n)
    if numbers is None or factor is None:
        return None
    rows = np.array(factor, object).reshape(rank, n)
    return SemidefiniteCertificate(numbers[-1], numbers[:-1], rows)
