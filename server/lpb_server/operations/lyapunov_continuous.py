"""``lyapunov_continuous``: a quadratic form that decays along every solution of x' = A x."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.lyapunov import check_continuous, continuous_certificate
from lpb_server.certificates.lyapunov_equation import continuous_form, eigenvalues
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

__all__ = ["lyapunov_continuous"]

_KIND: Final = "lyapunov_derivative"


def _abscissa(matrix: npt.NDArray[np.float64]) -> float:
    """Compute the spectral abscissa: the largest real part of an eigenvalue.

    Raises
    ------
    InvalidParams
        When an element of the matrix is not finite, or the eigenvalues cannot be computed.
    """
    return float(eigenvalues("lyapunov_continuous", matrix).real.max())


def _with_abscissa(matrix: npt.NDArray[np.float64], abscissa: float) -> npt.NDArray[np.float64]:
    shift = abscissa - _abscissa(matrix)
    return np.asarray(matrix + shift * np.eye(len(matrix)), np.float64)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    spring = np.array([[0.0, 1.0], [-4.0, -0.5]])
    yield Example("damped oscillator", arrays={"matrix": spring})
    yield Example("1 × 1", arrays={"matrix": np.array([[-0.5]])})
    yield Example("diagonal", arrays={"matrix": -np.diag([1.0, 2.0, 1000.0])})
    jordan = -0.1 * np.eye(3) + np.eye(3, k=1)
    yield Example("Jordan block, n = 3", arrays={"matrix": jordan})
    yield Example("given rate", {"rate": 0.25}, {"matrix": spring})
    yield Example("barely stable", arrays={"matrix": np.array([[-1e-6, 0.5], [0.0, -1.0]])})
    yield Example("tiny", arrays={"matrix": 1e-200 * spring})
    yield Example("large", arrays={"matrix": 1e100 * spring})
    yield Example(
        "spectral abscissa -0.001, n = 5",
        arrays={"matrix": _with_abscissa(random.standard_normal((5, 5)), -0.001)},
    )
    scale = np.ldexp(1.0, np.array([-6, 0, 5]))
    well = _with_abscissa(random.standard_normal((3, 3)), -0.7)
    yield Example("badly scaled", arrays={"matrix": well * scale[:, None] / scale[None, :]})
    for n in (12, 20):
        matrix = _with_abscissa(random.standard_normal((n, n)), -0.5)
        yield Example(f"n = {n}", arrays={"matrix": matrix})
    for index in range(count):
        n = int(random.integers(2, 8))
        abscissa = -float(random.uniform(0.05, 2))
        matrix = _with_abscissa(random.standard_normal((n, n)), abscissa)
        yield Example(f"random {index + 1}: n = {n}", arrays={"matrix": matrix})


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    fastest = -2 * _abscissa(question.arrays["matrix"])
    return {
        "rate of zero": replace(answer, result={"rate": 0.0}),
        "rate above twice the spectral abscissa": false_rate(answer, 2 * fastest, -1.0),
        **decay_lies(question, answer, 1.0, partial(answer_here, lyapunov_continuous)),
    }


def _scaled(random: np.random.Generator, n: int) -> Question:
    return Question(arrays={"matrix": _with_abscissa(random.standard_normal((n, n)), -0.5)})


@operation(
    "lyapunov_continuous",
    params={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rate": {
                "description": "The form decays like exp(-rate t): above 0, below twice the"
                " distance of the spectrum from the imaginary axis. Without it, that distance.",
                "type": "number",
                "exclusiveMinimum": 0,
            }
        },
    },
    summary="Find P such that x'Px decays along every solution of dx/dt = Ax, exponentially.",
    arrays={"matrix": ArraySpec("f8", ("n", "n"))},
    certificate=decay_certificate(
        _KIND,
        "LeanPythonBridge.Certificate.LyapunovContinuous",
        continuous_certificate,
        check_continuous,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, heap_bytes=decay_heap_bytes),
)
def lyapunov_continuous(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve the continuous Lyapunov equation AᵀP + PA + r P = -r I, for a rate r."""
    matrix = arrays["matrix"]
    abscissa = _abscissa(matrix)
    if not abscissa < 0:
        raise Uncertifiable(
            f"the differential equation is not stable: an eigenvalue is computed to have the real"
            f" part {abscissa:.6g}, and no form decays along every solution unless all are negative"
        )
    rate = float(cast(float, params.get("rate", -abscissa)))
    if not 0 < rate < -2 * abscissa:
        raise Uncertifiable(
            f"no form decays by the rate {rate:.6g}: an eigenvalue is computed to have the real"
            f" part {abscissa:.6g}, and the rate must be less than {-2 * abscissa:.6g}"
        )
    return Outcome({"rate": rate}, {"form": continuous_form(matrix, rate)})
