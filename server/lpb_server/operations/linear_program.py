"""``linear_program``: the least cost within bounds, or why there is none, with an exact proof."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import upper_fraction
from lpb_server.certificates.exact_linear import (
    decode_integers,
    encode_integers,
    fractions_of,
    with_denominator,
)
from lpb_server.certificates.linear_program import (
    LinearProgram,
    bound_on_cost,
    exact_multipliers,
    exact_point,
    is_direction,
    is_feasible,
)
from lpb_server.certificates.linear_program_evidence import (
    Solver,
    contradiction,
    cost_of,
    feasible_point,
    free_direction,
)
from lpb_server.certificates.reading import doubles
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.highs import solve_in_doubles
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.linear_program_examples import (
    KIND,
    examples,
    lies,
    scaled_question,
)
from lpb_server.operations.question import Answer, ArrayMap, Evidence, Outcome, Question
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.values import Value, ValueMap

__all__ = ["linear_program"]

Doubles = npt.NDArray[np.float64]

_NAME: Final = "linear_program"
_BOUNDS: Final = {
    "row_lower": -math.inf,
    "row_upper": math.inf,
    "lower": -math.inf,
    "upper": math.inf,
}
_MOST_WORDS: Final = 65536


def _program(arrays: ArrayMap) -> LinearProgram:
    """Read a question; `InvalidParams` says what in it cannot be meant."""
    matrix, cost = arrays["matrix"], arrays["cost"]
    for name, array in (("matrix", matrix), ("cost", cost)):
        if not bool(np.isfinite(array).all()):
            raise InvalidParams(f"an element of {name} is not finite", {"array": name})
    bounds = {}
    for name, nothing in _BOUNDS.items():
        size = len(matrix) if name.startswith("row") else len(cost)
        bounds[name] = values = arrays.get(name, np.full(size, nothing))
        if not bool((np.isfinite(values) | (values == nothing)).all()):
            raise InvalidParams(
                f"an element of {name} is no bound: it is neither finite nor {nothing}",
                {"array": name},
            )
    for low, high in (("row_lower", "row_upper"), ("lower", "upper")):
        crossed = np.flatnonzero(bounds[low] > bounds[high])
        if crossed.size:
            raise InvalidParams(
                f"element {crossed[0]} of {low} exceeds that of {high}", {"array": low}
            )
    return LinearProgram(cost, matrix, **bounds)


def _solver(program: LinearProgram) -> tuple[Doubles, Doubles] | None:
    return solve_in_doubles(program, _NAME)


def _sent(values: list[Fraction]) -> npt.NDArray[np.uint64]:
    return encode_integers(with_denominator(values))


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    program, solve = _program(arrays), cast(Solver, _solver)
    status = outcome.result["status"]
    if status == "infeasible":
        multipliers = contradiction(program, solve)
        if multipliers is None:
            raise Uncertifiable("no exact proof was found that no point is within all bounds")
        return Evidence({}, {"multipliers": _sent(multipliers)})
    if status == "unbounded":
        point, direction = feasible_point(program, solve), free_direction(program, solve)
        if point is None or direction is None:
            raise Uncertifiable("no exact point and direction were found by which the cost falls")
        return Evidence({}, {"point": _sent(point), "direction": _sent(direction)})
    solved = _solver(program)
    assert solved is not None
    point = exact_point(program, *solved)
    if point is None:
        raise Uncertifiable(
            "no point near the solution is exactly within all bounds: they may contradict each "
            "other by what was lost when they were rounded"
        )
    multipliers = exact_multipliers(program, *solved)
    if multipliers is None:
        raise Uncertifiable("no exact multipliers were found that bound the cost from below")
    bound = bound_on_cost(program, fractions_of(program.cost), multipliers)
    assert bound is not None
    objective = Fraction(cast(float, outcome.result["objective"]))
    solution = fractions_of(outcome.arrays["solution"])
    distance = max(abs(x - p) for x, p in zip(solution, point, strict=True))
    gap = max(cost_of(program, point) - objective, objective - bound, Fraction(0))
    try:
        entries: ValueMap = {"distance": upper_fraction(distance), "gap": upper_fraction(gap)}
    except OverflowError:
        raise Uncertifiable("no double is large enough for the gap") from None
    return Evidence(entries, {"point": _sent(point), "multipliers": _sent(multipliers)})


def _check(question: Question, answer: Answer) -> bool:
    if not _is_question(question.arrays) or answer.certificate.get("kind") != KIND:
        return False
    try:
        program = _program(question.arrays)
    except InvalidParams:
        return False
    m, n = program.matrix.shape
    point, direction = _read(answer, "point", n), _read(answer, "direction", n)
    multipliers = _read(answer, "multipliers", m)
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
    if not bool(np.isfinite(solution).all()) or not all(map(_is_finite, numbers)):
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


def _is_finite(value: Value) -> bool:
    return type(value) is float and math.isfinite(value)


def _is_question(arrays: ArrayMap) -> bool:
    matrix = arrays.get("matrix")
    if matrix is None or matrix.ndim != 2 or matrix.dtype != np.float64:
        return False
    m, n = matrix.shape
    sizes = {"cost": n, "row_lower": m, "row_upper": m, "lower": n, "upper": n}
    return "cost" in arrays and all(
        name not in arrays or doubles(arrays[name], size) is not None
        for name, size in sizes.items()
    )


def _read(answer: Answer, name: str, count: int) -> list[Fraction] | None:
    """Read a vector of the certificate: `count` integers and their denominator."""
    array: Any = answer.certificate_arrays.get(name)
    if array is None or array.dtype != np.uint64 or array.ndim != 2 or len(array) != count + 1:
        return None
    if not 1 <= array.shape[1] <= _MOST_WORDS:
        return None
    *numerators, denominator = decode_integers(array)
    if denominator <= 0:
        return None
    return [Fraction(value, denominator) for value in numerators]


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    words = [array.shape[-1] for array in answer.certificate_arrays.values() if array.ndim == 2]
    elements = size["m"] * size["n"]
    return kernel_heap(8 * elements, 2 * elements, max(words, default=1), 100.0)


@operation(
    _NAME,
    params={"type": "object", "additionalProperties": False},
    summary="Minimise a linear cost with rows A x and variables x between bounds (SciPy's HiGHS).",
    arrays={
        "cost": ArraySpec("f8", ("n",)),
        "matrix": ArraySpec("f8", ("m", "n")),
        "row_lower": ArraySpec("f8", ("m",), needed=False),
        "row_upper": ArraySpec("f8", ("m",), needed=False),
        "lower": ArraySpec("f8", ("n",), needed=False),
        "upper": ArraySpec("f8", ("n",), needed=False),
    },
    certificate=Certificate(
        KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.LinearProgramOperation",
        check=_check,
    ),
    examples=examples,
    lies=lies,
    scaling=Scaling(scaled_question, sizes=(10, 20, 30, 50), heap_bytes=_heap_bytes),
)
def linear_program(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Solve by HiGHS; where it finds no optimum, say which of the two reasons there is."""
    program = _program(arrays)
    solved = _solver(program)
    if solved is not None:
        x, _ = solved
        return Outcome({"status": "optimal", "objective": float(program.cost @ x)}, {"solution": x})
    if feasible_point(program, _solver) is None:
        return Outcome({"status": "infeasible"})
    if free_direction(program, _solver) is not None:
        return Outcome({"status": "unbounded"})
    raise InvalidParams("HiGHS found neither an optimum nor a reason why there is none")
