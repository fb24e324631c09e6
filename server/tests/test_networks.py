"""Networks, linear models and trees: what is refused, and that bounds hold."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.network_boxes import centred
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.operations.networks import layer_arrays, random_layers

REGISTRY = default_registry()
NAMES = (
    *("linear_inference", "network_bounds", "network_inference", "network_margins"),
    *("nearest", "tree_inference"),
)


def answer(name: str, **arrays: Any) -> Answer:
    return answer_here(REGISTRY.find(name), Question({}, arrays))


def exactly(layers: list[tuple[Any, Any]], inputs: Any) -> list[Fraction]:
    values = [Fraction(x) for x in inputs.tolist()]
    for index, (weight, bias) in enumerate(layers):
        taken = [max(x, Fraction(0)) for x in values] if index else values
        values = [
            sum((Fraction(w) * x for w, x in zip(row, taken, strict=True)), Fraction(b))
            for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
        ]
    return values


@pytest.mark.parametrize("sizes", [(3, 2), (5, 7, 3), (4, 6, 6, 2)])
def test_outputs_are_within_the_bound(sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(1)
    layers, inputs = random_layers(random, *sizes), random.standard_normal(sizes[0])
    found = answer("network_inference", **layer_arrays(layers), input=inputs)
    bound = found.certificate["bound"]
    assert isinstance(bound, float)
    assert bound < 1e-13
    for stated, exact in zip(found.arrays["output"].tolist(), exactly(layers, inputs), strict=True):
        assert abs(Fraction(stated) - exact) <= Fraction(bound)


def test_outputs_of_all_inputs_lie_between_the_bounds() -> None:
    random = np.random.default_rng(2)
    layers, centre = random_layers(random, 4, 8, 8, 3), random.standard_normal(4)
    box = {"lower": centre - 0.1, "upper": centre + 0.1}
    found = answer("network_bounds", **layer_arrays(layers), **box)
    low, high = found.arrays["output_lower"].tolist(), found.arrays["output_upper"].tolist()
    for _ in range(50):
        inputs = np.clip(centre + random.uniform(-0.11, 0.11, 4), box["lower"], box["upper"])
        for a, exact, b in zip(low, exactly(layers, inputs), high, strict=True):
            assert a <= exact <= b


def margin_question(radius: float) -> tuple[list[tuple[Any, Any]], dict[str, Any], Any]:
    random = np.random.default_rng(4)
    layers, centre = random_layers(random, 6, 12, 8, 3), random.standard_normal(6)
    rows = np.array([[1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
    return layers, {"lower": centre - radius, "upper": centre + radius}, rows


def test_functionals_of_all_inputs_are_at_least_their_margins() -> None:
    layers, box, rows = margin_question(0.2)
    found = answer("network_margins", **layer_arrays(layers), **box, functionals=rows)
    margins = found.arrays["margins"].tolist()
    random = np.random.default_rng(5)
    for _ in range(50):
        inputs = box["lower"] + (box["upper"] - box["lower"]) * random.integers(0, 2, 6)
        outputs = exactly(layers, np.clip(inputs, box["lower"], box["upper"]))
        for margin, row in zip(margins, rows.tolist(), strict=True):
            value = sum((Fraction(c) * y for c, y in zip(row, outputs, strict=True)), Fraction(0))
            assert Fraction(margin) <= value


def test_margins_are_better_than_those_of_boxes() -> None:
    layers, box, rows = margin_question(0.05)
    found = answer("network_margins", **layer_arrays(layers), **box, functionals=rows)
    boxes = answer("network_bounds", **layer_arrays(layers), **box).arrays
    low, high = boxes["output_lower"], boxes["output_upper"]
    assert (found.arrays["margins"][:2] > low[0] - high[1:] + 0.1).all()


def test_functionals_that_cannot_be_meant() -> None:
    layers, box, rows = margin_question(0.1)
    for functionals, words in (
        (rows[:, :2], "functionals have 2 columns, and the network 3 outputs"),
        (rows * np.nan, "element of functionals is not finite"),
    ):
        with pytest.raises(InvalidParams, match=words):
            answer("network_margins", **layer_arrays(layers), **box, functionals=functionals)


def test_a_radius_reaches_both_ends() -> None:
    random = np.random.default_rng(3)
    low = random.standard_normal(200) * 10.0 ** random.integers(-300, 300, 200)
    high = low + np.abs(low) * random.random(200) * 10.0 ** random.integers(-16, 2, 200)
    for ends in zip(low, high, *centred(low, high), strict=True):
        a, b, centre, radius = map(Fraction, ends)
        assert centre - radius <= a
        assert b <= centre + radius


def layer(rows: int, columns: int) -> tuple[Any, Any]:
    return np.ones((rows, columns)), np.ones(rows)


def test_layers_that_cannot_be_meant() -> None:
    first, third = layer_arrays([layer(2, 2)]), layer_arrays([layer(2, 2)] * 3)
    inputs = np.ones(2)
    for arrays, words in (
        ({**first, "weight_2": np.ones((1, 2))}, "layer 2 has only one of weight_2 and bias_2"),
        ({**first, **{k: third[k] for k in ("weight_3", "bias_3")}}, "layer 3, and no layer 2"),
        ({**first, "bias_1": np.array([1.0, np.nan])}, "element of bias_1 is not finite"),
        (layer_arrays([layer(3, 2), layer(1, 2)]), "weight_2"),
        ({**first, "input": np.array([np.inf, 0.0])}, "element of input is not finite"),
    ):
        with pytest.raises(InvalidParams, match=words):
            answer("network_inference", **{"input": inputs, **arrays})
    with pytest.raises(InvalidParams, match="element 1 of lower exceeds"):
        answer("network_bounds", **first, lower=np.array([0.0, 2.0]), upper=inputs)
    with pytest.raises(InvalidParams, match="lower or upper is not finite"):
        answer("network_bounds", **first, lower=-inputs * np.inf, upper=inputs)


def test_numbers_that_are_too_large() -> None:
    large = layer_arrays([(np.full((1, 2), 1e308), np.zeros(1))])
    with pytest.raises(Uncertifiable, match="not finite"):
        answer("network_inference", **large, input=np.full(2, 1e10))
    with pytest.raises(Uncertifiable, match="not finite"):
        answer("network_bounds", **large, lower=np.zeros(2), upper=np.full(2, 1e10))


def test_a_score_of_zero_has_no_class() -> None:
    one = np.ones((1, 1))
    with pytest.raises(Uncertifiable, match="input 0 is as near to the boundary"):
        answer("linear_inference", weight=one, bias=-np.ones(1), inputs=one)
    with pytest.raises(InvalidParams, match="element of weight is not finite"):
        answer("linear_inference", weight=one * np.nan, bias=np.ones(1), inputs=one)


def tree(**changes: Any) -> dict[str, Any]:
    return {
        "feature": np.array([0, -2, -2]),
        "threshold": np.array([0.5, 0.0, 0.0]),
        "left": np.array([1, -1, -1]),
        "right": np.array([2, -1, -1]),
        "value": np.array([[0.0], [1.0], [2.0]]),
        "roots": np.array([0]),
        "inputs": np.array([[0.5], [0.6]]),
        **{name: np.array(value) for name, value in changes.items()},
    }


def test_an_input_on_the_threshold_goes_left() -> None:
    found = answer("tree_inference", **tree())
    assert found.arrays["leaves"].tolist() == [[1], [2]]
    assert found.arrays["means"].tolist() == [[1.0], [2.0]]
    assert found.certificate == {"kind": "leaves", "bound": 0.0, "depth": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"left": [7, -1, -1]}, "element of left is no node"),
        ({"roots": [3]}, "element of roots is no node"),
        ({"inputs": [[np.nan]]}, "element of inputs is not finite"),
        ({"left": [0, -1, -1]}, "goes in a circle"),
    ],
)
def test_what_is_no_tree(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParams, match=words):
        answer("tree_inference", **tree(**changes))


@pytest.mark.parametrize("exponent", [0, 200, -200, -310])
def test_the_first_of_the_nearest_points_is_found(exponent: int) -> None:
    random = np.random.default_rng(4)
    queries, points = (random.integers(-2, 3, (size, 2)).astype(float) for size in (40, 9))
    points[8] = points[0]
    factor = 2.0**exponent if exponent > -300 else 5e-324
    found = answer("nearest", queries=queries * factor, points=points * factor)
    distances = ((queries[:, None] - points) ** 2).sum(axis=2)
    assert found.arrays["indices"].tolist() == distances.argmin(axis=1).tolist()
    assert (np.sort(distances, axis=1)[:, 0] == np.sort(distances, axis=1)[:, 1]).any()


def test_rounding_does_not_decide_which_point_is_nearest() -> None:
    """In doubles the squares of both distances are 10¹⁶."""
    points = np.array([[1e8 + 1.5e-8], [-1e8]])
    found = answer("nearest", queries=np.array([[0.0], [1e-8]]), points=points)
    assert found.arrays["indices"].tolist() == [1, 0]


def test_points_are_finite() -> None:
    with pytest.raises(InvalidParams, match="element of points is not finite"):
        answer("nearest", queries=np.zeros((1, 1)), points=np.array([[np.inf]]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_python_refuses_every_lie(name: str, seed: int) -> None:
    assert_only_truth_holds(REGISTRY.find(name), seed, 3)
