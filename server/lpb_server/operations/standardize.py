"""``standardize``: columns with mean 0 and deviation 1, with bounds of how exact that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import ValueMap

__all__ = ["standardize"]

Doubles: TypeAlias = npt.NDArray[np.float64]

_MATRIX: Final = "matrix"
_RESULTS: Final = ("standardized", "mean", "scale")
_BOUNDS: Final = ("mean_error", "variance_error", "error")
_KIND: Final = "standardization_bounds"
_SQUARE_EXPONENT: Final = 2 * UNIT_EXPONENT


def _integers(values: Doubles) -> list[int]:
    """Return finite doubles as integers, in units of 2⁻¹⁰⁷⁴."""
    return [exact_integer(value) for value in values.ravel().tolist()]


def _errors(matrix: Doubles, results: ArrayMap) -> list[tuple[Fraction, Fraction, Fraction]]:
    """Return for each column how far the results are off, exactly.

    Off are the mean, in units of 2⁻¹⁰⁷⁴, and in units of 2⁻²¹⁴⁸ the square of the scale from the
    variance and the entries times the scale from the distances to the stated mean.
    """
    rows = len(matrix)
    standardized, means, scales = (results[name] for name in _RESULTS)
    errors = []
    for j in range(matrix.shape[1]):
        entries, answers = _integers(matrix[:, j]), _integers(standardized[:, j])
        mean, scale = exact_integer(float(means[j])), exact_integer(float(scales[j]))
        total, squares = sum(entries), sum(x * x for x in entries)
        variance = Fraction(rows * squares - total * total, rows * rows)
        distances = [(x - mean) << UNIT_EXPONENT for x in entries]
        off = max(abs(z * scale - x) for x, z in zip(distances, answers, strict=True))
        mean_off = Fraction(abs(rows * mean - total), rows)
        errors.append((mean_off, abs(scale * scale - variance), Fraction(off)))
    return errors


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    exponents = (UNIT_EXPONENT, _SQUARE_EXPONENT, _SQUARE_EXPONENT)
    try:
        bounds = [
            [upper_double(math.ceil(e), n) for e, n in zip(column, exponents, strict=True)]
            for column in _errors(arrays[_MATRIX], outcome.arrays)
        ]
    except OverflowError:
        raise Uncertifiable("no double is large enough for the error of a variance") from None
    return Evidence({}, dict(zip(_BOUNDS, np.array(bounds).T, strict=True)))


def _check(question: Question, answer: Answer) -> bool:
    if question.params or answer.result or answer.certificate != {"kind": _KIND}:
        return False
    groups = (question.arrays, answer.arrays, answer.certificate_arrays)
    if [list(group) for group in groups] != [[_MATRIX], list(_RESULTS), list(_BOUNDS)]:
        return False
    every = [array for group in groups for array in group.values()]
    matrix = every[0]
    if matrix.ndim != 2 or not len(matrix):
        return False
    if [a.shape for a in every] != [matrix.shape, matrix.shape, *[matrix.shape[1:]] * 5]:
        return False
    if not all(a.dtype == np.float64 and bool(np.isfinite(a).all()) for a in every):
        return False
    stated = [answer.certificate_arrays[name] for name in _BOUNDS]
    if not bool((answer.arrays["scale"] > 0).all()) or bool(np.signbit(stated).any()):
        return False
    shifts = (0, UNIT_EXPONENT, UNIT_EXPONENT)
    return all(
        error <= exact_integer(float(bounds[j])) << shift
        for j, errors in enumerate(_errors(matrix, answer.arrays))
        for error, bounds, shift in zip(errors, stated, shifts, strict=True)
    )


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    tiny, huge = 5e-324, 1e150
    edges: dict[str, list[list[float]]] = {
        "3 × 2": [[1.0, 0.1], [2.0, -0.3], [4.0, 0.7]],
        "2 × 1": [[0.1], [0.2]],
        "zeros of both signs": [[0.0, 1.0], [-0.0, 1.0], [1.0, -1.0]],
        "subnormal and normal": [[tiny, 1e-300], [1.0, 1.0], [2.2e-308, 3.0]],
        "huge": [[huge, 1.0], [-huge, 2.0], [huge / 3, 5.0]],
        "small": [[1e-150], [2e-150], [-3e-150]],
        "far from zero": [[1e15 + 1], [1e15 + 2], [1e15 + 4]],
        "standardized already": [[1.0, -1.0], [-1.0, 1.0]],
        "one row differs": [[1.0]] * 6 + [[2.0]],
    }
    for name, rows in edges.items():
        yield Example(name, arrays={_MATRIX: np.array(rows)})
    yield Example("40 × 5", arrays={_MATRIX: random.standard_normal((40, 5)) * 3 + 1})
    for index in range(count):
        rows_n, columns = (int(x) for x in random.integers(2, 9, 2))
        some = random.standard_normal((rows_n, columns)) * 10.0 ** random.integers(-20, 20, columns)
        yield Example(f"random {index + 1}: {rows_n} × {columns}", arrays={_MATRIX: some})


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    return kernel_heap(4 * size["n"] * size["p"])


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    matrix, bounds = question.arrays[_MATRIX], answer.certificate_arrays
    entries, mean, scale = (answer.arrays[name] for name in _RESULTS)

    def giving(**arrays: Array) -> Answer:
        return msgspec.structs.replace(answer, arrays={**answer.arrays, **arrays})

    def stating(**arrays: Array) -> Answer:
        return msgspec.structs.replace(answer, certificate_arrays={**bounds, **arrays})

    def replacing(**changes: object) -> Answer:
        return msgspec.structs.replace(answer, **changes)

    def with_first(array: Array, value: float) -> Doubles:
        copy = array.copy()
        copy.flat[0] = value
        return copy

    beyond = mean[0] + 4 * (bounds["mean_error"][0] + np.spacing(abs(mean[0])))
    other = matrix / 2 + matrix[::-1] * 3
    lies = {
        "a mean beyond its bound": giving(mean=with_first(mean, float(beyond))),
        "a scale of the other sign": giving(scale=-scale),
        "a scale of zero": giving(scale=with_first(scale, 0.0)),
        "a scale twice as large": giving(scale=scale * 2),
        "an entry of the other sign": giving(standardized=-entries),
        "an entry that is NaN": giving(standardized=with_first(entries, np.nan)),
        "a mean that is infinite": giving(mean=with_first(mean, np.inf)),
        "single precision": giving(standardized=entries.astype(np.float32)),
        "the last row missing": giving(standardized=entries[:-1]),
        "one row": giving(standardized=entries.reshape(1, -1)),
        "entries of another matrix": giving(standardized=(other - mean) / scale),
        "the arrays in another order": replacing(
            arrays=dict(reversed(list(answer.arrays.items())))
        ),
        "the standardized matrix alone": replacing(arrays={"standardized": entries}),
        "a result": replacing(result={"rows": len(matrix)}),
        "a negative bound": stating(error=with_first(bounds["error"], -1.0)),
        "an infinite bound": stating(variance_error=with_first(bounds["variance_error"], np.inf)),
        "a bound that is NaN": stating(mean_error=with_first(bounds["mean_error"], np.nan)),
        "a bound missing": replacing(certificate_arrays={**bounds, "error": bounds["error"][:-1]}),
        "one bound only": replacing(certificate_arrays={"error": bounds["error"]}),
        "another kind": replacing(certificate={"kind": "trust_me"}),
        "one entry more": replacing(certificate={**answer.certificate, "proof": "obvious"}),
        "no certificate": replacing(certificate={}, certificate_arrays={}),
    }
    for name in _BOUNDS:
        smaller = np.nextafter(bounds[name], 0.0)
        if bounds[name].any():
            lies[f"{name} one unit in the last place smaller"] = stating(**{name: smaller})
    if not np.array_equal(entries, entries[::-1]):
        lies["rows exchanged"] = giving(standardized=entries[::-1].copy())
    return lies


@operation(
    "standardize",
    params={"type": "object", "additionalProperties": False},
    summary="Shift and scale the columns of a float64 matrix to mean 0 and deviation 1.",
    arrays={_MATRIX: ArraySpec("f8", ("n", "p"))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.Standardize", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(heap_bytes=_heap_bytes),
)
def standardize(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Standardize by the population's deviation: the root of the mean squared distance."""
    matrix = arrays[_MATRIX]
    if len(matrix) < 2:
        raise InvalidParams("one row has no deviation: standardize needs at least two")
    if not bool(np.isfinite(matrix).all()):
        raise InvalidParams("an element of the matrix is not finite")
    constant = np.flatnonzero((matrix == matrix[0]).all(axis=0))
    if constant.size:
        raise InvalidParams(
            f"column {constant[0]} is constant: it has no deviation to be measured in",
            {"column": int(constant[0])},
        )
    with np.errstate(all="ignore"):
        mean = matrix.mean(axis=0)
        centred = matrix - mean
        scale = np.sqrt((centred * centred).mean(axis=0))
        entries = centred / scale
    results = dict(zip(_RESULTS, (entries, mean, scale), strict=True))
    lost = ~np.isfinite(entries).all(axis=0) | ~np.isfinite(mean) | ~np.isfinite(scale)
    lost |= scale <= 0
    if lost.any():
        column = int(np.flatnonzero(lost)[0])
        raise InvalidParams(
            f"column {column} is too large or too small for its variance to be a double",
            {"column": column},
        )
    return Outcome({}, results)
