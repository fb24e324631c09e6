"""``eigenvalue_bounds``: numbers between which all eigenvalues of a symmetric matrix lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.diagonal_shift import (
    above,
    below,
    check_above,
    check_below,
    eigenvalue_enclosure,
)
from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.reading import range_of
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap, stated_words
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.operations.symmetric import (
    definite_matrix,
    symmetric_examples,
    symmetric_matrix,
    with_eigenvalues,
    with_entry,
)
from lpb_server.wire.values import ValueMap

__all__ = ["eigenvalue_bounds"]

_KIND: Final = "shifted_cholesky_factors"
_SIDES: Final = ("lower", "upper")


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    matrix = arrays["matrix"]
    least, largest = (cast(float, outcome.result[name]) for name in ("lower", "upper"))
    entries, made = below(matrix, least, "lower")
    more_entries, more = above(matrix, largest, "upper")
    found = exponent_range(matrix)
    return Evidence(
        {"matrix_range": [found.low, found.high], **entries, **more_entries},
        cast("dict[str, Any]", {**made, **more}),
    )


def _check(question: Question, answer: Answer) -> bool:
    matrix = question.arrays.get("matrix")
    if matrix is None or matrix.ndim != 2 or matrix.dtype != np.float64:
        return False
    stated, arrays = answer.certificate, answer.certificate_arrays
    held = range_of(stated.get("matrix_range"))
    return (
        stated.get("kind") == _KIND
        and held is not None
        and held.holds(matrix)
        and check_below(matrix, answer.result.get("lower"), stated, arrays, "lower")
        and check_above(matrix, answer.result.get("upper"), stated, arrays, "upper")
    )


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("indefinite", arrays={"matrix": np.array([[1.0, 2.0], [2.0, 1.0]])})
    yield Example("zero", arrays={"matrix": np.zeros((2, 2))})
    yield Example("negative, n = 1", arrays={"matrix": np.array([[-0.3]])})
    yield Example("singular", arrays={"matrix": np.ones((3, 3))})
    yield Example("indefinite, n = 7", arrays={"matrix": with_eigenvalues(random, range(-3, 4))})
    for name, matrix in symmetric_examples(random, count):
        yield Example(name, arrays={"matrix": matrix})


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(arrays={"matrix": definite_matrix(random, n)})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n, words = size["n"], (stated_words(answer, f"{side}_words") for side in _SIDES)
    return kernel_heap(5 * n**2, n**3, sum(words), 28.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix = question.arrays["matrix"]
    lower, upper = (cast(float, answer.result[name]) for name in ("lower", "upper"))
    arrays = cast("dict[str, npt.NDArray[np.float64]]", answer.certificate_arrays)
    n = len(matrix)
    diagonal = [Fraction(x) for x in np.diagonal(matrix).tolist()]
    shown = [[Fraction(x) for x in np.diagonal(arrays[f"{k}_matrix"]).tolist()] for k in _SIDES]

    def bounds(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, result={**answer.result, **changes})

    def stating(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, certificate={**answer.certificate, **changes})

    def showing(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, certificate_arrays={**arrays, **changes})

    def shifted_to(inward: float) -> npt.NDArray[np.float64]:
        return arrays["lower_matrix"] - inward * np.eye(n)

    width = upper - lower
    most = min(x - m for x, m in zip(diagonal, shown[0], strict=True))
    fewest = max(x + m for x, m in zip(diagonal, shown[1], strict=True))
    lies = {
        "lower bound an ulp beyond what is shown": bounds(lower=_beyond(most, math.inf)),
        "upper bound an ulp beyond what is shown": bounds(upper=_beyond(fewest, -math.inf)),
        "bounds swapped": bounds(lower=upper, upper=lower),
        "lower bound above the spectrum": msgspec.structs.replace(
            bounds(lower=upper),
            certificate_arrays={**arrays, "lower_matrix": shifted_to(width)},
        ),
        "lower bound that is NaN": bounds(lower=math.nan),
        "upper bound that is infinite": bounds(upper=math.inf),
        "upper bound that is an integer": bounds(upper=1),
        "no lower bound": msgspec.structs.replace(answer, result={"upper": upper}),
        "a factor four times as large": showing(lower_factor=arrays["lower_factor"] * 4),
        "a matrix that is higher on the diagonal": showing(
            lower_matrix=arrays["lower_matrix"] + width * np.eye(n)
        ),
        "a factor three times as large": showing(upper_factor=arrays["upper_factor"] * 3),
        "a NaN in a factor": showing(
            lower_factor=with_entry(arrays["lower_factor"], 0, n - 1, math.nan)
        ),
        "a matrix of another shape": showing(lower_matrix=arrays["lower_matrix"].reshape(-1)),
        "a range that is none": stating(matrix_range=[3, 3]),
        "lanes of no words": stating(upper_words=0),
        "kind": stating(kind="trust_me"),
        "no certificate": msgspec.structs.replace(answer, certificate={}),
    }
    if n > 1:
        lies["matrices of each other"] = showing(
            lower_matrix=arrays["upper_matrix"], upper_matrix=arrays["lower_matrix"]
        )
        lies["another entry off the diagonal"] = showing(
            lower_matrix=with_entry(arrays["lower_matrix"], 0, 1, float(matrix[0, 1]) / 2 + width)
        )
    return lies


def _beyond(limit: Fraction, direction: float) -> float:
    """Give the first double beyond an exact number."""
    value = float(limit)
    while (Fraction(value) <= limit) if direction > 0 else (Fraction(value) >= limit):
        value = math.nextafter(value, direction)
    return value


@operation(
    "eigenvalue_bounds",
    params={"type": "object", "additionalProperties": False},
    summary="Bound the eigenvalues of a symmetric matrix from below and above.",
    arrays={"matrix": ArraySpec("f8", ("n", "n"))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.EigenvalueBoundsOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=_heap_bytes),
)
def eigenvalue_bounds(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Compute the extreme eigenvalues, and stand off from them by the rounding errors."""
    lower, upper = eigenvalue_enclosure(symmetric_matrix("eigenvalue_bounds", arrays["matrix"]))
    return Outcome({"lower": lower, "upper": upper})
