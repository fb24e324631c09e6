"""``linear_inference``: scores of a linear model, and the classes that they give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact import exact_integer, upper_double
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.certificates.reading import doubles
from lpb_server.errors import Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.definition import operation
from lpb_server.operations.linear_models import MODEL, computed_scores, random_model, scores_heap
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["linear_inference"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "linear_scores"
_RESULTS: Final = ("scores", "classes")


def _classes(scores: Doubles) -> npt.NDArray[np.int64]:
    """Give the class of each row: by the sign of one score, by the greatest of several."""
    if scores.shape[1] == 1:
        return np.asarray(scores[:, 0] > 0, np.int64)
    return np.asarray(scores.argmax(axis=1), np.int64)


def _integers(values: Doubles) -> list[list[int]]:
    return [[exact_integer(x) for x in row] for row in values.tolist()]


def _sums(product: Doubles, bias: Doubles) -> list[list[int]]:
    """Give the computed products plus biases, exactly, in units of 2⁻¹⁰⁷⁴."""
    biases = [exact_integer(b) for b in bias.tolist()]
    return [[x + b for x, b in zip(row, biases, strict=True)] for row in _integers(product)]


def _is_class(sums: list[int], error: int, c: int) -> bool:
    """Say whether a class follows from scores that are no further than an error from these."""
    if len(sums) == 1:
        return (c == 1 and sums[0] > error) or (c == 0 and -sums[0] > error)
    return 0 <= c < len(sums) and all(
        other + 2 * error < sums[c] for j, other in enumerate(sums) if j != c
    )


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    weight, bias, inputs = (arrays[name] for name in ("weight", "bias", "inputs"))
    with np.errstate(all="ignore"):
        product = inputs @ weight.T
    found = product_error_bound(inputs, weight.T, product)
    scores, classes = (outcome.arrays[name] for name in _RESULTS)
    if not bool(np.isfinite(scores).all()):
        raise Uncertifiable("a score is not finite")
    sums, error = _sums(product, bias), exact_integer(cast(float, found["error_bound"]))
    for index, (row, c) in enumerate(zip(sums, classes.tolist(), strict=True)):
        if not _is_class(row, error, c):
            raise Uncertifiable(
                f"input {index} is as near to the boundary between classes as rounding errors are",
                {"input": index},
            )
    off = max(
        abs(x - y)
        for stated, row in zip(_integers(scores), sums, strict=True)
        for x, y in zip(stated, row, strict=True)
    )
    try:
        bound = upper_double(off + error)
    except OverflowError:
        raise Uncertifiable("no double is large enough for the bound") from None
    entries: ValueMap = {"bound": bound, "error": found["error_bound"], "layout": found["layout"]}
    return Evidence(entries, {"product": product})


def _check(question: Question, answer: Answer) -> bool:
    arrays, certificate = question.arrays, answer.certificate
    if answer.result or list(answer.arrays) != list(_RESULTS):
        return False
    if list(certificate) != ["kind", "bound", "error", "layout"] or certificate["kind"] != _KIND:
        return False
    if any(name not in arrays or arrays[name].ndim != 2 for name in ("weight", "inputs")):
        return False
    (k, n), m = arrays["weight"].shape, len(arrays["inputs"])
    weight, inputs = doubles(arrays["weight"], k, n), doubles(arrays["inputs"], m, n)
    bias, scores = doubles(arrays.get("bias"), k), doubles(answer.arrays["scores"], m, k)
    product = doubles(answer.certificate_arrays.get("product"), m, k)
    classes, bound, error = answer.arrays["classes"], certificate["bound"], certificate["error"]
    if weight is None or inputs is None or bias is None or scores is None or product is None:
        return False
    if classes.dtype != np.int64 or classes.shape != (m,):
        return False
    if type(bound) is not float or not math.isfinite(bound):
        return False
    if not all(bool(np.isfinite(a).all()) for a in (bias, scores)):
        return False
    stated: ValueMap = {
        "kind": "product_error_bound",
        "error_bound": error,
        "layout": certificate["layout"],
    }
    if not check_product(inputs, np.ascontiguousarray(weight.T), product, stated):
        return False
    sums, off = _sums(product, bias), exact_integer(cast(float, error))
    room = exact_integer(bound) - off
    return all(
        all(abs(x - y) <= room for x, y in zip(given, row, strict=True)) and _is_class(row, off, c)
        for given, row, c in zip(_integers(scores), sums, classes.tolist(), strict=True)
    )


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, random_model(random, n, 64, 10))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("4 inputs of 3, 3 classes", arrays=random_model(random, 4, 3, 3))
    yield Example("2 inputs, by the sign", arrays=random_model(random, 2, 3, 1))
    one = {"weight": [[0.1]], "bias": [-0.3], "inputs": [[0.7]]}
    yield Example("1 × 1", arrays={name: np.array(value) for name, value in one.items()})
    near = {"weight": [[1.0]], "bias": [-0.1], "inputs": [[0.1 + 1e-15], [0.1 - 1e-15]]}
    yield Example(
        "near the boundary", arrays={name: np.array(value) for name, value in near.items()}
    )
    scaled = {name: array * 1e-200 for name, array in random_model(random, 3, 2, 2).items()}
    yield Example("tiny numbers", arrays=scaled)
    large = random_model(random, 3, 2, 2)
    large["weight"] = large["weight"] * 1e100
    yield Example("large weights", arrays=large)
    yield Example("20 inputs of 16, 10 classes", arrays=random_model(random, 20, 16, 10))
    for index in range(count):
        m, n, k = (int(x) for x in random.integers(1, 9, 3))
        yield Example(f"random {index + 1}: {m}, {n}, {k}", arrays=random_model(random, m, n, k))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    scores, classes = (answer.arrays[name] for name in _RESULTS)
    product = answer.certificate_arrays["product"]
    bound, error = (cast(float, answer.certificate[name]) for name in ("bound", "error"))
    layout = cast("list[Value]", answer.certificate["layout"])

    def giving(scores: Array, classes: Array) -> Answer:
        return replace(answer, arrays=dict(zip(_RESULTS, (scores, classes), strict=True)))

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    beyond = scores + 4 * bound + 4 * np.spacing(np.abs(scores) + bound)
    other = classes.copy()
    other[0] = (other[0] + 1) % max(2, scores.shape[1])
    lies = {
        "another class": giving(scores, other),
        "a class that there is not": giving(scores, classes + 100),
        "a class that is negative": giving(scores, classes - 100),
        "classes as doubles": giving(scores, classes.astype(np.float64)),
        "a class missing": giving(scores, classes[:-1]),
        "scores beyond the bound": giving(beyond, classes),
        "scores that are NaN": giving(np.full_like(scores, np.nan), classes),
        "scores transposed": giving(scores.reshape(-1), classes),
        "scores alone": replace(answer, arrays={"scores": scores}),
        "a result": replace(answer, result={"accuracy": 1.0}),
        "a bound one unit in the last place smaller": stating(bound=math.nextafter(bound, -1)),
        "a bound that is NaN": stating(bound=math.nan),
        "a bound that is infinite": stating(bound=math.inf),
        "a bound that is an integer": stating(bound=1),
        "an error that is negative": stating(error=-1.0),
        "an error one unit in the last place smaller": stating(error=math.nextafter(error, -1)),
        "a layout cut short": stating(layout=layout[:-1]),
        "another kind": stating(kind="trust_me"),
        "one entry more": stating(proof="obvious"),
        "no product": replace(answer, certificate_arrays={}),
        "another product": replace(
            answer, certificate_arrays={"product": product + 1 + np.abs(product)}
        ),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
    }
    if not np.array_equal(scores, scores[::-1]) and not _check(
        question, giving(scores[::-1].copy(), classes[::-1].copy())
    ):
        lies["inputs exchanged"] = giving(scores[::-1].copy(), classes[::-1].copy())
    return lies


@operation(
    "linear_inference",
    params={"type": "object", "additionalProperties": False},
    summary="Score inputs by a linear model; the sign, or the greatest score, gives the class.",
    arrays=MODEL,
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.LinearInferenceOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(10, 30, 100), heap_bytes=scores_heap),
)
def linear_inference(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Multiply and add; one score is positive for class 1, and of several the greatest wins."""
    scores = computed_scores(arrays)
    return Outcome({}, dict(zip(_RESULTS, (scores, _classes(scores)), strict=True)))
