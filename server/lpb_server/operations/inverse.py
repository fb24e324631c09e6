"""``inverse``: the inverse of a matrix, with a certificate of its error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.approximate_inverse import approximate_inverse
from lpb_server.certificates.inverse import InverseCertificate, check_inverse, inverse_enclosure
from lpb_server.certificates.reading import doubles, magnitude, range_of, range_value, words_of
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
from lpb_server.operations.square_matrices import square_matrices
from lpb_server.wire.values import Value, ValueMap

__all__ = ["inverse"]

_MALFORMED_AT: Final = 4
"""Answers with a wrong form are lies about questions with so many rows: one size will do."""

_KIND: Final = "inverse_enclosure"


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    made = inverse_enclosure(arrays["matrix"], outcome.arrays["inverse"])
    layout: ValueMap = {
        "words": made.words,
        "matrix": range_value(made.matrix_range),
        "inverse": range_value(made.inverse_range),
    }
    entries: ValueMap = {
        "contraction": made.contraction,
        "largest": made.largest,
        "bound": made.bound,
        "layout": layout,
    }
    return Evidence(entries)


def _certificate(answer: Answer) -> InverseCertificate | None:
    """Read the certificate of an answer."""
    entries, layout = answer.certificate, answer.certificate.get("layout")
    if entries.get("kind") != _KIND or not isinstance(layout, dict):
        return None
    numbers = [magnitude(entries.get(name)) for name in ("contraction", "largest", "bound")]
    words = words_of(layout.get("words"))
    ranges = [range_of(layout.get(name)) for name in ("matrix", "inverse")]
    if None in numbers or words is None or None in ranges:
        return None
    contraction, largest, bound = cast("list[float]", numbers)
    matrix_range, inverse_range = cast("list[Any]", ranges)
    return InverseCertificate(contraction, largest, bound, words, matrix_range, inverse_range)


def _check(question: Question, answer: Answer) -> bool:
    given = question.arrays.get("matrix")
    n = given.shape[0] if given is not None and given.ndim else 0
    matrix, found = doubles(given, n, n), doubles(answer.arrays.get("inverse"), n, n)
    certificate = _certificate(answer)
    if n == 0 or matrix is None or found is None or certificate is None:
        return False
    return check_inverse(matrix, found, certificate)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in square_matrices(random, count):
        yield Example(name, arrays={"matrix": matrix})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n = size["n"]
    return kernel_heap(2 * n**2, n**3, stated_words(answer, "layout", "words"), 60.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix, found = question.arrays["matrix"], answer.arrays["inverse"]
    certificate = cast("dict[str, Any]", answer.certificate)
    contraction, bound = certificate["contraction"], certificate["bound"]
    largest = certificate["largest"]

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**certificate, **changes})

    def answering(values: npt.NDArray[Any]) -> Answer:
        return replace(answer, arrays={"inverse": values})

    def arranged(**changes: Value) -> Answer:
        return stating(layout={**certificate["layout"], **changes})

    missing = found.copy()
    missing[-1, -1] = np.nan
    lies = {
        "inverse of zeros": answering(np.zeros_like(found)),
        "contraction of 1": stating(contraction=1.0),
        "largest entry too small": stating(largest=math.nextafter(largest, 0)),
    }
    malformed = {
        "inverse with a NaN": answering(missing),
        "inverse that is flat": answering(found.reshape(-1)),
        "inverse as integers": answering(found.view(np.int64)),
        "no inverse": replace(answer, arrays={}),
        "bound that is NaN": stating(bound=math.nan),
        "bound that is infinite": stating(bound=math.inf),
        "bound that is negative": stating(bound=-bound),
        "bound that is an integer": stating(bound=1),
        "lanes without words": arranged(words=0),
        "lanes with too many words": arranged(words=10**18),
        "exponents elsewhere": arranged(matrix=[2040, 2046]),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}),
    }
    if len(matrix) == _MALFORMED_AT:
        lies |= malformed
    if bound:
        lies["bound too small by one unit in the last place"] = stating(
            bound=math.nextafter(bound, 0)
        )
        lies["half of the bound"] = stating(bound=bound / 2)
    if contraction:
        lies["contraction too small"] = stating(contraction=math.nextafter(contraction, 0))
    others = {"twice the matrix": matrix * 2}
    if not np.array_equal(matrix, matrix.T):
        others["the transposed matrix"] = matrix.T.copy()
    if len(matrix) > 1:
        others["the matrix with its rows swapped"] = np.roll(matrix, 1, axis=0)
        lies["rows of the inverse swapped"] = answering(np.roll(found, 1, axis=0))
    for name, other in others.items():
        outcome = Outcome({}, {"inverse": approximate_inverse(other)})
        with suppress(Uncertifiable):
            entries = _make({}, {"matrix": other}, outcome).entries
            lies[f"inverse of {name}"] = Answer({}, outcome.arrays, {"kind": _KIND, **entries})
    return lies


@operation(
    "inverse",
    params={"type": "object", "additionalProperties": False},
    summary="Invert a matrix; in extended precision when double precision does not do.",
    arrays={"matrix": ArraySpec("f8", ("n", "n"))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.InverseOperation", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(heap_bytes=_heap_bytes),
)
def inverse(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Invert by LAPACK, or by elimination in extended precision where that is not near enough."""
    try:
        return Outcome({}, {"inverse": approximate_inverse(arrays["matrix"])})
    except np.linalg.LinAlgError:
        raise InvalidParams("the matrix is singular", {"array": "matrix"}) from None
