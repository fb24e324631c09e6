"""``tree_inference``: the leaves that inputs reach in decision trees, and the mean of their values.

Comparisons of doubles are exact, and so are the leaves; only the means are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact import upper_fraction
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.finite import require_finite
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

__all__ = ["tree_inference"]

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_KIND: Final = "leaves"
_RESULTS: Final = ("leaves", "means")
_INDICES: Final = ("feature", "left", "right")
_MOST_STEPS: Final = 10_000


def _descend(arrays: ArrayMap, most: int) -> tuple[Indices, int]:
    """Go down all trees with all inputs at once: the leaves, and the most steps that it takes."""
    feature, left, right = (arrays[name] for name in _INDICES)
    threshold, inputs = arrays["threshold"], arrays["inputs"]
    m, n = inputs.shape
    inside = (feature >= 0) & (feature < n)
    nodes = np.repeat(arrays["roots"][None, :], m, axis=0)
    rows = np.arange(m)[:, None]
    for steps in range(most + 1):
        deciding = inside[nodes]
        if not deciding.any():
            return nodes, steps
        asked = np.where(deciding, feature[nodes], 0)
        to_left = inputs[rows, asked] <= threshold[nodes]
        nodes = np.where(deciding, np.where(to_left, left[nodes], right[nodes]), nodes)
    raise InvalidParams(f"a tree goes in a circle, or has more than {most} levels")


def _means(value: Doubles, leaves: Indices) -> list[list[Fraction]]:
    """Give the exact means of the leaves' values."""
    trees = leaves.shape[1]
    return [
        [sum(map(Fraction, column), Fraction(0)) / trees for column in value[row].T.tolist()]
        for row in leaves
    ]


def _off(means: Doubles, exact: list[list[Fraction]]) -> Fraction:
    pairs = zip(means.tolist(), exact, strict=True)
    return max(abs(Fraction(x) - y) for a, b in pairs for x, y in zip(a, b, strict=True))


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    leaves, means = (outcome.arrays[name] for name in _RESULTS)
    if not bool(np.isfinite(means).all()):
        raise Uncertifiable("a mean is not finite")
    try:
        bound = upper_fraction(_off(means, _means(arrays["value"], leaves)))
    except OverflowError:
        raise Uncertifiable("no double is large enough for the bound") from None
    _, depth = _descend(arrays, _MOST_STEPS)
    return Evidence({"bound": bound, "depth": depth})


def _check(question: Question, answer: Answer) -> bool:
    bound, depth = (answer.certificate.get(name) for name in ("bound", "depth"))
    if answer.certificate.get("kind") != _KIND or answer.result:
        return False
    if list(answer.arrays) != list(_RESULTS) or type(bound) is not float:
        return False
    if type(depth) is not int or not 0 <= depth <= _MOST_STEPS or not math.isfinite(bound):
        return False
    try:
        arrays = _forest(question.arrays)
        leaves, needed = _descend(arrays, depth)
    except (InvalidParams, KeyError, IndexError):
        return False
    m, k = len(arrays["inputs"]), arrays["value"].shape[1]
    stated, means = answer.arrays["leaves"], doubles(answer.arrays["means"], m, k)
    if means is None or stated.dtype != np.int64 or not np.array_equal(stated, leaves):
        return False
    if needed > depth or not bool(np.isfinite(means).all()):
        return False
    return _off(means, _means(arrays["value"], leaves)) <= Fraction(bound)


def _forest(arrays: ArrayMap) -> ArrayMap:
    """Refuse what is no forest.

    Raises
    ------
    InvalidParams
        When a number is not finite, or a child or a root is no node.
    """
    nodes, n = len(arrays["feature"]), arrays["inputs"].shape[1]
    require_finite(arrays, "threshold", "value", "inputs")
    feature = arrays["feature"]
    deciding = (feature >= 0) & (feature < n)
    for name, used in (("left", deciding), ("right", deciding), ("roots", slice(None))):
        some = arrays[name][used]
        if bool(((some < 0) | (some >= nodes)).any()):
            raise InvalidParams(f"an element of {name} is no node", {"array": name})
    return arrays


def _tree(random: np.random.Generator, depth: int, n: int, k: int) -> list[list[Any]]:
    """Draw a tree: of each node the feature, the threshold, the children and the values."""
    nodes: list[list[Any]] = []

    def grow(level: int) -> int:
        place = len(nodes)
        nodes.append([-2, -2.0, -1, -1, random.random(k)])
        if level and random.random() < 0.9:
            nodes[place][:2] = [int(random.integers(n)), float(random.standard_normal())]
            nodes[place][2] = grow(level - 1)
            nodes[place][3] = grow(level - 1)
        return place

    grow(depth)
    return nodes


def _question(
    random: np.random.Generator, m: int, n: int, k: int, trees: int, depth: int
) -> dict[str, Array]:
    nodes: list[list[Any]] = []
    roots = []
    for _ in range(trees):
        start = len(nodes)
        roots.append(start)
        for feature, threshold, left, right, value in _tree(random, depth, n, k):
            moved = [child + start if child >= 0 else child for child in (left, right)]
            nodes.append([feature, threshold, *moved, value])
    columns = list(zip(*nodes, strict=True))
    return {
        "feature": np.array(columns[0], np.int64),
        "threshold": np.array(columns[1]),
        "left": np.array(columns[2], np.int64),
        "right": np.array(columns[3], np.int64),
        "value": np.array(columns[4]),
        "roots": np.array(roots, np.int64),
        "inputs": random.standard_normal((m, n)),
    }


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question({}, _question(random, n, 8, 3, 5, 5))


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    yield Example("3 inputs, one tree", arrays=_question(random, 3, 2, 2, 1, 2))
    yield Example("a tree that is a leaf", arrays=_question(random, 1, 1, 1, 1, 0))
    yield Example("a forest of 5", arrays=_question(random, 4, 3, 3, 5, 3))
    boundary = _question(random, 2, 1, 1, 1, 0)
    boundary |= {
        "feature": np.array([0, -2, -2]),
        "threshold": np.array([0.1, 0.0, 0.0]),
        "left": np.array([1, -1, -1]),
        "right": np.array([2, -1, -1]),
        "value": np.array([[0.0], [1.0], [2.0]]),
        "inputs": np.array([[0.1], [np.nextafter(0.1, 1)]]),
    }
    yield Example("an input on a threshold", arrays=boundary)
    zeros = {**boundary, "threshold": np.array([-0.0, 0.0, 0.0])}
    yield Example("zeros of both signs", arrays={**zeros, "inputs": np.array([[0.0], [-0.0]])})
    for index in range(count):
        m, n, k, trees = (int(x) for x in random.integers(1, 6, 4))
        name = f"random {index + 1}: {m} inputs, {trees} trees"
        yield Example(name, arrays=_question(random, m, n, k, trees, 3))


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    leaves, means = (answer.arrays[name] for name in _RESULTS)
    bound, depth = cast(float, answer.certificate["bound"]), cast(int, answer.certificate["depth"])
    nodes = len(question.arrays["feature"])

    def giving(leaves: Array, means: Array) -> Answer:
        return replace(answer, arrays=dict(zip(_RESULTS, (leaves, means), strict=True)))

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    beyond = means + 4 * bound + 4 * np.spacing(np.abs(means) + bound)
    lies = {
        "a leaf that is no node": giving(leaves + nodes, means),
        "a leaf that is negative": giving(leaves - nodes, means),
        "leaves as doubles": giving(leaves.astype(np.float64), means),
        "leaves in one row": giving(leaves.reshape(-1), means),
        "means beyond the bound": giving(leaves, beyond),
        "means that are NaN": giving(leaves, np.full_like(means, np.nan)),
        "means of single precision": giving(leaves, means.astype(np.float32)),
        "the last mean missing": giving(leaves, means[:-1]),
        "leaves alone": replace(answer, arrays={"leaves": leaves}),
        "a result": replace(answer, result={"class": 0}),
        "a bound that is NaN": stating(bound=math.nan),
        "a bound that is infinite": stating(bound=math.inf),
        "a bound that is negative": stating(bound=-1.0),
        "a bound that is an integer": stating(bound=1),
        "more steps than there may be": stating(depth=10**9),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}),
    }
    if bound:
        lies["a bound one unit in the last place smaller"] = stating(bound=math.nextafter(bound, 0))
    if depth:
        lies["one step less"] = stating(depth=depth - 1)
    if nodes > 1:
        lies["the next node"] = giving((leaves + 1) % nodes, means)
        lies["the node before"] = giving((leaves - 1) % nodes, means)
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    steps = answer.certificate.get("depth")
    levels = steps if type(steps) is int else 1
    visits = size["m"] * size["t"] * (min(levels, _MOST_STEPS) + size["k"])
    return kernel_heap(size["p"] * (4 + size["k"]) + 20 * visits)


@operation(
    "tree_inference",
    params={"type": "object", "additionalProperties": False},
    summary="Find the leaves that inputs reach in decision trees, and the mean of their values.",
    arrays={
        "feature": ArraySpec("i8", ("p",)),
        "threshold": ArraySpec("f8", ("p",)),
        "left": ArraySpec("i8", ("p",)),
        "right": ArraySpec("i8", ("p",)),
        "value": ArraySpec("f8", ("p", "k")),
        "roots": ArraySpec("i8", ("t",)),
        "inputs": ArraySpec("f8", ("m", "n")),
    },
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.TreeInferenceOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(10, 30, 100), heap_bytes=_heap_bytes),
)
def tree_inference(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Go down every tree with every input, and average the values of the leaves."""
    leaves, _ = _descend(_forest(arrays), _MOST_STEPS)
    with np.errstate(all="ignore"):
        means = arrays["value"][leaves].mean(axis=1)
    return Outcome({}, dict(zip(_RESULTS, (leaves, means), strict=True)))
