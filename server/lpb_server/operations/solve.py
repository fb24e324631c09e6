"""``solve``: the solution of linear equations, with a certificate of its error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.reading import doubles, magnitude, range_of, range_value, words_of
from lpb_server.certificates.solve import SolveCertificate, check_solve, solve_enclosure
from lpb_server.certificates.solve_lanes import SystemRanges, residual_words
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

__all__ = ["solve"]

_MALFORMED_AT: Final = 4
"""Answers with a wrong form are lies about questions with so many rows: one size will do."""

_KIND: Final = "solve_enclosure"
_REFINEMENTS: Final = 5
_UNIT_ROUNDOFF: Final = 2.0**-53


def _layout(certificate: SolveCertificate) -> ValueMap:
    ranges = {name: range_value(found) for name, found in certificate.ranges._asdict().items()}
    return {"words": certificate.words, "wide": certificate.wide, **ranges}


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    made = solve_enclosure(arrays["matrix"], arrays["right"], outcome.arrays["solution"])
    entries: ValueMap = {
        "contraction": made.contraction,
        "bound": made.bound,
        "layout": _layout(made),
    }
    return Evidence(entries, {"inverse": made.inverse})


def _certificate(answer: Answer, inverse: npt.NDArray[np.float64]) -> SolveCertificate | None:
    """Read the certificate of an answer."""
    entries, layout = answer.certificate, answer.certificate.get("layout")
    if entries.get("kind") != _KIND or not isinstance(layout, dict):
        return None
    contraction, bound = magnitude(entries.get("contraction")), magnitude(entries.get("bound"))
    words, wide = words_of(layout.get("words")), words_of(layout.get("wide"))
    ranges = [range_of(layout.get(name)) for name in SystemRanges._fields]
    if contraction is None or bound is None or words is None or wide is None or None in ranges:
        return None
    found = SystemRanges(*cast("list[Any]", ranges))
    return SolveCertificate(inverse, contraction, bound, words, wide, found)


def _check(question: Question, answer: Answer) -> bool:
    given = question.arrays.get("matrix")
    n = given.shape[0] if given is not None and given.ndim else 0
    matrix, right = doubles(given, n, n), doubles(question.arrays.get("right"), n)
    solution = doubles(answer.arrays.get("solution"), n)
    inverse = doubles(answer.certificate_arrays.get("inverse"), n, n)
    if n == 0 or matrix is None or right is None or solution is None or inverse is None:
        return False
    certificate = _certificate(answer, inverse)
    return certificate is not None and check_solve(matrix, right, solution, certificate)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    for name, matrix in square_matrices(random, count):
        right = random.standard_normal(len(matrix))
        if name.startswith(("integers", "permutation")):
            right = matrix @ random.integers(-9, 9, len(matrix)).astype(np.float64)
        yield Example(name, arrays={"matrix": matrix, "right": right})
    identity = np.eye(3)
    yield Example("right-hand side 0", arrays={"matrix": 3 * identity, "right": np.zeros(3)})
    tiny = np.array([5e-324, -3e-320, 2e-308])
    yield Example("subnormal right-hand side", arrays={"matrix": 3 * identity, "right": tiny})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    n = size["n"]
    return kernel_heap(2 * n**2, n**3, stated_words(answer, "layout", "words"), 60.0)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix, right = question.arrays["matrix"], question.arrays["right"]
    solution, inverse = answer.arrays["solution"], answer.certificate_arrays["inverse"]
    certificate = cast("dict[str, Any]", answer.certificate)
    contraction, bound = certificate["contraction"], certificate["bound"]

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**certificate, **changes})

    def answering(values: npt.NDArray[Any], like: Answer = answer) -> Answer:
        return replace(like, arrays={"solution": values})

    def arranged(**changes: Value) -> Answer:
        return stating(layout={**certificate["layout"], **changes})

    def inverted(values: npt.NDArray[Any]) -> Answer:
        return replace(answer, certificate_arrays={"inverse": values})

    shifted = solution.copy()
    shifted[0] += 4 * bound / (1 - contraction)
    if shifted[0] == solution[0]:
        shifted[0] = np.nextafter(solution[0], np.inf)
    # Everything else about it is true: it is the bound that refuses it.
    ranges = SystemRanges(*map(exponent_range, (matrix, right, shifted, inverse)))
    fitting = arranged(
        wide=residual_words(len(matrix), ranges), solution=range_value(ranges.solution)
    )
    missing = solution.copy()
    missing[-1] = np.nan
    lies = {
        "solution beyond the bound": answering(shifted, fitting),
        "contraction of 1": stating(contraction=1.0),
        "inverse of twice the matrix": inverted(inverse / 2),
    }
    malformed = {
        "solution with a NaN": answering(missing),
        "solution with one entry more": answering(np.append(solution, 0.0)),
        "solution as a column": answering(solution[:, None]),
        "solution as integers": answering(solution.view(np.int64)),
        "no solution": replace(answer, arrays={}),
        "bound that is NaN": stating(bound=math.nan),
        "bound that is infinite": stating(bound=math.inf),
        "bound that is negative": stating(bound=-bound),
        "bound that is an integer": stating(bound=1),
        "inverse of zeros": inverted(np.zeros_like(inverse)),
        "inverse that is flat": inverted(inverse.reshape(-1)),
        "no inverse": replace(answer, certificate_arrays={}),
        "lanes without words": arranged(words=0),
        "lanes with too many words": arranged(wide=10**18),
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
    others = {"another right-hand side": (matrix, right + (1 + np.abs(right).max()))}
    if not np.array_equal(matrix, matrix.T):
        others["transposed matrix"] = (matrix.T.copy(), right)
    if len(matrix) > 1:
        others["rows swapped"] = (np.roll(matrix, 1, axis=0), right)
        lies["rows of the inverse swapped"] = inverted(np.roll(inverse, 1, axis=0))
    for name, (other, side) in others.items():
        arrays = {"matrix": other, "right": side}
        outcome = Outcome({}, {"solution": _refined(other, side)})
        with suppress(Uncertifiable):
            made = _make({}, arrays, outcome)
            entries: ValueMap = {"kind": _KIND, **made.entries}
            lies[f"answer for {name}"] = Answer({}, outcome.arrays, entries, made.arrays)
    return lies


@operation(
    "solve",
    params={"type": "object", "additionalProperties": False},
    summary="Solve the linear equations A x = b, refined in extended precision.",
    arrays={"matrix": ArraySpec("f8", ("n", "n")), "right": ArraySpec("f8", ("n",))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.SolveOperation", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(heap_bytes=_heap_bytes),
)
def solve(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve by LAPACK, then refine: the residual is computed in extended precision."""
    matrix, right = arrays["matrix"], arrays["right"]
    try:
        with np.errstate(all="ignore"):
            return Outcome({}, {"solution": _refined(matrix, right)})
    except np.linalg.LinAlgError:
        raise InvalidParams("the matrix is singular", {"array": "matrix"}) from None


def _refined(
    matrix: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Correct a solution until corrections no longer matter, or no longer get smaller."""
    solution = np.asarray(np.linalg.solve(matrix, right), np.float64)
    extended = matrix.astype(np.longdouble)
    last = math.inf
    for _ in range(_REFINEMENTS):
        residual = (right - extended @ solution).astype(np.float64)
        correction = np.asarray(np.linalg.solve(matrix, residual), np.float64)
        size, largest = float(np.abs(correction).max()), float(np.abs(solution).max())
        if not size < last / 2:
            break
        solution = solution + correction
        # The next one is smaller than this one by as much as this one than the solution.
        if size * size <= _UNIT_ROUNDOFF * largest * largest:
            break
        last = size
    return solution
