"""``pca``: the principal components of points, and that no directions capture more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.cholesky_check import check_positive_definite
from lpb_server.certificates.principal_components import (
    ComponentBounds,
    ComponentEvidence,
    component_bounds,
    leading_components,
    scatter,
)
from lpb_server.certificates.product_layout import ProductLayout
from lpb_server.certificates.ranges import ExponentRange
from lpb_server.certificates.reading import doubles, range_of, range_value
from lpb_server.errors import InvalidParams
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
from lpb_server.wire.values import Value, ValueMap

__all__ = ["pca"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "principal_components"
_RESULTS: Final = ("mean", "components")
_STATED: Final = ("captured", "greatest", "skew", "mean_bound")
_NUMBERS: Final = (*_STATED, "shift", "error")
_LAYOUT_LENGTH: Final = 4
_BYTES_AN_ENTRY: Final = 2_200_000


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    data = arrays["data"]
    mean, components = (outcome.arrays[name] for name in _RESULTS)
    bounds, evidence, factor = component_bounds(data, mean, components)
    layout = ProductLayout.of(data.T, data, data, ragged=False)
    stated = {name: getattr(bounds, name) for name in _STATED}
    entries: ValueMap = {
        **stated,
        "shift": evidence.shift,
        "error": evidence.error,
        "layout": layout.values()[:_LAYOUT_LENGTH],
        "words": factor.words,
        "matrix_range": range_value(factor.matrix_range),
        "factor_range": range_value(factor.factor_range),
    }
    arrays = {"spread": evidence.spread, "matrix": evidence.matrix, "factor": factor.factor}
    return Evidence(entries, arrays)


def _check(question: Question, answer: Answer) -> bool:
    k, stated = question.params.get("components"), answer.certificate
    if list(question.arrays) != ["data"] or list(answer.arrays) != list(_RESULTS) or answer.result:
        return False
    if type(k) is not int or k < 0 or stated.get("kind") != _KIND:
        return False
    numbers = [stated.get(name) for name in _NUMBERS]
    if not all(type(x) is float and math.isfinite(x) for x in numbers):
        return False
    m, n = question.arrays["data"].shape if question.arrays["data"].ndim == 2 else (0, 0)
    data = doubles(question.arrays["data"], m, n)
    mean, components = answer.arrays["mean"], answer.arrays["components"]
    given = [data, doubles(mean, n), doubles(components, k, n)]
    given += [
        doubles(answer.certificate_arrays.get(name), rows, n)
        for name, rows in (("spread", k), ("matrix", n), ("factor", n))
    ]
    if data is None or not m or not all(x is not None and np.isfinite(x).all() for x in given):
        return False
    if not _can_multiply(stated.get("layout"), data):
        return False
    *bounds, shift, error = cast("list[float]", numbers)
    spread, matrix, factor = cast("list[Doubles]", given[3:])
    ranges = (range_of(stated.get(name)) for name in ("matrix_range", "factor_range"))
    if not check_positive_definite(matrix, factor, stated.get("words"), *ranges):
        return False
    own, claimed = scatter(data, mean), ComponentBounds(*bounds)
    shown = ComponentEvidence(shift, error, spread, matrix).shows(claimed.greatest, own)
    return shown and claimed.hold(data, mean, components, own)


def _can_multiply(value: Value, data: Doubles) -> bool:
    """Say whether Lean can compute the scatter matrix as a certificate says."""
    if type(value) is not list or len(value) != _LAYOUT_LENGTH:
        return False
    layout = ProductLayout.of_values([*value, *value[2:], *value[2:]])
    if layout is None or not layout.fits(len(data)) or not layout.cuts(len(data), ragged=False):
        return False
    return layout.left.holds(data)


def _points(random: np.random.Generator, m: int, n: int) -> Doubles:
    """Draw points that spread less and less from direction to direction."""
    return random.standard_normal((m, n)) @ np.diag(0.7 ** np.arange(n)) + random.random(n)


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({"components": 2}, {"data": _points(random, 2 * n, n)})


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    def asking(name: str, data: Doubles, k: int) -> Example:
        return Example(name, {"components": k}, {"data": data})

    yield asking("6 points of a plane, 1 component", _points(random, 6, 2), 1)
    yield asking("5 points, 2 of 3 components", _points(random, 5, 3), 2)
    yield asking("1 × 1", np.array([[0.1]]), 1)
    yield asking("all components", _points(random, 4, 3), 3)
    yield asking("fewer points than columns", _points(random, 2, 4), 2)
    yield asking("one point many times", np.full((4, 2), 0.3), 1)
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    yield asking("no direction stands out", square, 1)
    yield asking("a line", np.outer(np.arange(5.0), [1.0, 2.0, -0.5]), 1)
    yield asking("far from the origin", _points(random, 6, 2) + 1e8, 1)
    yield asking("small numbers", _points(random, 5, 2) * 1e-60, 1)
    yield asking("large numbers", _points(random, 5, 2) * 1e60, 1)
    yield asking("20 points, 3 of 6 components", _points(random, 20, 6), 3)
    for index in range(count):
        m, n = (int(x) for x in random.integers(1, 8, 2))
        k = int(random.integers(1, n + 1))
        yield asking(f"random {index + 1}: {m}, {n}, {k}", _points(random, m, n), k)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    mean, components = (answer.arrays[name] for name in _RESULTS)
    data, stated = question.arrays["data"], answer.certificate
    evidence = answer.certificate_arrays

    def giving(mean: Array, components: Array) -> Answer:
        return replace(answer, arrays={"mean": mean, "components": components})

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**stated, **changes})

    def showing(**changes: Array) -> Answer:
        return replace(answer, certificate_arrays={**evidence, **changes})

    captured, greatest, skew, off = (cast(float, stated[name]) for name in _STATED)
    shift, error = cast(float, stated["shift"]), cast(float, stated["error"])
    layout = cast("list[Any]", stated["layout"])
    high = ExponentRange(*cast("list[Any]", stated["matrix_range"])).high
    beyond = mean + 4 * off + 4 * np.spacing(np.abs(mean) + off)
    lies = {
        "more captured, by a unit in the last place": stating(
            captured=math.nextafter(captured, math.inf)
        ),
        "a greatest one that is a unit in the last place smaller": stating(
            greatest=math.nextafter(greatest, -math.inf)
        ),
        "a mean beyond its bound": giving(beyond, components),
        "components twice as long": giving(mean, 2.0 * components),
        "components of zeros": giving(mean, 0.0 * components),
        "components that are NaN": giving(mean, np.full_like(components, np.nan)),
        "components of single precision": giving(mean, components.astype(np.float32)),
        "a component missing": giving(mean, components[:-1]),
        "a component twice": giving(mean, np.vstack([components, components[:1]])),
        "components alone": replace(answer, arrays={"components": components}),
        "a result": replace(answer, result={"explained": 1.0}),
        "a skew that is negative": stating(skew=-1.0),
        "a skew that is NaN": stating(skew=math.nan),
        "a mean bound that is negative": stating(mean_bound=-1.0),
        "a greatest one that is infinite": stating(greatest=math.inf),
        "a greatest one that is an integer": stating(greatest=1),
        "an error that is negative": stating(error=-1.0),
        "no shift": stating(shift=0.0),
        "a shift that is negative": stating(shift=-shift),
        "a spread of zeros": showing(spread=np.full_like(evidence["spread"], 0.0)),
        "a spread twice as wide": showing(spread=2.0 * evidence["spread"] + 1.0),
        "a matrix twice as large": showing(matrix=2.0 * evidence["matrix"]),
        "a factor of zeros": showing(factor=0.0 * evidence["factor"]),
        "a matrix that is not finite": showing(matrix=np.full_like(evidence["matrix"], math.inf)),
        "no matrix": replace(answer, certificate_arrays={}),
        "lanes of a million words": stating(layout=[1_000_000, *layout[1:]]),
        "no block": stating(layout=[layout[0], 0, *layout[2:]]),
        "a layout cut short": stating(layout=layout[:-1]),
        "a range out of order": stating(matrix_range=[high, 0]),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
    }
    if skew:
        lies["a skew one unit in the last place smaller"] = stating(skew=math.nextafter(skew, 0))
    if error:
        lies["an error one unit in the last place smaller"] = stating(
            error=math.nextafter(error, 0)
        )
    if off:
        lies["a mean bound one unit smaller"] = stating(mean_bound=math.nextafter(off, 0))
    nearly = {
        "the components of other points": giving(
            mean, leading_components(data[:, ::-1], len(components))[1]
        ),
        "the last components": giving(
            mean, leading_components(data, data.shape[1])[1][::-1][: len(components)].copy()
        ),
    }
    for name in ("a spread of zeros", "a factor of zeros", "components of zeros"):
        nearly[name] = lies.pop(name)
    return lies | {name: lie for name, lie in nearly.items() if not _check(question, lie)}


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    """Estimate by the entries of the scatter matrix: each takes about two megabytes."""
    m, n = size["m"], size["n"]
    return kernel_heap(m * n) + _BYTES_AN_ENTRY * n * n


@operation(
    "pca",
    params={
        "type": "object",
        "properties": {"components": {"type": "integer", "minimum": 1}},
        "required": ["components"],
        "additionalProperties": False,
    },
    summary="Find the principal components of points: the directions that capture most.",
    arrays={"data": ArraySpec("f8", ("m", "n"))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.PcaOperation", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(4, 8, 12), heap_bytes=_heap_bytes),
)
def pca(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Compute the mean of the rows, and the leading eigenvectors of their scatter matrix."""
    data, k = arrays["data"], cast(int, params["components"])
    if not bool(np.isfinite(data).all()):
        raise InvalidParams("an element of data is not finite", {"array": "data"})
    if k > data.shape[1]:
        raise InvalidParams(
            f"points of {data.shape[1]} coordinates have no {k} components", {"param": "components"}
        )
    mean, components = leading_components(data, k)
    return Outcome({}, dict(zip(_RESULTS, (mean, components), strict=True)))
