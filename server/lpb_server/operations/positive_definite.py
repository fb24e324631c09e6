"""``positive_definite``: whether a symmetric matrix is, with an approximate Cholesky factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates import positive_definite as certify_matrix
from lpb_server.certificates.cholesky_check import check_positive_definite
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
from lpb_server.operations.symmetric import definite_matrix, symmetric_examples, with_entry
from lpb_server.wire.values import ValueMap

__all__ = ["positive_definite"]

_KIND: Final = "cholesky_factor"
_RESULT: Final = "positive_definite"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    made = certify_matrix(arrays["matrix"])
    entries: ValueMap = {
        "words": made.words,
        "matrix_range": [made.matrix_range.low, made.matrix_range.high],
        "factor_range": [made.factor_range.low, made.factor_range.high],
    }
    return Evidence(entries, {"factor": made.factor})


def _check(question: Question, answer: Answer) -> bool:
    matrix = question.arrays.get("matrix")
    factor = answer.certificate_arrays.get("factor")
    if matrix is None or factor is None or matrix.dtype != np.float64 or factor.dtype != np.float64:
        return False
    if list(answer.result.items()) != [(_RESULT, True)] or answer.result[_RESULT] is not True:
        return False
    stated = answer.certificate
    return (
        not answer.arrays
        and stated.get("kind") == _KIND
        and check_positive_definite(
            matrix,
            factor,
            stated.get("words"),
            range_of(stated.get("matrix_range")),
            range_of(stated.get("factor_range")),
        )
    )


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in symmetric_examples(random, count):
        yield Example(name, arrays={"matrix": matrix})


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(arrays={"matrix": definite_matrix(random, n)})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n = size["n"]
    return kernel_heap(2 * n**2, n**3, stated_words(answer, "words"), 12.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix = question.arrays["matrix"]
    factor = cast("npt.NDArray[np.float64]", answer.certificate_arrays["factor"])
    n = len(matrix)
    least, largest = np.linalg.eigvalsh(matrix)[[0, -1]]
    moved = np.diag(np.diag(matrix)) * 2

    def stating(**changes: Any) -> Answer:
        return msgspec.structs.replace(answer, certificate={**answer.certificate, **changes})

    def factored(other: npt.NDArray[np.float64]) -> Answer:
        return msgspec.structs.replace(answer, certificate_arrays={"factor": other})

    def saying(result: ValueMap) -> Answer:
        return msgspec.structs.replace(answer, result=result)

    made = certify_matrix(moved)
    lies = {
        "not positive definite": saying({_RESULT: False}),
        "one in place of true": saying({_RESULT: 1}),
        "another key": saying({"definite": True}),
        "no factor": msgspec.structs.replace(answer, certificate_arrays={}),
        "a factor of zeros but for one": factored(_single(n, 2 * float(np.sqrt(matrix[0, 0])))),
        "a factor twice as large": factored(factor * 2),
        "a factor of another matrix": factored(made.factor),
        "a NaN in the factor": factored(with_entry(factor, 0, n - 1, np.nan)),
        "an infinite entry": factored(with_entry(factor, 0, 0, np.inf)),
        "a factor of another shape": factored(factor.reshape(-1)),
        "a factor with a row more": factored(np.vstack([factor, factor[:1]])),
        "lanes of no words": stating(words=0),
        "a range that is none": stating(matrix_range=[5, 5]),
        "a range of infinite exponents": stating(factor_range=[0, 2048]),
        "kind": stating(kind="trust_me"),
        "no certificate": msgspec.structs.replace(answer, certificate={}),
    }
    if n > 1:
        lies["a factor with an entry below the diagonal"] = factored(
            with_entry(factor, n - 1, 0, float(factor[0, 0]))
        )
        lies["minus zero below the diagonal"] = factored(with_entry(factor, n - 1, 0, -0.0))
        if np.triu(factor, 1).any():
            lies["the factor, transposed"] = factored(factor.T.copy())
        lies["rows of the factor in reverse"] = factored(factor[::-1].copy())
        if largest > 1.5 * least:
            last = 1.5 * float(factor[n - 1, n - 1] + factor[0, n - 1]) + 1.5 * float(
                np.sqrt(matrix[n - 1, n - 1])
            )
            lies["one entry altered"] = factored(with_entry(factor, n - 1, n - 1, last))
    return lies


def _single(n: int, value: float) -> npt.NDArray[np.float64]:
    factor = np.zeros((n, n))
    factor[0, 0] = value
    return factor


@operation(
    "positive_definite",
    params={"type": "object", "additionalProperties": False},
    summary="Tell whether a symmetric matrix is positive definite.",
    arrays={"matrix": ArraySpec("f8", ("n", "n"))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.PositiveDefiniteOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=_heap_bytes),
)
def positive_definite(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Say what LAPACK finds; only that a matrix is positive definite can be certified."""
    matrix = arrays["matrix"]
    if not bool(np.isfinite(matrix).all()) or not np.array_equal(matrix, matrix.T):
        return Outcome({_RESULT: False})
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return Outcome({_RESULT: False})
    return Outcome({_RESULT: True})
