"""``linear_program``: the least cost within bounds, or why there is none, with an exact proof."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.linear_program import (
    bound_on_cost,
    is_direction,
    is_feasible,
)
from lpb_server.certificates.linear_program_evidence import (
    cost_of,
)
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.linear_program_answers import evidence_of, outcome_of
from lpb_server.operations.linear_program_examples import (
    KIND,
    examples,
    lies,
    scaled_question,
)
from lpb_server.operations.program_matrices import stored_entries
from lpb_server.operations.programs import (
    PROGRAM_ARRAYS,
    is_finite,
    is_program,
    program_of,
    rationals_of,
)
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.values import ValueMap

__all__ = ["linear_program"]

Doubles = npt.NDArray[np.float64]

_NAME: Final = "linear_program"
_READS: Final = 33
"""How much each entry of a sparse matrix takes, each row and each variable, in doubles read: a
program of 500 rows, 800 variables and 3,000 entries took 0.8 GB."""


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    return evidence_of(program_of(arrays), outcome)


def _check(question: Question, answer: Answer) -> bool:
    if not is_program(question.arrays) or answer.certificate.get("kind") != KIND:
        return False
    try:
        program = program_of(question.arrays)
    except InvalidParams:
        return False
    m, n = program.matrix.shape
    point, direction = rationals_of(answer, "point", n), rationals_of(answer, "direction", n)
    multipliers = rationals_of(answer, "multipliers", m)
    status = answer.result.get("status")
    if status == "infeasible" and multipliers is not None:
        bound = bound_on_cost(program, [Fraction(0)] * n, multipliers)
        return bound is not None and bound > 0
    if point is None or not is_feasible(program, point):
        return False
    if status == "unbounded":
        return (
            direction is not None
            and is_direction(program, direction)
            and cost_of(program, direction) < 0
        )
    solution = doubles(answer.arrays.get("solution"), n)
    numbers = [answer.result.get("objective"), *map(answer.certificate.get, ("distance", "gap"))]
    if status != "optimal" or multipliers is None or solution is None:
        return False
    if not bool(np.isfinite(solution).all()) or not all(map(is_finite, numbers)):
        return False
    objective, distance, gap = (Fraction(cast(float, x)) for x in numbers)
    bound = bound_on_cost(program, fractions_of(program.cost), multipliers)
    near = all(abs(x - p) <= distance for x, p in zip(fractions_of(solution), point, strict=True))
    return (
        near
        and cost_of(program, point) <= objective + gap
        and bound is not None
        and objective - gap <= bound
    )


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    words = [array.shape[-1] for array in answer.certificate_arrays.values() if array.ndim == 2]
    elements = stored_entries(size)
    reads = _READS * (elements + size["m + 1"] + size["n"]) if "k" in size else 8 * elements
    return kernel_heap(reads, 2 * elements, max(words, default=1), 100.0)


@operation(
    _NAME,
    params={"type": "object", "additionalProperties": False},
    summary="Minimise a linear cost with rows A x and variables x between bounds (SciPy's HiGHS).",
    arrays=PROGRAM_ARRAYS,
    certificate=Certificate(
        KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.LinearProgramOperation",
        check=_check,
    ),
    examples=examples,
    lies=lies,
    scaling=Scaling(scaled_question, sizes=(10, 30, 100, 200), heap_bytes=_heap_bytes),
)
def linear_program(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve by HiGHS; where it finds no optimum, say which of the two reasons there is."""
    return outcome_of(program_of(arrays))
