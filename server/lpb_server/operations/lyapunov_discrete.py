"""``lyapunov_discrete``: a quadratic form that decays along every orbit of xₖ₊₁ = A xₖ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.lyapunov import check_discrete, discrete_certificate
from lpb_server.certificates.lyapunov_equation import discrete_form, eigenvalues
from lpb_server.errors import Uncertifiable
from lpb_server.operations.answering import answer_here
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.lyapunov_decay import decay_certificate, decay_heap_bytes
from lpb_server.operations.lyapunov_lies import decay_lies, false_rate
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Scaling
from lpb_server.wire.values import ValueMap

__all__ = ["lyapunov_discrete"]

_KIND: Final = "lyapunov_decay"


def _radius(matrix: npt.NDArray[np.float64]) -> float:
    """Compute the spectral radius.

    Raises
    ------
    InvalidParams
        When an element of the matrix is not finite, or the eigenvalues cannot be computed.
    """
    return float(np.abs(eigenvalues("lyapunov_discrete", matrix)).max())


def _with_radius(matrix: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.float64]:
    return np.asarray(matrix * (radius / _radius(matrix)), np.float64)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    turn = 0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])
    yield Example("rotation that shrinks", arrays={"matrix": turn})
    yield Example("1 × 1", arrays={"matrix": np.array([[-0.5]])})
    yield Example("zero", arrays={"matrix": np.zeros((2, 2))})
    yield Example("nilpotent", arrays={"matrix": np.array([[0.0, 100.0], [0.0, 0.0]])})
    jordan = 0.9 * np.eye(3) + np.eye(3, k=1)
    yield Example("Jordan block, n = 3", arrays={"matrix": jordan})
    yield Example("given rate", {"rate": 0.9}, {"matrix": turn})
    yield Example("barely stable", arrays={"matrix": np.array([[0.999999, 0.5], [0.0, -0.999]])})
    yield Example(
        "spectral radius 0.999, n = 5",
        arrays={"matrix": _with_radius(random.standard_normal((5, 5)), 0.999)},
    )
    scale = np.ldexp(1.0, np.array([-6, 0, 5]))
    well = _with_radius(random.standard_normal((3, 3)), 0.7)
    yield Example("badly scaled", arrays={"matrix": well * scale[:, None] / scale[None, :]})
    for n in (12, 20):
        matrix = _with_radius(random.standard_normal((n, n)), 0.8)
        yield Example(f"n = {n}", arrays={"matrix": matrix})
    for index in range(count):
        n = int(random.integers(2, 8))
        matrix = _with_radius(random.standard_normal((n, n)), float(random.uniform(0.1, 0.95)))
        yield Example(f"random {index + 1}: n = {n}", arrays={"matrix": matrix})


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    rate = cast(float, answer.result["rate"])

    def saying(value: float) -> Answer:
        return replace(answer, result={"rate": value})

    lies = {
        "rate of zero": saying(0.0),
        "rate of minus zero": saying(-0.0),
        "rate of one": saying(1.0),
        **decay_lies(question, answer, -1.0, partial(answer_here, lyapunov_discrete)),
    }
    square = _radius(question.arrays["matrix"]) ** 2
    if square > rate / 1000:
        lies["rate below the square of the spectral radius"] = false_rate(answer, square / 2, 1.0)
    return lies


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(arrays={"matrix": _with_radius(random.standard_normal((n, n)), 0.8)})


@operation(
    "lyapunov_discrete",
    params={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rate": {
                "description": "How much of the form is left after a step: above the square of"
                " the spectral radius, below 1. Without it, the mean of the two.",
                "type": "number",
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 1,
            }
        },
    },
    summary="Find P such that x'Px decays along every orbit x -> Ax, by a factor at each step.",
    arrays={"matrix": ArraySpec("f8", ("n", "n"))},
    certificate=decay_certificate(
        _KIND,
        "LeanPythonBridge.Certificate.LyapunovDiscrete",
        discrete_certificate,
        check_discrete,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=decay_heap_bytes),
)
def lyapunov_discrete(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve the discrete Lyapunov equation r P - AᵀPA = r I, for a rate r."""
    matrix = arrays["matrix"]
    radius = _radius(matrix)
    if not radius < 1:
        raise Uncertifiable(
            f"the recursion is not stable: the spectral radius is computed as {radius:.6g}, and no"
            " form decays along every orbit unless it is less than 1"
        )
    rate = float(cast(float, params.get("rate", (1 + radius * radius) / 2)))
    if not radius * radius < rate < 1:
        raise Uncertifiable(
            f"no form decays by the rate {rate:.6g}: the spectral radius is computed as"
            f" {radius:.6g}, and the rate must exceed its square and be less than 1"
        )
    return Outcome({"rate": rate}, {"form": discrete_form(matrix, rate)})
