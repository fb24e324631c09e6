"""``least_squares``: weights with the least sum of squares, with a certificate of the gap."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.least_squares import check_least_squares, least_squares_gap
from lpb_server.certificates.left_inverse import column_scales
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams
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
from lpb_server.wire.values import Value, ValueMap

__all__ = ["least_squares"]

_MALFORMED_AT: Final = 6
"""Answers with a wrong form are lies about questions with so many rows: one size will do."""

_KIND: Final = "least_squares_gap"

_ROUNDS: Final = 3
"""The fit and two refinements: what is left of the error is that of rounding the weights."""


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    return Evidence(
        *least_squares_gap(arrays["matrix"], arrays["right"], outcome.arrays["weights"])
    )


def _check(question: Question, answer: Answer) -> bool:
    given = question.arrays.get("matrix")
    if given is None or given.ndim != 2 or not given.size:
        return False
    m, n = given.shape
    matrix, right = doubles(given, m, n), doubles(question.arrays.get("right"), m)
    weights = doubles(answer.arrays.get("weights"), n)
    if matrix is None or right is None or weights is None:
        return False
    if answer.certificate.get("kind") != _KIND:
        return False
    return check_least_squares(
        matrix, right, weights, answer.certificate, answer.certificate_arrays
    )


def _matrices(random: np.random.Generator, count: int) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    def drawn(m: int, n: int) -> npt.NDArray[Any]:
        return random.standard_normal((m, n))

    yield "6 × 3", drawn(6, 3)
    yield "1 × 1", np.array([[-0.1]])
    yield "one column", drawn(7, 1)
    yield "square", drawn(4, 4)
    yield "integers", random.integers(-5, 6, (6, 2)).astype(np.float64) + np.eye(6, 2) * 20
    yield "line", np.vander(np.linspace(0, 1, 12), 2)
    yield "polynomial", np.vander(np.linspace(0, 1, 10), 5)
    left, right = np.linalg.qr(drawn(9, 4))[0], np.linalg.qr(drawn(4, 4))[0]
    yield "condition 10⁵", (left * np.geomspace(1, 1e-5, 4)) @ right
    yield "condition 10¹²", (left * np.geomspace(1, 1e-12, 4)) @ right
    yield "badly scaled rows", drawn(8, 3) * np.geomspace(1e-2, 1e2, 8)[:, None]
    yield "badly scaled columns", drawn(8, 3) * np.geomspace(1e-5, 1e5, 3)
    yield "30 × 6", drawn(30, 6)
    for index in range(count):
        n = int(random.integers(1, 6))
        m = n + int(random.integers(0, 12))
        yield f"random {index + 1}: {m} × {n}", drawn(m, n)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in _matrices(random, count):
        right = random.standard_normal(len(matrix))
        if name == "integers":
            right = matrix @ np.array([3.0, -7.0])
        yield Example(name, arrays={"matrix": matrix, "right": right})


def _scaled(random: np.random.Generator, n: int) -> Question:
    matrix = random.standard_normal((2 * n, n))
    return Question(arrays={"matrix": matrix, "right": random.standard_normal(2 * n)})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    m, n = size["m"], size["n"]
    words = stated_words(answer, "inverse_layout", 0)
    return kernel_heap(4 * m * n, m * n * (n + 3), words, 70.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix, right = question.arrays["matrix"], question.arrays["right"]
    weights, arrays = answer.arrays["weights"], answer.certificate_arrays
    certificate = cast("dict[str, Any]", answer.certificate)
    gap = certificate["gap"]

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**certificate, **changes})

    def answering(values: npt.NDArray[Any]) -> Answer:
        return replace(answer, arrays={"weights": values})

    def showing(**changes: npt.NDArray[Any]) -> Answer:
        return replace(answer, certificate_arrays={**arrays, **changes})

    shifted, missing = weights.copy(), weights.copy()
    shifted[0] += 1e-3 * (1 + abs(shifted[0]))
    missing[-1] = np.nan
    inverse, residual = arrays["inverse"], arrays["residual"]
    lies = {
        "weights beyond the gap": answering(shifted),
        "inverse twice as large": showing(inverse=2 * inverse),
        "largest that is half of it": stating(largest=certificate["largest"] / 2),
        "prediction of other weights": showing(prediction=arrays["prediction"] + matrix[:, 0]),
    }
    bounds = ("inverse_bound", "prediction_bound", "gradient_bound", "error", "slope", "gap")
    lies |= {
        f"{name} too small by one unit in the last place": stating(
            **{name: math.nextafter(certificate[name], 0)}
        )
        for name in bounds
        if certificate[name]
    }
    malformed = {
        "weights with a NaN": answering(missing),
        "weights with one entry more": answering(np.append(weights, 0.0)),
        "weights as a column": answering(weights[:, None]),
        "weights as integers": answering(weights.view(np.int64)),
        "no weights": replace(answer, arrays={}),
        "gap that is NaN": stating(gap=math.nan),
        "gap that is infinite": stating(gap=math.inf),
        "gap that is an integer": stating(gap=1),
        "gap that is negative": stating(gap=-gap - 1.0),
        "largest of 0": stating(largest=0.0),
        "error that is infinite": stating(error=math.inf),
        "residual that is not orthogonal": showing(residual=residual + matrix[:, 0]),
        "residual with a NaN": showing(residual=np.full_like(residual, np.nan)),
        "inverse that is flat": showing(inverse=inverse.reshape(-1)),
        "gradient as a row": showing(gradient=arrays["gradient"].reshape(1, -1)),
        "layout cut short": stating(inverse_layout=certificate["inverse_layout"][:-1]),
        "layout of a million words": stating(
            gradient_layout=[1_000_000, *certificate["gradient_layout"][1:]]
        ),
        "no inverse": replace(
            answer, certificate_arrays={k: v for k, v in arrays.items() if k != "inverse"}
        ),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}),
    }
    if len(matrix) == _MALFORMED_AT:
        lies |= malformed
    others = {"another right-hand side": (matrix, right + matrix[:, 0])}
    if len(matrix) > 1:
        others["rows swapped"] = (np.roll(matrix, 1, axis=0), right)
    for name, (other, side) in others.items():
        asked = {"matrix": other, "right": side}
        outcome = Outcome({}, {"weights": _fitted(other, side)})
        made = _make({}, asked, outcome)
        entries: ValueMap = {"kind": _KIND, **made.entries}
        lies[f"answer for {name}"] = Answer({}, outcome.arrays, entries, made.arrays)
    return lies


@operation(
    "least_squares",
    params={"type": "object", "additionalProperties": False},
    summary="Fit weights w with the least sum of squares of X w - y, refined.",
    arrays={"matrix": ArraySpec("f8", ("m", "n")), "right": ArraySpec("f8", ("m",))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.LeastSquaresOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, (5, 10, 20, 40), _heap_bytes),
)
def least_squares(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Fit by LAPACK, then refine: the residual is computed in extended precision."""
    matrix, right = arrays["matrix"], arrays["right"]
    if matrix.shape[0] < matrix.shape[1]:
        raise InvalidParams("the matrix has fewer rows than columns", {"array": "matrix"})
    try:
        with np.errstate(all="ignore"):
            return Outcome({}, {"weights": _fitted(matrix, right)})
    except np.linalg.LinAlgError as error:
        raise InvalidParams(f"there is no fit: {error}", {"array": "matrix"}) from None


def _fitted(
    matrix: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    scales = column_scales(matrix)
    scaled, extended = matrix / scales, matrix.astype(np.longdouble)
    weights = np.zeros(matrix.shape[1])
    for _ in range(_ROUNDS):
        residual = (right - extended @ weights).astype(np.float64)
        weights = weights + np.linalg.lstsq(scaled, residual, rcond=None)[0] / scales
    return np.asarray(weights, np.float64)
