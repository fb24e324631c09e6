"""`assignment` and `shortest_paths`: right answers, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from lpb_server.errors import InvalidParams
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

REGISTRY = default_registry()


def answer(name: str, params: dict[str, Any] | None = None, **arrays: Any) -> Answer:
    return answer_here(REGISTRY.find(name), Question(params or {}, arrays))


@pytest.mark.parametrize("seed", range(4))
def test_no_assignment_is_cheaper(seed: int) -> None:
    pytest.importorskip("scipy")
    cost = np.random.default_rng(seed).standard_normal((5, 5))
    found = answer("assignment", cost=cost)
    exact = [[Fraction(x) for x in row] for row in cost.tolist()]

    def paid(columns: Any) -> Fraction:
        return sum((row[j] for row, j in zip(exact, columns, strict=True)), Fraction(0))

    gap = found.certificate["gap"]
    assert isinstance(gap, float)
    assert gap < 1e-14
    least = min(map(paid, permutations(range(5))))
    assert paid(found.arrays["columns"].tolist()) <= least + Fraction(gap)


def test_costs_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidParams, match="element of cost is not finite"):
        answer("assignment", cost=np.array([[np.nan]]))
    monkeypatch.setattr("lpb_server.operations.assignment.has_scipy", lambda: False)
    with pytest.raises(InvalidParams, match="assignment needs SciPy"):
        answer("assignment", cost=np.ones((1, 1)))


def graph(*edges: tuple[int, int, float]) -> dict[str, Any]:
    tails, heads, weights = zip(*edges, strict=True)
    return {
        "tails": np.array(tails, np.int64),
        "heads": np.array(heads, np.int64),
        "weights": np.array(weights),
    }


def test_distances_lie_between_the_bounds() -> None:
    params = {"nodes": 4, "source": 0}
    edges = ((0, 1, 0.1), (1, 2, 0.2), (0, 2, 0.7))
    found = answer("shortest_paths", params, **graph(*edges)).arrays
    exact = [Fraction(0), Fraction(0.1), Fraction(0.1) + Fraction(0.2)]
    for low, distance, high in zip(
        found["lower"].tolist(), exact, found["upper"].tolist(), strict=False
    ):
        assert Fraction(low) <= distance <= Fraction(high)
    assert found["upper"][2] - found["lower"][2] <= np.spacing(0.3)
    assert np.isinf([found["lower"][3], found["upper"][3]]).all()


@pytest.mark.parametrize(
    ("params", "edges", "words"),
    [
        ({"nodes": 2, "source": 2}, (0, 1, 1.0), "there is no node 2: there are 2"),
        ({"nodes": 2, "source": 0}, (0, 2, 1.0), "element of heads is no node"),
        ({"nodes": 2, "source": 0}, (-1, 1, 1.0), "element of tails is no node"),
        ({"nodes": 2, "source": 0}, (0, 1, np.nan), "element of weights is not finite"),
        ({"nodes": 2, "source": 0}, (0, 0, -1.0), "a cycle has a length that is negative"),
    ],
)
def test_graphs_that_cannot_be_meant(
    params: dict[str, Any], edges: tuple[int, int, float], words: str
) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer("shortest_paths", params, **graph(edges))


@pytest.mark.parametrize("name", ["assignment", "shortest_paths"])
@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(name: str, seed: int) -> None:
    pytest.importorskip("scipy")
    operation = REGISTRY.find(name)
    assert operation.examples is not None
    assert operation.lies is not None
    assert operation.certificate is not None
    assert operation.certificate.check is not None
    for example in operation.examples(np.random.default_rng(seed), 3):
        honest = answer_here(operation, example.question)
        assert operation.certificate.check(example.question, honest), example.name
        lies = operation.lies(example.question, honest)
        assert len(lies) >= 8
        for what, lie in lies.items():
            assert not operation.certificate.check(example.question, lie), (example.name, what)
