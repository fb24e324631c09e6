"""``logistic_inference``: the probabilities of a logistic model, within a proven bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.probabilities import (
    MOST_TERMS,
    SeriesLayout,
    exact_scores,
    probability_bound,
    within_bound,
)
from lpb_server.certificates.product_layout import ProductLayout
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
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["logistic_inference"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "probabilities"
_RESULT: Final = "probabilities"
_MOST_UNITS: Final = 2148
_LAYOUT_LENGTH: Final = 6
_BYTES_A_TERM: Final = 60_000


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    weight, bias, inputs = (arrays[name] for name in MODEL)
    probabilities = outcome.arrays[_RESULT]
    if not bool(np.isfinite(probabilities).all()):
        raise Uncertifiable("a probability is not finite")
    bound, series = probability_bound(exact_scores(weight, bias, inputs), probabilities)
    layout = ProductLayout.of(inputs, weight.T, weight, ragged=False)
    return Evidence(
        {
            "bound": bound,
            "terms": series.terms,
            "unit": series.unit,
            "layout": layout.values()[:_LAYOUT_LENGTH],
        }
    )


def _check(question: Question, answer: Answer) -> bool:
    arrays, stated = question.arrays, answer.certificate
    if answer.result or answer.certificate_arrays or list(answer.arrays) != [_RESULT]:
        return False
    if any(name not in arrays for name in MODEL) or stated.get("kind") != _KIND:
        return False
    if arrays["weight"].ndim != 2 or arrays["inputs"].ndim != 2:
        return False
    (k, n), m = arrays["weight"].shape, len(arrays["inputs"])
    weight, inputs = doubles(arrays["weight"], k, n), doubles(arrays["inputs"], m, n)
    bias, probabilities = doubles(arrays["bias"], k), doubles(answer.arrays[_RESULT], m, k)
    if weight is None or inputs is None or bias is None or probabilities is None:
        return False
    bound, terms, unit = (stated.get(name) for name in ("bound", "terms", "unit"))
    if type(bound) is not float or not math.isfinite(bound):
        return False
    if type(terms) is not int or not 0 <= terms <= MOST_TERMS:
        return False
    if type(unit) is not int or not 0 <= unit <= _MOST_UNITS:
        return False
    if not all(bool(np.isfinite(a).all()) for a in (weight, bias, inputs, probabilities)):
        return False
    if not _can_multiply(stated.get("layout"), inputs, weight):
        return False
    series = SeriesLayout(unit, terms)
    return within_bound(exact_scores(weight, bias, inputs), probabilities, bound, series)


def _can_multiply(value: Value, inputs: Doubles, weight: Doubles) -> bool:
    """Say whether Lean can compute the scores as a certificate says."""
    if type(value) is not list or len(value) != _LAYOUT_LENGTH:
        return False
    layout = ProductLayout.of_values([*value, *value[4:]])
    columns = inputs.shape[1]
    if layout is None or not layout.fits(columns) or not layout.cuts(columns, ragged=False):
        return False
    return layout.left.holds(inputs) and layout.right.holds(weight)


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, random_model(random, n, 8, 3))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    def plain(**arrays: list[Any]) -> dict[str, Array]:
        return {name: np.array(value, float) for name, value in arrays.items()}

    yield Example("2 inputs of 3, by one score", arrays=random_model(random, 2, 3, 1))
    yield Example("2 inputs of 3, 3 classes", arrays=random_model(random, 2, 3, 3))
    yield Example("1 × 1", arrays=plain(weight=[[0.1]], bias=[-0.3], inputs=[[0.7]]))
    zeros = plain(weight=[[0.0], [0.0]], bias=[0.0, -0.0], inputs=[[1.0]])
    yield Example("zeros: one half", arrays=zeros)
    yield Example(
        "certain and impossible", arrays=plain(weight=[[30.0]], bias=[0.0], inputs=[[1.0], [-1.0]])
    )
    yield Example(
        "large scores, near each other",
        arrays=plain(weight=[[40.0], [40.5]], bias=[0.0, 0.0], inputs=[[1.0], [-1.0]]),
    )
    tiny = {name: array * 1e-300 for name, array in random_model(random, 2, 2, 2).items()}
    yield Example("tiny numbers", arrays=tiny)
    for index in range(count):
        m, n, k = (int(x) for x in random.integers(1, 5, 3))
        yield Example(f"random {index + 1}: {m}, {n}, {k}", arrays=random_model(random, m, n, k))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    probabilities = answer.arrays[_RESULT]
    bound, terms = cast(float, answer.certificate["bound"]), cast(int, answer.certificate["terms"])
    unit = cast(int, answer.certificate["unit"])
    layout = cast("list[Any]", answer.certificate["layout"])

    def giving(array: Array, name: str = _RESULT) -> Answer:
        return replace(answer, arrays={name: array})

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    step = 4 * bound + 4 * np.spacing(np.abs(probabilities) + bound)
    lies = {
        "a probability beyond the bound": giving(probabilities + step),
        "a probability below the bound": giving(probabilities - step),
        "probabilities of 0": giving(np.zeros_like(probabilities)),
        "probabilities of 1": giving(np.ones_like(probabilities)),
        "probabilities that are NaN": giving(np.full_like(probabilities, np.nan)),
        "probabilities of single precision": giving(probabilities.astype(np.float32)),
        "probabilities in one row": giving(probabilities.reshape(-1)),
        "the last input's missing": giving(probabilities[:-1]),
        "another name": giving(probabilities, "scores"),
        "an array as well": replace(answer, arrays={**answer.arrays, "scores": probabilities}),
        "a result": replace(answer, result={"class": 1}),
        "a bound one unit in the last place smaller": stating(bound=math.nextafter(bound, -1)),
        "a bound that is negative": stating(bound=-1.0),
        "a bound that is NaN": stating(bound=math.nan),
        "a bound that is infinite": stating(bound=math.inf),
        "a bound that is an integer": stating(bound=1),
        "more terms than there may be": stating(terms=10**9),
        "a unit that is none": stating(unit=_MOST_UNITS + 1),
        "a negative unit": stating(unit=-1),
        "lanes of a million words": stating(layout=[1_000_000, *layout[1:]]),
        "no block": stating(layout=[layout[0], 0, *layout[2:]]),
        "a layout cut short": stating(layout=layout[:-1]),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}),
    }
    nearly = {
        "no terms": stating(terms=0),
        "a tenth of the terms": stating(terms=terms // 10),
        "a unit twice as large": stating(unit=min(unit + 1, _MOST_UNITS)),
        "probabilities of the other sign": giving(1.0 - probabilities),
        "inputs exchanged": giving(probabilities[::-1].copy()),
        "classes exchanged": giving(probabilities[:, ::-1].copy()),
    }
    for name in ("probabilities of 0", "probabilities of 1"):
        nearly[name] = lies.pop(name)
    return lies | {name: lie for name, lie in nearly.items() if not _check(question, lie)}


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    terms = answer.certificate.get("terms")
    count = min(terms, MOST_TERMS) if type(terms) is int and terms > 0 else 1
    return scores_heap(size, answer) + _BYTES_A_TERM * size["m"] * size["k"] * count


@operation(
    "logistic_inference",
    params={"type": "object", "additionalProperties": False},
    summary="Give the probabilities of a logistic model: of class 1, or of each of several.",
    arrays=MODEL,
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.LogisticInferenceOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(3, 10, 30), heap_bytes=_heap_bytes),
)
def logistic_inference(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Score, and take each exponential's share; a single score shares with 1."""
    scores = computed_scores(arrays)
    with np.errstate(all="ignore"):
        single = scores.shape[1] == 1
        together = np.hstack([scores, np.zeros_like(scores)]) if single else scores
        shares = np.exp(together - together.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    return Outcome({}, {_RESULT: np.ascontiguousarray(shares[:, :1] if single else shares)})
