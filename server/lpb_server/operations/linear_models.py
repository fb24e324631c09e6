"""Linear models in questions: what `linear_inference` and `logistic_inference` take."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.finite import require_finite
from lpb_server.operations.kernel_heap import kernel_heap, stated_words
from lpb_server.operations.question import Answer, ArrayMap
from lpb_server.operations.scaling import Dimensions
from lpb_server.wire.arrays import Array

__all__ = ["MODEL", "computed_scores", "random_model", "scores_heap"]

MODEL: Final = {
    "weight": ArraySpec("f8", ("k", "n")),
    "bias": ArraySpec("f8", ("k",)),
    "inputs": ArraySpec("f8", ("m", "n")),
}
"""Weights and biases of k scores, and m inputs."""


def random_model(random: np.random.Generator, m: int, n: int, k: int) -> dict[str, Array]:
    """Draw the arrays of a question."""
    return {
        "weight": random.standard_normal((k, n)),
        "bias": random.standard_normal(k),
        "inputs": random.standard_normal((m, n)),
    }


def computed_scores(arrays: ArrayMap) -> npt.NDArray[np.float64]:
    """Compute the scores in double precision.

    Returns
    -------
    ndarray of float64, shape (m, k)
        An element is not finite when it overflows.

    Raises
    ------
    InvalidParams
        When an array has an element that is not finite.
    """
    require_finite(arrays, *MODEL)
    with np.errstate(all="ignore"):
        return np.asarray(arrays["inputs"] @ arrays["weight"].T + arrays["bias"], np.float64)


def scores_heap(size: Dimensions, answer: Answer) -> float:
    """Estimate the heap for the check of the scores."""
    m, n, k = size["m"], size["n"], size["k"]
    words = stated_words(answer, "layout", 0)
    return kernel_heap(m * n + k * n + 3 * m * k, m * n * k, words, 70.0)
