"""``max_flow``: as much as can pass from one node to another, with a cut that proves it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final, cast

import numpy as np
from msgspec.structs import replace

from lpb_server.certificates.exact import UNIT_EXPONENT, upper_fraction
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.max_flow import FlowNetwork, maximum_flow
from lpb_server.certificates.reading import doubles, words_of
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.highs import has_scipy, require_scipy
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

__all__ = ["max_flow"]

_KIND: Final = "minimum_cut"
_MOST_NODES: Final = 1 << 32
_MOST_UNIT: Final = 2098
_WORD_BITS: Final = 64


def _network(params: ValueMap, arrays: ArrayMap) -> FlowNetwork:
    """Read a question; `InvalidParams` says what in it cannot be meant."""
    nodes, source, sink = (cast(int, params[name]) for name in ("nodes", "source", "sink"))
    for name, node in (("source", source), ("sink", sink)):
        if node >= nodes:
            raise InvalidParams(f"there is no node {node}: there are {nodes}", {"path": f"/{name}"})
    if source == sink:
        raise InvalidParams("source and sink are the same node", {"path": "/sink"})
    for name in ("tails", "heads"):
        if bool(((arrays[name] < 0) | (arrays[name] >= nodes)).any()):
            raise InvalidParams(f"an element of {name} is no node", {"array": name})
    capacities = arrays["capacities"]
    if not bool((np.isfinite(capacities) & (capacities >= 0)).all()):
        raise InvalidParams(
            "an element of capacities is not finite, or negative", {"array": "capacities"}
        )
    return FlowNetwork(nodes, source, sink, arrays["tails"], arrays["heads"], capacities)


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    found = maximum_flow(_network(params, arrays))
    gap = Fraction(found.capacity - (found.value << found.unit), 1 << UNIT_EXPONENT)
    try:
        stated = upper_fraction(gap)
    except OverflowError:
        raise Uncertifiable("no double is large enough for the gap") from None
    together = sum(found.passing) + found.value
    words = together.bit_length() // _WORD_BITS + 1
    return Evidence({"unit": found.unit, "words": words, "gap": stated}, {"cut": found.cut})


def _asked(question: Question) -> FlowNetwork | None:
    """Read a question as Lean does."""
    params, arrays = question.params, question.arrays
    numbers = [params.get(name) for name in ("nodes", "source", "sink")]
    if any(type(x) is not int or not 0 <= x <= _MOST_NODES for x in numbers):
        return None
    tails, heads, capacities = (arrays.get(name) for name in ("tails", "heads", "capacities"))
    if tails is None or heads is None or capacities is None or capacities.ndim != 1:
        return None
    if any(a.dtype != np.int64 or a.shape != capacities.shape for a in (tails, heads)):
        return None
    nodes, source, sink = cast("list[int]", numbers)
    if not (source < nodes and sink < nodes and source != sink):
        return None
    if any(bool(((a < 0) | (a >= nodes)).any()) for a in (tails, heads)):
        return None
    if doubles(capacities, *capacities.shape) is None or not bool(np.isfinite(capacities).all()):
        return None
    return FlowNetwork(nodes, source, sink, tails, heads, capacities)


def _check(question: Question, answer: Answer) -> bool:
    network = _asked(question)
    if network is None or list(answer.result) != ["value"] or list(answer.arrays) != ["flow"]:
        return False
    stated, value = answer.certificate, answer.result["value"]
    flow = doubles(answer.arrays["flow"], len(network.capacities))
    gap, unit, words = stated.get("gap"), stated.get("unit"), words_of(stated.get("words"))
    cut = answer.certificate_arrays.get("cut")
    if stated.get("kind") != _KIND or flow is None or words is None or cut is None:
        return False
    if type(value) is not float or type(gap) is not float or not math.isfinite(gap):
        return False
    if type(unit) is not int or not 0 <= unit <= _MOST_UNIT:
        return False
    if cut.dtype != np.bool_ or cut.shape != (network.nodes,):
        return False
    return _holds(network, flow, value, Fraction(gap), unit, words, cut)


def _holds(
    network: FlowNetwork,
    flow: Array,
    value: float,
    gap: Fraction,
    unit: int,
    words: int,
    cut: Array,
) -> bool:
    """Say whether a flow is one, and nearly fills a cut."""
    numbers = np.append(flow, value)
    if not bool(np.isfinite(numbers).all()) or bool(np.signbit(numbers).any()):
        return False
    if bool((flow > network.capacities).any()):
        return False
    *parts, brought = exact_integers(numbers, 0).tolist()
    if any(part % (1 << unit) for part in (*parts, brought)):
        return False
    if sum(parts) + brought >= 1 << (unit + _WORD_BITS * words):
        return False
    balance = [0] * network.nodes
    balance[network.source] -= brought
    balance[network.sink] += brought
    for (tail, head), part in zip(network.ends(), parts, strict=True):
        balance[tail] += part
        balance[head] -= part
    if any(balance) or not cut[network.source] or cut[network.sink]:
        return False
    leaving = cut[network.tails] & ~cut[network.heads]
    capacity = sum(Fraction(c) for c in network.capacities[leaving].tolist())
    return capacity <= Fraction(value) + gap


def _graph(random: np.random.Generator, nodes: int, edges: int) -> Question:
    ends = random.integers(0, nodes, (2, edges))
    # Some edges at both ends, so that something passes.
    few = max(edges // 10, 1)
    ends[0, :few], ends[1, few : 2 * few] = 0, nodes - 1
    arrays = {"tails": ends[0], "heads": ends[1], "capacities": random.random(edges)}
    return Question({"nodes": nodes, "source": 0, "sink": nodes - 1}, arrays)


def _scaled(random: np.random.Generator, n: int) -> Question:
    return _graph(random, max(n // 3, 2), n)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    if not has_scipy():
        return

    def example(name: str, nodes: int, *edges: tuple[int, int, float]) -> Example:
        tails, heads, capacities = zip(*edges, strict=True)
        arrays = {
            "tails": np.array(tails, np.int64),
            "heads": np.array(heads, np.int64),
            "capacities": np.array(capacities, np.float64),
        }
        return Example(name, {"nodes": nodes, "source": 0, "sink": nodes - 1}, arrays)

    yield example("two ways", 4, (0, 1, 3.0), (0, 2, 2.0), (1, 3, 2.0), (2, 3, 3.0), (1, 2, 5.0))
    yield example("one edge", 2, (0, 1, 0.1))
    yield example("no way", 3, (0, 1, 1.0), (2, 1, 1.0))
    yield example("decimal numbers", 4, (0, 1, 0.1), (0, 2, 0.7), (1, 3, 0.3), (2, 3, 0.6))
    yield example(
        "edges there and back, a loop", 3, (0, 1, 2.5), (1, 0, 1.0), (1, 1, 9.0), (1, 2, 2.0)
    )
    yield example("parallel edges", 2, (0, 1, 0.1), (0, 1, 0.2), (0, 1, 0.3), (1, 0, 5.0))
    yield example("huge and tiny", 3, (0, 1, 1e300), (1, 2, 1e-300), (1, 2, 1e299))
    yield example("subnormal", 3, (0, 1, 5e-324), (1, 2, 1.0))
    yield example("capacities of zero", 3, (0, 1, 0.0), (1, 2, -0.0))
    many = _graph(random, 15, 60)
    yield Example("15 nodes, 60 edges", many.params, many.arrays)
    for index in range(count):
        nodes = int(random.integers(2, 12))
        some = _graph(random, nodes, 3 * nodes)
        yield Example(f"random {index + 1}: {nodes} nodes", some.params, some.arrays)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    flow, cut = answer.arrays["flow"], answer.certificate_arrays["cut"]
    value, gap = cast(float, answer.result["value"]), cast(float, answer.certificate["gap"])
    unit = cast(int, answer.certificate["unit"])

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    def flowing(values: Array, stated: float = value) -> Answer:
        return replace(answer, result={"value": stated}, arrays={"flow": values})

    def cutting(values: Array) -> Answer:
        return replace(answer, certificate_arrays={"cut": values})

    step = 2 * gap + math.ulp(value)
    with np.errstate(all="ignore"):
        single = flow.astype(np.float32)
    lies = {
        "a value that is greater": replace(answer, result={"value": value + step}),
        "a value that is NaN": replace(answer, result={"value": math.nan}),
        "a value that is negative": replace(answer, result={"value": -1.0}),
        "a value that is an integer": replace(answer, result={"value": 1}),
        "a result beside the value": replace(answer, result={"value": value, "paths": 1}),
        "one edge more": flowing(np.append(flow, 0.0)),
        "flow of single precision": flowing(single),
        "no flow": replace(answer, arrays={}),
        "everything on the sink's side": cutting(np.zeros_like(cut)),
        "everything on the source's side": cutting(np.ones_like(cut)),
        "the sides exchanged": cutting(~cut),
        "a cut of bytes that are integers": cutting(cut.astype(np.int64)),
        "a cut with a node missing": cutting(cut[:-1]),
        "a gap below zero": stating(gap=-math.ulp(value)),
        "a gap that is NaN": stating(gap=math.nan),
        "a gap that is infinite": stating(gap=math.inf),
        "a gap that is an integer": stating(gap=1),
        "a negative unit": stating(unit=-1),
        "a unit that nothing is counted in": stating(unit=2099),
        "no words": stating(words=-1),
        "a million words": stating(words=1_000_000),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
    }
    if gap:
        lies["a gap one unit in the last place smaller"] = stating(gap=math.nextafter(gap, 0))
    if flow.size:
        lies |= _about_edges(question, flow, flowing)
    if value:
        lies["lanes of no bits"] = stating(words=0)
        lies["a unit too large"] = stating(unit=unit + 60)
        lies["nothing passes"] = flowing(np.zeros_like(flow), 0.0)
    return lies


def _about_edges(question: Question, flow: Array, flowing: Any) -> dict[str, Answer]:
    capacities = question.arrays["capacities"]
    loops = question.arrays["tails"] == question.arrays["heads"]
    beyond, negative, unknown = flow.copy(), flow.copy(), flow.copy()
    beyond[-1] = np.nextafter(capacities[-1], np.inf)
    negative[0] = -1.0
    unknown[0] = math.nan
    lies = {
        "more than an edge can carry": flowing(beyond),
        "flow that is negative": flowing(negative),
        "flow that is NaN": flowing(unknown),
    }
    passing = np.flatnonzero((flow > 0) & ~loops)
    if passing.size:
        leaking = flow.copy()
        leaking[passing[0]] = np.nextafter(flow[passing[0]], 0)
        lies["a loss of one unit in the last place"] = flowing(leaking)
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    words = words_of(answer.certificate.get("words")) or 1
    cut = answer.certificate_arrays.get("cut")
    nodes = 1 if cut is None else cut.size
    return kernel_heap(12 * size["e"], 2 * size["e"], words * nodes, 8.0)


@operation(
    "max_flow",
    params={
        "type": "object",
        "properties": {
            "nodes": {"type": "integer", "minimum": 2, "maximum": 1_000_000},
            "source": {"type": "integer", "minimum": 0},
            "sink": {"type": "integer", "minimum": 0},
        },
        "required": ["nodes", "source", "sink"],
        "additionalProperties": False,
    },
    summary="Send as much as can be from a node of a directed graph to another, within capacities.",
    arrays={
        "tails": ArraySpec("i8", ("e",)),
        "heads": ArraySpec("i8", ("e",)),
        "capacities": ArraySpec("f8", ("e",)),
    },
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.MaxFlowOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(50, 200, 1000), heap_bytes=_heap_bytes),
)
def max_flow(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Find a flow of integers by SciPy's solver, in a unit in which they are doubles."""
    require_scipy("max_flow")
    try:
        flow, value = maximum_flow(_network(params, arrays)).doubles()
    except OverflowError:
        raise InvalidParams("no double is as large as the value of the flow") from None
    return Outcome({"value": value}, {"flow": flow})
