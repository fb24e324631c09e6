"""``nearest``: for each of many queries, the nearest of some points in Euclidean distance.

Distances are compared exactly, so that ties are ties: the first of several nearest points is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.nearest import is_first_nearest, nearest_points
from lpb_server.certificates.product_layout import ProductLayout
from lpb_server.certificates.reading import doubles
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.finite import require_finite
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
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["nearest"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "nearest"
_RESULT: Final = "indices"
_LAYOUT_LENGTH: Final = 6


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    queries, points = arrays["queries"], arrays["points"]
    layout = ProductLayout.of(queries, points.T, points, ragged=False)
    squares = ProductLayout.of(points, points.T, points, ragged=False)
    words = max(layout.words, squares.words)
    return Evidence({"layout": [words, *layout.values()[1:_LAYOUT_LENGTH]]})


def _layouts(value: Value) -> tuple[ProductLayout, ProductLayout] | None:
    """Give the layouts of queries with points and of points with points."""
    if type(value) is not list or len(value) != _LAYOUT_LENGTH:
        return None
    layout = ProductLayout.of_values([*value, *value[4:]])
    squares = ProductLayout.of_values([*value[:2], *value[4:], *value[4:], *value[4:]])
    return None if layout is None or squares is None else (layout, squares)


def _check(question: Question, answer: Answer) -> bool:
    arrays, certificate = question.arrays, answer.certificate
    if answer.result or answer.certificate_arrays or list(answer.arrays) != [_RESULT]:
        return False
    if list(certificate) != ["kind", "layout"] or certificate["kind"] != _KIND:
        return False
    if any(name not in arrays or arrays[name].ndim != 2 for name in ("queries", "points")):
        return False
    (k, n), m = arrays["points"].shape, len(arrays["queries"])
    queries, points = doubles(arrays["queries"], m, n), doubles(arrays["points"], k, n)
    indices, layouts = answer.arrays[_RESULT], _layouts(certificate["layout"])
    if queries is None or points is None or layouts is None:
        return False
    if indices.dtype != np.int64 or indices.shape != (m,):
        return False
    layout, squares = layouts
    if not (layout.fits(n) and squares.fits(n) and layout.cuts(n, ragged=False)):
        return False
    if not (layout.left.holds(queries) and layout.right.holds(points)):
        return False
    return is_first_nearest(queries, points, indices)


def _question(random: np.random.Generator, m: int, n: int, k: int) -> dict[str, Array]:
    return {"queries": random.standard_normal((m, n)), "points": random.standard_normal((k, n))}


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, _question(random, n, 64, 10))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("4 queries, 3 points of a plane", arrays=_question(random, 4, 2, 3))
    yield Example("1 × 1", arrays={"queries": np.array([[0.1]]), "points": np.array([[0.3]])})
    square = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    ties = {"queries": np.array([[0.5, 0.5], [1.0, 0.5], [1.0, 1.0]]), "points": square}
    yield Example("ties", arrays=ties)
    yield Example("a point twice", arrays={**ties, "points": np.concatenate([square, square])})
    middle = np.array([[np.nextafter(0.5, 0)], [0.5], [np.nextafter(0.5, 1)]])
    yield Example(
        "one unit in the last place from the middle",
        arrays={"queries": middle, "points": np.array([[1.0], [0.0]])},
    )
    zeros = {"queries": np.array([[-0.0, 0.0]]), "points": np.array([[0.0, -0.0], [0.0, 0.0]])}
    yield Example("zeros of both signs", arrays=zeros)
    tiny = {name: array * 1e-310 for name, array in _question(random, 3, 2, 3).items()}
    yield Example("subnormal numbers", arrays=tiny)
    far = _question(random, 3, 2, 3)
    far["queries"] *= 1e200
    yield Example("far queries", arrays=far)
    far["points"][1] *= 1e-200
    yield Example("exponents far apart", arrays=far)
    yield Example("20 queries of 16, 10 points", arrays=_question(random, 20, 16, 10))
    for index in range(count):
        m, n, k = (int(x) for x in random.integers(1, 9, 3))
        drawn = {name: array.round(1) for name, array in _question(random, m, n, k).items()}
        yield Example(f"random {index + 1}: {m}, {n}, {k}", arrays=drawn)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    indices = answer.arrays[_RESULT]
    points = question.arrays["points"]
    k, n = points.shape
    layout = cast("list[Any]", answer.certificate["layout"])
    words, block, low, high, own_low, own_high = layout

    def giving(array: Array, name: str = _RESULT) -> Answer:
        return replace(answer, arrays={name: array})

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    def with_last(index: int) -> Answer:
        changed = indices.copy()
        changed[-1] = index
        return giving(changed)

    lies = {
        "an index that there is not": with_last(k),
        "an index that is negative": with_last(-1),
        "an index beyond 2⁶³": giving(indices.view(np.uint64)),
        "indices as doubles": giving(indices.astype(np.float64)),
        "an index missing": giving(indices[:-1]),
        "an index more": giving(np.append(indices, indices[-1])),
        "indices in a column": giving(indices[:, np.newaxis]),
        "another name": giving(indices, "nearest"),
        "an array as well": replace(answer, arrays={**answer.arrays, "points": points}),
        "a result": replace(answer, result={"distance": 0.0}),
        "lanes too narrow": stating(layout=[max(words - 1, 0), *layout[1:]]),
        "lanes of a million words": stating(layout=[1_000_000, *layout[1:]]),
        "no block": stating(layout=[words, 0, *layout[2:]]),
        "a block too long": stating(layout=[words, n + 1, *layout[2:]]),
        "queries' range out of order": stating(layout=[words, block, high, low, own_low, own_high]),
        "points' range out of order": stating(layout=[words, block, low, high, own_high, own_low]),
        "a layout cut short": stating(layout=layout[:-1]),
        "another kind": stating(kind="trust_me"),
        "one entry more": stating(proof="obvious"),
        "an array in the certificate": replace(answer, certificate_arrays={"proof": points}),
        "no certificate": replace(answer, certificate={}),
    }
    if k > 1:
        farthest = nearest_points(question.arrays["queries"], -points)
        nearly = {
            "the next point": giving((indices + 1) % k),
            "the point before for the last query": with_last((int(indices[-1]) - 1) % k),
            "the nearest of the points' opposites": giving(farthest),
            "queries exchanged": giving(indices[::-1].copy()),
            "the last of the nearest points": giving(
                k - 1 - nearest_points(question.arrays["queries"], points[::-1])
            ),
        }
        lies |= {name: lie for name, lie in nearly.items() if not _check(question, lie)}
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    m, n, k = size["m"], size["n"], size["k"]
    words = stated_words(answer, "layout", 0)
    return kernel_heap(m * n + k * n + 3 * m * k, m * n * k, words, 70.0)


@operation(
    "nearest",
    params={"type": "object", "additionalProperties": False},
    summary="Find the nearest of some points for each query, in exact Euclidean distance.",
    arrays={"queries": ArraySpec("f8", ("m", "n")), "points": ArraySpec("f8", ("k", "n"))},
    certificate=Certificate(
        _KIND, make=_make, checker="LeanPythonBridge.Certificate.Nearest", check=_check
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(10, 100, 300), heap_bytes=_heap_bytes),
)
def nearest(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Compare the exact distances; of several nearest points the first one counts."""
    require_finite(arrays, "queries", "points")
    return Outcome({}, {_RESULT: nearest_points(arrays["queries"], arrays["points"])})
