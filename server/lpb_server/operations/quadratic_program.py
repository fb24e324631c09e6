"""``quadratic_program``: the least of a convex quadratic function within linear bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import upper_fraction
from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.integers import exact_integers, last_bit
from lpb_server.certificates.linear_program import is_feasible
from lpb_server.certificates.quadratic_program import (
    QuadraticProgram,
    Solution,
    exact_optimum,
)
from lpb_server.certificates.reading import doubles
from lpb_server.certificates.semidefinite import semidefinite
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.clarabel import require_clarabel, settings
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.program_matrices import stored_entries
from lpb_server.operations.programs import (
    PROGRAM_ARRAYS,
    is_finite,
    is_program,
    program_of,
    rationals_of,
    semidefinite_of,
    sent,
)
from lpb_server.operations.quadratic_program_examples import (
    KIND,
    examples,
    lies,
    scaled_question,
)
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.operations.symmetric import symmetric_matrix
from lpb_server.wire.values import ValueMap

__all__ = ["quadratic_program"]

Doubles = npt.NDArray[np.float64]

_NAME: Final = "quadratic_program"
_TOLERANCE: Final = 1e-11
_SOLVED: Final = {"Solved", "AlmostSolved", "InsufficientProgress"}
_WORST_GAP: Final = 1e-6
_MOST_UNIT: Final = 2098
_MOST_BITS: Final = 4096


def _program(arrays: ArrayMap) -> QuadraticProgram:
    return QuadraticProgram(symmetric_matrix(_NAME, arrays["quadratic"]), program_of(arrays))


def _solve(program: QuadraticProgram) -> Solution:
    """Solve by Clarabel, in double precision."""
    require_clarabel(_NAME)
    import clarabel
    from scipy.sparse import csc_array

    linear = program.linear
    n = len(linear.cost)
    matrix = np.vstack([linear.matrix.dense(), np.eye(n)])
    low = np.concatenate([linear.row_lower, linear.lower])
    high = np.concatenate([linear.row_upper, linear.upper])
    equal = low == high
    above, below = np.isfinite(low) & ~equal, np.isfinite(high) & ~equal
    sides = np.vstack([matrix[equal], -matrix[above], matrix[below]])
    right = np.concatenate([low[equal], -low[above], high[below]])
    equations, lower = int(equal.sum()), int(above.sum())
    cones = [clarabel.ZeroConeT(equations)] if equations else []
    if len(right) > equations:
        cones.append(clarabel.NonnegativeConeT(len(right) - equations))
    found = clarabel.DefaultSolver(
        csc_array(np.triu(program.quadratic)),
        linear.cost,
        csc_array(sides),
        right,
        cones,
        settings(_TOLERANCE),
    ).solve()
    status = str(found.status)
    if status in ("PrimalInfeasible", "AlmostPrimalInfeasible"):
        raise InvalidParams("nothing is within all bounds; linear_program proves it")
    if status in ("DualInfeasible", "AlmostDualInfeasible"):
        raise InvalidParams("the function has no minimum within the bounds")
    if status not in _SOLVED:
        raise InvalidParams(f"Clarabel found no optimum: it ended with {status}")
    prices, multipliers = np.array(found.z), np.zeros(len(matrix))
    multipliers[equal] = -prices[:equations]
    multipliers[above] += prices[equations : equations + lower]
    multipliers[below] -= prices[equations + lower :]
    rows = len(linear.row_lower)
    return Solution(np.array(found.x), multipliers[:rows], multipliers[rows:])


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    program = _program(arrays)
    unit = last_bit(program.quadratic)
    integers = exact_integers(program.quadratic, unit)
    bits = max(abs(value).bit_length() for value in integers.reshape(-1))
    if bits > _MOST_BITS:
        raise Uncertifiable("the exponents of the quadratic function's matrix are too far apart")
    convex = semidefinite(integers)
    if convex is None:
        raise Uncertifiable(
            "the matrix of the quadratic function is not positive semidefinite, exactly"
        )
    optimum = exact_optimum(program, _solve(program))
    if optimum is None:
        raise Uncertifiable("no point near the solution was found that is exactly optimal")
    objective = Fraction(cast(float, outcome.result["objective"]))
    solution = fractions_of(outcome.arrays["solution"])
    distance = max(abs(x - p) for x, p in zip(solution, optimum.point, strict=True))
    value = program.value(optimum.point)
    gap = max(value - objective, objective - optimum.bound, Fraction(0))
    if gap > Fraction(_WORST_GAP) * (1 + abs(objective)):
        raise Uncertifiable("no multipliers near the solution were found that bound it closely")
    try:
        entries: ValueMap = {
            "distance": upper_fraction(distance),
            "gap": upper_fraction(gap),
            "unit": unit,
            "bits": bits,
        }
    except OverflowError:
        raise Uncertifiable("no double is large enough for the gap") from None
    proof = {"point": sent(optimum.point), "multipliers": sent(optimum.multipliers)}
    return Evidence(entries, {**proof, **convex.arrays()})


def _check(question: Question, answer: Answer) -> bool:
    arrays = question.arrays
    if not is_program(arrays) or answer.certificate.get("kind") != KIND:
        return False
    n = len(arrays["cost"])
    if doubles(arrays.get("quadratic"), n, n) is None:
        return False
    try:
        program = _program(arrays)
    except InvalidParams:
        return False
    m = program.linear.matrix.shape[0]
    if not _is_convex(program, answer):
        return False
    point, multipliers = rationals_of(answer, "point", n), rationals_of(answer, "multipliers", m)
    solution = doubles(answer.arrays.get("solution"), n)
    numbers = [answer.result.get("objective"), *map(answer.certificate.get, ("distance", "gap"))]
    if point is None or multipliers is None or solution is None:
        return False
    if not bool(np.isfinite(solution).all()) or not all(map(is_finite, numbers)):
        return False
    objective, distance, gap = (Fraction(cast(float, x)) for x in numbers)
    bound = program.bound(point, multipliers)
    return (
        is_feasible(program.linear, point)
        and all(abs(x - p) <= distance for x, p in zip(fractions_of(solution), point, strict=True))
        and program.value(point) <= objective + gap
        and bound is not None
        and objective - gap <= bound
    )


def _is_convex(program: QuadraticProgram, answer: Answer) -> bool:
    convex = semidefinite_of(answer, len(program.quadratic))
    unit, bits = answer.certificate.get("unit"), answer.certificate.get("bits")
    if convex is None or type(unit) is not int or type(bits) is not int:
        return False
    if not (0 <= unit <= _MOST_UNIT and 0 <= bits <= _MOST_BITS):
        return False
    if program.quadratic.any() and last_bit(program.quadratic) < unit:
        return False
    integers = exact_integers(program.quadratic, unit)
    return all(abs(value) <= 1 << bits for value in integers.reshape(-1)) and convex.holds(integers)


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    words = [array.shape[-1] for array in answer.certificate_arrays.values() if array.ndim == 2]
    elements = stored_entries(size) + 4 * size["n"] ** 2
    return kernel_heap(8 * elements, 2 * elements, max(words, default=1), 100.0)


@operation(
    _NAME,
    params={"type": "object", "additionalProperties": False},
    summary="Minimise a convex x'Qx / 2 + c'x with rows A x and variables x within bounds.",
    arrays={"quadratic": ArraySpec("f8", ("n", "n")), **PROGRAM_ARRAYS},
    certificate=Certificate(
        KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.QuadraticProgramOperation",
        check=_check,
    ),
    examples=examples,
    lies=lies,
    scaling=Scaling(scaled_question, sizes=(10, 20, 30, 50), heap_bytes=_heap_bytes),
)
def quadratic_program(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve by Clarabel's interior-point method."""
    program = _program(arrays)
    x = _solve(program).x
    objective = float(x @ program.quadratic @ x) / 2 + float(program.linear.cost @ x)
    return Outcome({"objective": objective}, {"solution": x})
