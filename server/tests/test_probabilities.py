"""`logistic_inference`: bounds against more exact arithmetic, and what is refused."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.probabilities import SeriesLayout
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

OPERATION = default_registry().find("logistic_inference")


def answer(weight: Any, bias: Any, inputs: Any) -> Answer:
    arrays = {"weight": weight, "bias": bias, "inputs": inputs}
    question = {name: np.asarray(values, float) for name, values in arrays.items()}
    return answer_here(OPERATION, Question({}, question))


def exactly(scores: list[Fraction]) -> list[Decimal]:
    """Compute probabilities with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        powers = [(Decimal(z.numerator) / Decimal(z.denominator)).exp() for z in scores]
        total = sum(powers) + (1 if len(powers) == 1 else 0)
        return [power / total for power in powers]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_probabilities_are_within_the_bound(k: int) -> None:
    random = np.random.default_rng(k)
    weight, bias = 3.0 * random.standard_normal((k, 3)), random.standard_normal(k)
    inputs = random.standard_normal((6, 3))
    found = answer(weight, bias, inputs)
    bound = found.certificate["bound"]
    assert isinstance(bound, float)
    assert bound < 1e-15
    for x, given in zip(inputs.tolist(), found.arrays["probabilities"].tolist(), strict=True):
        scores = [
            sum((Fraction(a) * Fraction(b) for a, b in zip(row, x, strict=True)), Fraction(b0))
            for row, b0 in zip(weight.tolist(), bias.tolist(), strict=True)
        ]
        for p, exact in zip(given, exactly(scores), strict=True):
            assert abs(Decimal(p) - exact) <= Decimal(bound)


@pytest.mark.parametrize("score", [-3.0, -0.5, 0.0, 2.0, 7.0])
def test_later_partial_sums_lie_between_the_ends(score: float) -> None:
    layout = SeriesLayout(2100, 20)
    ends = layout.between(int(score * 2**48) << 2100)
    assert ends is not None
    scale = math.factorial(21) * layout.denominator**21
    total, term = Fraction(1), Fraction(1)
    for t in range(1, 60):
        term = term * Fraction(score) / t
        total += term
        if t >= 20:
            assert Fraction(ends[0], scale) <= total <= Fraction(ends[1], scale)
    assert layout.between(1) is None
    assert layout.between(12 << 2148) is None


def test_what_is_refused() -> None:
    with pytest.raises(Uncertifiable, match="a score is beyond ±200"):
        answer([[1.0]], [0.0], [[300.0]])
    with pytest.raises(InvalidParams, match="an element of bias is not finite"):
        answer([[1.0]], [np.nan], [[0.0]])


def test_far_from_the_boundary_nothing_is_divided_by_zero() -> None:
    found = answer([[1.0]], [0.0], [[-150.0], [150.0]])
    assert found.arrays["probabilities"].reshape(-1).tolist() == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize("seed", range(2))
def test_python_refuses_every_lie(seed: int) -> None:
    assert_only_truth_holds(OPERATION, seed, 2)
