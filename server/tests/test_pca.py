"""`pca`: what is captured, by numbers that are known, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

OPERATION = default_registry().find("pca")


def answer(data: Any, k: int) -> Answer:
    return answer_here(OPERATION, Question({"components": k}, {"data": np.asarray(data, float)}))


def numbers(found: Answer) -> tuple[float, float]:
    captured, greatest = found.certificate["captured"], found.certificate["greatest"]
    assert isinstance(captured, float)
    assert isinstance(greatest, float)
    return captured, greatest


def test_what_is_captured_is_the_greatest_there_is() -> None:
    random = np.random.default_rng(0)
    data = random.standard_normal((30, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1]) + 7.0
    centred = data - data.mean(axis=0)
    values = np.linalg.eigvalsh(centred.T @ centred)[::-1]
    for k in range(1, 6):
        captured, greatest = numbers(answer(data, k))
        assert captured <= greatest <= captured * (1 + 1e-12)
        assert captured == pytest.approx(values[:k].sum(), rel=1e-12)


def test_no_directions_that_are_tried_capture_more() -> None:
    random = np.random.default_rng(1)
    data = random.standard_normal((12, 4))
    found = answer(data, 2)
    centred = data - found.arrays["mean"]
    for _ in range(50):
        directions = np.linalg.qr(random.standard_normal((4, 2)))[0]
        assert ((centred @ directions) ** 2).sum() <= numbers(found)[1] * (1 + 1e-14)


def test_components_are_those_of_scikit_learn() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    data = np.random.default_rng(2).standard_normal((20, 4)) * [4.0, 3.0, 2.0, 1.0]
    fitted = decomposition.PCA(3).fit(data)
    found = answer(data, 3)
    signs = np.sign((fitted.components_ * found.arrays["components"]).sum(axis=1))
    assert found.arrays["components"] == pytest.approx(signs[:, None] * fitted.components_)
    assert numbers(found)[0] / 19 == pytest.approx(fitted.explained_variance_.sum())


def test_what_is_refused() -> None:
    with pytest.raises(InvalidParams, match="points of 2 coordinates have no 3 components"):
        answer(np.zeros((4, 2)), 3)
    with pytest.raises(InvalidParams, match="not finite"):
        answer([[np.inf]], 1)
    with pytest.raises(Uncertifiable, match="so large"):
        answer([[1e200], [-1e200]], 1)
    with pytest.raises(InvalidParams, match="components"):
        OPERATION.check({"components": 0}, {"data": np.zeros((1, 1))}, certify=True)


@pytest.mark.parametrize("seed", range(2))
def test_python_refuses_every_lie(seed: int) -> None:
    assert_only_truth_holds(OPERATION, seed, 3)
