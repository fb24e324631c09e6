"""``shortest_paths``: between what the distances from a node lie, with paths and potentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.reading import doubles
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

__all__ = ["shortest_paths"]

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_KIND: Final = "path_potentials"
_MOST_NODES: Final = 1 << 32


def _sum_down(a: Doubles, b: Doubles) -> Doubles:
    """Add, rounded down: what a sum leaves out is a double as well (Knuth)."""
    with np.errstate(all="ignore"):
        total = a + b
        part = total - a
        left_out = (a - (total - part)) + (b - part)
        return np.asarray(np.where(left_out < 0, np.nextafter(total, -np.inf), total))


def _tree(params: ValueMap, arrays: ArrayMap) -> tuple[Doubles, Indices, Indices]:
    """Give lower bounds of the distances, the last edge of a path to each node, and its levels.

    Raises
    ------
    InvalidParams
        When a cycle has a negative length, or one of zero by rounding.
    """
    nodes, source = _sizes(params)
    tails, heads, weights = (arrays[name] for name in ("tails", "heads", "weights"))
    lower, edges = np.full(nodes, np.inf), np.full(nodes, -1, np.int64)
    lower[source] = 0.0
    for _ in range(nodes + 1):
        reached = np.flatnonzero(np.isfinite(lower[tails]))
        found = _sum_down(lower[tails[reached]], weights[reached])
        shorter = found < lower[heads[reached]]
        if not shorter.any():
            break
        # The shortest comes last, and so it stays.
        order = np.argsort(-found[shorter], kind="stable")
        chosen = reached[shorter][order]
        lower[heads[chosen]] = found[shorter][order]
        edges[heads[chosen]] = chosen
    else:
        raise InvalidParams("a cycle has a length that is negative, or zero but for rounding")
    edges[source] = -1
    levels = np.zeros(nodes, np.int64)
    for _ in range(nodes):
        rising = np.where(edges >= 0, levels[tails[edges]] + 1, 0)
        if np.array_equal(rising, levels):
            return lower, edges, levels
        levels = rising
    raise InvalidParams("a cycle has a length that is negative, or zero but for rounding")


def _upper(arrays: ArrayMap, edges: Indices, levels: Indices, lower: Doubles) -> Doubles:
    """Give the lengths of the paths, rounded up."""
    upper = np.where(np.isfinite(lower), 0.0, np.inf)
    for v in np.argsort(levels, kind="stable").tolist():
        if edges[v] >= 0:
            tail, weight = upper[arrays["tails"][edges[v]]], arrays["weights"][edges[v]]
            upper[v] = -_sum_down(-np.asarray(tail), -np.asarray(weight))
    return upper


def _sizes(params: ValueMap) -> tuple[int, int]:
    nodes, source = params["nodes"], params["source"]
    assert type(nodes) is int
    assert type(source) is int
    return nodes, source


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    _, edges, levels = _tree(params, arrays)
    if bool((outcome.arrays["lower"] == -np.inf).any()):
        raise Uncertifiable("a length is not finite")
    return Evidence({}, {"edges": edges, "levels": levels})


def _check(question: Question, answer: Answer) -> bool:
    params, arrays = question.params, question.arrays
    nodes, source = params.get("nodes"), params.get("source")
    if type(nodes) is not int or type(source) is not int:
        return False
    if not 0 <= nodes <= _MOST_NODES or not 0 <= source < nodes or answer.result:
        return False
    if answer.certificate.get("kind") != _KIND or list(answer.arrays) != ["lower", "upper"]:
        return False
    lower, upper = (doubles(answer.arrays[name], nodes) for name in ("lower", "upper"))
    edges, levels = (answer.certificate_arrays.get(name) for name in ("edges", "levels"))
    if lower is None or upper is None or edges is None or levels is None:
        return False
    if any(a.dtype != np.int64 or a.shape != (nodes,) for a in (edges, levels)):
        return False
    graph = [arrays.get(name) for name in ("tails", "heads", "weights")]
    tails, heads, weights = (a for a in graph)
    if tails is None or heads is None or weights is None:
        return False
    if not bool(np.isfinite(weights).all()) or not np.isfinite(lower[source]) or lower[source] > 0:
        return False
    for tail, head, weight in zip(tails.tolist(), heads.tolist(), weights.tolist(), strict=True):
        if not (0 <= tail < nodes and 0 <= head < nodes):
            return False
        if np.isfinite(lower[tail]) and not (
            np.isfinite(lower[head])
            and Fraction(float(lower[head])) <= Fraction(float(lower[tail])) + Fraction(weight)
        ):
            return False
    return all(
        _holds(v, source, lower, upper, edges, levels.view(np.uint64), graph) for v in range(nodes)
    )


def _holds(
    v: int, source: int, lower: Doubles, upper: Doubles, edges: Array, levels: Any, graph: list[Any]
) -> bool:
    """Say whether the bounds of a node agree, and its path is no longer than the upper one."""
    if not np.isfinite(upper[v]):
        return not np.isfinite(lower[v])
    if not np.isfinite(lower[v]):
        return False
    if v == source and upper[v] >= 0:
        return True
    tails, heads, weights = graph
    e = int(edges[v])
    if not 0 <= e < len(weights) or heads[e] != v:
        return False
    tail = int(tails[e])
    if not 0 <= tail < len(upper) or not np.isfinite(upper[tail]) or levels[tail] >= levels[v]:
        return False
    length = Fraction(float(upper[tail])) + Fraction(float(weights[e]))
    return bool(length <= Fraction(float(upper[v])))


def _graph(random: np.random.Generator, nodes: int, edges: int) -> Question:
    ends = random.integers(0, nodes, (2, edges))
    arrays = {"tails": ends[0], "heads": ends[1], "weights": random.random(edges)}
    return Question({"nodes": nodes, "source": 0}, arrays)


def _scaled(random: np.random.Generator, n: int) -> Question:
    return _graph(random, max(n // 3, 1), n)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    def example(name: str, nodes: int, *edges: tuple[int, int, float]) -> Example:
        tails, heads, weights = zip(*edges, strict=True)
        arrays = {
            "tails": np.array(tails, np.int64),
            "heads": np.array(heads, np.int64),
            "weights": np.array(weights),
        }
        return Example(name, {"nodes": nodes, "source": 0}, arrays)

    yield example("a triangle", 3, (0, 1, 0.1), (1, 2, 0.2), (0, 2, 0.7))
    yield example("a node that no path reaches", 4, (0, 1, 0.3), (1, 0, 0.3), (3, 2, 1.0))
    yield example("a loop", 1, (0, 0, 0.5))
    yield example("a negative edge", 3, (0, 1, 1.0), (1, 2, -0.7), (0, 2, 0.4))
    yield example("a cycle of zeros", 3, (0, 1, 0.0), (1, 2, 0.0), (2, 1, 0.0))
    yield example("huge and tiny", 3, (0, 1, 1e300), (1, 2, 1e-300), (0, 2, 1e301))
    many = _graph(random, 20, 60)
    yield Example("20 nodes, 60 edges", many.params, many.arrays)
    for index in range(count):
        nodes = int(random.integers(2, 12))
        some = _graph(random, nodes, 2 * nodes)
        yield Example(f"random {index + 1}: {nodes} nodes", some.params, some.arrays)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    lower, upper = answer.arrays["lower"], answer.arrays["upper"]
    edges, levels = (answer.certificate_arrays[name] for name in ("edges", "levels"))

    def giving(low: Array, high: Array) -> Answer:
        return replace(answer, arrays={"lower": low, "upper": high})

    def proving(**arrays: Array) -> Answer:
        return replace(answer, certificate_arrays={**answer.certificate_arrays, **arrays})

    with np.errstate(all="ignore"):
        greater, less = lower + 1 + np.abs(lower), upper - 1 - np.abs(upper)
        single = giving(lower.astype(np.float32), upper.astype(np.float32))
    lies = {
        "lower bounds that are greater": giving(greater, upper),
        "upper bounds that are less": giving(lower, less),
        "lower bounds that are NaN": giving(np.full_like(lower, np.nan), upper),
        "upper bounds that are NaN": giving(lower, np.full_like(upper, np.nan)),
        "nothing reached": giving(np.full_like(lower, np.inf), np.full_like(upper, np.inf)),
        "everything unbounded": giving(np.full_like(lower, -np.inf), upper),
        "bounds of single precision": single,
        "one node more": giving(np.append(lower, 0.0), np.append(upper, 0.0)),
        "no upper bounds": replace(answer, arrays={"lower": lower}),
        "a result": replace(answer, result={"paths": 1}),
        "another kind": replace(answer, certificate={"kind": "trust_me"}),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
        "edges as doubles": proving(edges=edges.astype(np.float64)),
        "a level missing": proving(levels=levels[:-1]),
    }
    if (edges >= 0).any():
        last = int(np.flatnonzero(edges >= 0)[-1])
        nearer = upper.copy()
        nearer[last] = np.nextafter(upper[last], -np.inf)
        lies |= {
            "an upper bound one unit in the last place less": giving(lower, nearer),
            "levels that do not rise": proving(levels=np.zeros_like(levels)),
            "edges that there are not": proving(edges=edges + len(question.arrays["weights"])),
            "no edges": proving(edges=np.full_like(edges, -1)),
        }
    if np.isinf(upper).any():
        lies["a node that is reached by nothing"] = giving(
            np.where(np.isinf(lower), 1.0, lower), np.where(np.isinf(upper), 1.0, upper)
        )
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    nodes = answer.arrays["lower"].size if "lower" in answer.arrays else 1
    return kernel_heap(10 * size["e"] + 15 * nodes)


@operation(
    "shortest_paths",
    params={
        "type": "object",
        "properties": {
            "nodes": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
            "source": {"type": "integer", "minimum": 0},
        },
        "required": ["nodes", "source"],
        "additionalProperties": False,
    },
    summary="Bound the distances from a node of a weighted directed graph, from both sides.",
    arrays={
        "tails": ArraySpec("i8", ("e",)),
        "heads": ArraySpec("i8", ("e",)),
        "weights": ArraySpec("f8", ("e",)),
    },
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.ShortestPathsOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(50, 200, 1000), heap_bytes=_heap_bytes),
)
def shortest_paths(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Find the paths (Bellman, Ford), rounding down; their lengths are rounded up."""
    nodes, source = _sizes(params)
    if source >= nodes:
        raise InvalidParams(f"there is no node {source}: there are {nodes}", {"path": "/source"})
    for name in ("tails", "heads"):
        if bool(((arrays[name] < 0) | (arrays[name] >= nodes)).any()):
            raise InvalidParams(f"an element of {name} is no node", {"array": name})
    if not bool(np.isfinite(arrays["weights"]).all()):
        raise InvalidParams("an element of weights is not finite", {"array": "weights"})
    lower, edges, levels = _tree(params, arrays)
    return Outcome({}, {"lower": lower, "upper": _upper(arrays, edges, levels, lower)})
