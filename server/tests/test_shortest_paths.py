"""`shortest_paths`: right answers, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.errors import InvalidParams
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

REGISTRY = default_registry()


def answer(name: str, params: dict[str, Any] | None = None, **arrays: Any) -> Answer:
    return answer_here(REGISTRY.find(name), Question(params or {}, arrays))


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
    assert_only_truth_holds(REGISTRY.find(name), seed, 3)
