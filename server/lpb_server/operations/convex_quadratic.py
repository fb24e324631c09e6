"""``convex_quadratic``: the modulus of strong convexity of ½ xᵀ Q x + cᵀ x."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.diagonal_shift import below, check_below, eigenvalue_enclosure
from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.reading import range_of
from lpb_server.errors import InvalidParams, Uncertifiable
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
    with_entry,
)
from lpb_server.wire.values import ValueMap

__all__ = ["convex_quadratic"]

_KIND: Final = "strong_convexity"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    modulus = cast(float, outcome.result["modulus"])
    if not modulus > 0:
        raise Uncertifiable(
            "the function is not strongly convex in double precision: the modulus is computed as"
            f" {modulus:.3g}"
        )
    entries, made = below(arrays["matrix"], modulus, "lower")
    matrix, linear = exponent_range(arrays["matrix"]), exponent_range(arrays["linear"])
    ranges: ValueMap = {
        "matrix_range": [matrix.low, matrix.high],
        "linear_range": [linear.low, linear.high],
    }
    return Evidence({**ranges, **entries}, cast("dict[str, Any]", made))


def _check(question: Question, answer: Answer) -> bool:
    matrix, linear = question.arrays.get("matrix"), question.arrays.get("linear")
    if matrix is None or linear is None or matrix.ndim != 2 or linear.shape != matrix.shape[:1]:
        return False
    if matrix.dtype != np.float64 or linear.dtype != np.float64:
        return False
    stated, modulus = answer.certificate, answer.result.get("modulus")
    held = [range_of(stated.get(name)) for name in ("matrix_range", "linear_range")]
    return (
        stated.get("kind") == _KIND
        and type(modulus) is float
        and modulus > 0
        and held[0] is not None
        and held[1] is not None
        and held[0].holds(matrix)
        and held[1].holds(linear)
        and check_below(matrix, modulus, stated, answer.certificate_arrays, "lower")
    )


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in symmetric_examples(random, count):
        if name == "subnormal":  # No modulus that rounding errors leave.
            continue
        linear = random.standard_normal(len(matrix))
        yield Example(name, arrays={"matrix": matrix, "linear": linear})
    edges = np.array([0.0, -0.0, 1e300])
    yield Example("no linear part but one", arrays={"matrix": np.eye(3), "linear": edges})


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(
        arrays={"matrix": definite_matrix(random, n), "linear": random.standard_normal(n)}
    )


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n = size["n"]
    return kernel_heap(3 * n**2, n**3, stated_words(answer, "lower_words"), 20.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix = question.arrays["matrix"]
    modulus = cast(float, answer.result["modulus"])
    arrays = cast("dict[str, npt.NDArray[np.float64]]", answer.certificate_arrays)
    shown, factor = arrays["lower_matrix"], arrays["lower_factor"]
    n = len(matrix)
    largest = float(np.linalg.eigvalsh(matrix)[-1])
    raised = shown + largest * np.eye(n)

    def stating(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, certificate={**answer.certificate, **changes})

    def showing(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, certificate_arrays={**arrays, **changes})

    def saying(value: Any) -> Answer:
        return msgspec.structs.replace(answer, result={"modulus": value})

    pairs = zip(np.diagonal(matrix).tolist(), np.diagonal(shown).tolist(), strict=True)
    limit = min(Fraction(x) - Fraction(m) for x, m in pairs)
    beyond = float(limit)
    while Fraction(beyond) <= limit:
        beyond = math.nextafter(beyond, math.inf)
    lies = {
        "modulus an ulp beyond what is shown": saying(beyond),
        "modulus twice the largest eigenvalue": saying(2 * largest),
        "modulus above the spectrum, the matrix lowered": msgspec.structs.replace(
            saying(2 * largest),
            certificate_arrays={**arrays, "lower_matrix": matrix - 2 * largest * np.eye(n)},
        ),
        "modulus that is zero": saying(0.0),
        "modulus that is negative": saying(-modulus),
        "modulus that is NaN": saying(math.nan),
        "modulus that is infinite": saying(math.inf),
        "modulus that is an integer": saying(1),
        "no modulus": msgspec.structs.replace(answer, result={"lower": modulus}),
        "a matrix that is higher on the diagonal": showing(lower_matrix=raised),
        "a matrix of another shape": showing(lower_matrix=shown.reshape(-1)),
        "a factor three times as large": showing(lower_factor=factor * 3),
        "a NaN in the factor": showing(lower_factor=with_entry(factor, 0, n - 1, math.nan)),
        "no factor": msgspec.structs.replace(answer, certificate_arrays={"lower_matrix": shown}),
        "a range that is none": stating(linear_range=[3, 3]),
        "lanes of no words": stating(lower_words=0),
        "kind": stating(kind="trust_me"),
        "no certificate": msgspec.structs.replace(answer, certificate={}),
    }
    if n > 1:
        lies["another entry off the diagonal"] = showing(
            lower_matrix=with_entry(shown, 0, 1, float(matrix[0, 1]) / 2 + largest)
        )
        lies["a factor with an entry below the diagonal"] = showing(
            lower_factor=with_entry(factor, n - 1, 0, float(factor[0, 0]))
        )
    return lies


@operation(
    "convex_quadratic",
    params={"type": "object", "additionalProperties": False},
    summary="Give the modulus of strong convexity of x -> x'Qx / 2 + c'x, Q symmetric.",
    arrays={"matrix": ArraySpec("f8", ("n", "n")), "linear": ArraySpec("f8", ("n",))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.ConvexQuadraticOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=_heap_bytes),
)
def convex_quadratic(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Compute the least eigenvalue of Q, less the rounding errors: not positive if not convex."""
    matrix = symmetric_matrix("convex_quadratic", arrays["matrix"])
    if not bool(np.isfinite(arrays["linear"]).all()):
        raise InvalidParams("convex_quadratic: an element of the linear part is not finite")
    return Outcome({"modulus": eigenvalue_enclosure(matrix)[0]})
