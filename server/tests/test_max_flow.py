"""`max_flow`: right answers, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.max_flow import FlowNetwork, maximum_flow
from lpb_server.errors import InvalidParams
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

pytest.importorskip("scipy")

OPERATION = default_registry().find("max_flow")
PARAMS = {"nodes": 4, "source": 0, "sink": 3}


def answer(params: dict[str, Any], *edges: tuple[int, int, float]) -> Answer:
    tails, heads, capacities = zip(*edges, strict=True)
    arrays: dict[str, Any] = {
        "tails": np.array(tails, np.int64),
        "heads": np.array(heads, np.int64),
        "capacities": np.array(capacities),
    }
    return answer_here(OPERATION, Question(params, arrays))


def test_the_flow_fills_the_smallest_cut() -> None:
    found = answer(PARAMS, (0, 1, 3.0), (0, 2, 2.0), (1, 3, 2.0), (2, 3, 3.0), (1, 2, 5.0))
    assert found.result == {"value": 5.0}
    assert found.certificate["gap"] == 0.0
    assert found.certificate_arrays["cut"].tolist() == [True, False, False, False]


def test_decimal_capacities_lose_nothing() -> None:
    found = answer(PARAMS, (0, 1, 0.1), (0, 2, 0.2), (1, 3, 1.0), (2, 3, 1.0))
    flow = [Fraction(x) for x in found.arrays["flow"].tolist()]
    assert flow[:2] == flow[2:]
    assert Fraction(0.1) + Fraction(0.2) - sum(flow[:2]) <= 2 * Fraction(np.spacing(0.3))


@pytest.mark.parametrize(
    ("params", "edge", "words"),
    [
        (PARAMS | {"source": 4}, (0, 1, 1.0), "there is no node 4: there are 4"),
        (PARAMS | {"sink": 9}, (0, 1, 1.0), "there is no node 9: there are 4"),
        (PARAMS | {"sink": 0}, (0, 1, 1.0), "source and sink are the same node"),
        (PARAMS, (0, 4, 1.0), "element of heads is no node"),
        (PARAMS, (-1, 1, 1.0), "element of tails is no node"),
        (PARAMS, (0, 1, np.inf), "element of capacities is not finite"),
        (PARAMS, (0, 1, -1.0), "element of capacities is not finite, or negative"),
    ],
)
def test_networks_that_cannot_be_meant(
    params: dict[str, Any], edge: tuple[int, int, float], words: str
) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer(params, edge)


def test_a_value_beyond_the_doubles_is_refused() -> None:
    with pytest.raises(InvalidParams, match="no double is as large"):
        answer(PARAMS, (0, 3, 1.5e308), (0, 3, 1.5e308))


@pytest.mark.parametrize("seed", range(40))
def test_flows_are_exact_at_all_scales(seed: int) -> None:
    random = np.random.default_rng(seed)
    nodes, edges = int(random.integers(2, 12)), 30
    tails, heads = random.integers(0, nodes, (2, edges))
    drawn: tuple[Any, ...] = (
        random.random(edges),
        random.integers(0, 5, edges).astype(np.float64),
        10.0 ** random.integers(-300, 300, edges),
        random.integers(0, 3, edges) * 5e-324,
    )
    for capacities in drawn:
        found = maximum_flow(FlowNetwork(nodes, 0, nodes - 1, tails, heads, capacities))
        flow, value = found.doubles()
        assert ((flow >= 0) & (flow <= capacities)).all()
        balance = [Fraction(0)] * nodes
        for tail, head, part in zip(tails.tolist(), heads.tolist(), flow.tolist(), strict=True):
            balance[tail] += Fraction(part)
            balance[head] -= Fraction(part)
        assert not any(balance[1:-1])
        assert balance[0] == Fraction(value) == -balance[-1]
        leaving = found.cut[tails] & ~found.cut[heads]
        capacity = sum(Fraction(c) for c in capacities[leaving].tolist())
        assert Fraction(value) <= capacity <= Fraction(value) * (1 + Fraction(1, 1 << 46))


@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(seed: int) -> None:
    assert_only_truth_holds(OPERATION, seed, 3)
