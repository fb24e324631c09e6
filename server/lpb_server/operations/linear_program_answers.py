"""Answers to linear programs by SciPy's HiGHS, and their certificates."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import upper_fraction
from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.linear_program import (
    LinearProgram,
    bound_on_cost,
)
from lpb_server.certificates.linear_program_evidence import (
    best_multipliers,
    best_point,
    contradiction,
    cost_of,
    feasible_point,
    free_direction,
)
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.highs import solve_in_doubles
from lpb_server.operations.programs import sent
from lpb_server.operations.question import Evidence, Outcome
from lpb_server.wire.values import ValueMap

__all__ = ["evidence_of", "outcome_of"]

Doubles = npt.NDArray[np.float64]

_NAME: Final = "linear_program"


def _solver(program: LinearProgram) -> tuple[Doubles, Doubles] | None:
    return solve_in_doubles(program, _NAME)


def evidence_of(program: LinearProgram, outcome: Outcome) -> Evidence:
    """Give what certifies an answer.

    Raises
    ------
    Uncertifiable
        When nothing was found that does; it says what.
    """
    status = outcome.result["status"]
    if status == "infeasible":
        multipliers = contradiction(program, _solver)
        if multipliers is None:
            raise Uncertifiable("no exact proof was found that no point is within all bounds")
        return Evidence({}, {"multipliers": sent(multipliers)})
    if status == "unbounded":
        point, direction = feasible_point(program, _solver), free_direction(program, _solver)
        if point is None or direction is None:
            raise Uncertifiable("no exact point and direction were found by which the cost falls")
        return Evidence({}, {"point": sent(point), "direction": sent(direction)})
    point = best_point(program, _solver)
    if point is None:
        raise Uncertifiable(
            "no point near the solution is exactly within all bounds: they may contradict each "
            "other by what was lost when they were rounded"
        )
    multipliers = best_multipliers(program, _solver)
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
    return Evidence(entries, {"point": sent(point), "multipliers": sent(multipliers)})


def outcome_of(program: LinearProgram) -> Outcome:
    """Solve by HiGHS; where it finds no optimum, say which of the two reasons there is."""
    solved = _solver(program)
    if solved is not None:
        x, _ = solved
        return Outcome({"status": "optimal", "objective": float(program.cost @ x)}, {"solution": x})
    if feasible_point(program, _solver) is None:
        return Outcome({"status": "infeasible"})
    if free_direction(program, _solver) is not None:
        return Outcome({"status": "unbounded"})
    raise InvalidParams("HiGHS found neither an optimum nor a reason why there is none")
