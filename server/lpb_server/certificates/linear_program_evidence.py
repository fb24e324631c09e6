"""What certifies each answer to a linear program, made with a solver in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.linear_program import (
    LinearProgram,
    Solver,
    bound_on_cost,
    exact_multipliers,
    exact_point,
    is_direction,
)
from lpb_server.certificates.near_optimum import near_multipliers, near_point
from lpb_server.certificates.sparse import SparseMatrix

__all__ = [
    "best_multipliers",
    "best_point",
    "contradiction",
    "cost_of",
    "feasible_point",
    "free_direction",
]

Doubles = npt.NDArray[np.float64]

_LARGE: Final = 50_000
"""The number of variables times that of equations at a vertex, which is about how many words of 64
bits its numbers take: with many more the embedded engine has no room for them."""


def cost_of(program: LinearProgram, x: list[Fraction]) -> Fraction:
    """Give what a point costs, exactly."""
    return sum((c * v for c, v in zip(fractions_of(program.cost), x, strict=True)), Fraction(0))


def best_point(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find a feasible point that costs as little as can be, or nearly; None when none is found."""
    return _found(program, solve, exact_point, near_point)


def best_multipliers(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find multipliers that bound the cost as well as can be, or nearly; None without any."""
    return _found(program, solve, exact_multipliers, near_multipliers)


def _found(
    program: LinearProgram,
    solve: Solver,
    exact: Callable[[LinearProgram, Doubles, Doubles], list[Fraction] | None],
    near: Callable[[LinearProgram, Solver], list[Fraction] | None],
) -> list[Fraction] | None:
    """Search at the vertex that the solver finds, and near the optimum; what suits the size first.

    At a vertex there may be no exact multipliers of the right signs: where the basis that HiGHS
    ends at is not quite optimal, and no basis near it is.
    """
    large = _is_large(program)
    found = near(program, solve) if large else None
    if found is not None:
        return found
    solved = solve(program)
    if solved is None:
        return None
    found = exact(program, *solved)
    return near(program, solve) if found is None and not large else found


def _is_large(program: LinearProgram) -> bool:
    """Say whether the numbers of a vertex are so long that shorter ones near it are better."""
    rows, variables = program.matrix.shape
    return min(rows, variables) * variables > _LARGE


def feasible_point(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find a point within all bounds, exactly; None when none is found."""
    return best_point(replace(program, cost=np.zeros_like(program.cost)), solve)


def contradiction(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find multipliers of the rows that bound zero by more than zero; None when none are found.

    They are those of the program that breaks the rows' bounds by as little as possible.
    """
    m, n = program.matrix.shape
    lacking, beyond = np.isfinite(program.row_lower), np.isfinite(program.row_upper)
    broken = np.concatenate([np.flatnonzero(lacking), np.flatnonzero(beyond)])
    extra = len(broken)
    signs = np.concatenate([np.ones(int(lacking.sum())), -np.ones(int(beyond.sum()))])
    matrix = program.matrix
    relaxed = LinearProgram(
        np.concatenate([np.zeros(n), np.ones(extra)]),
        SparseMatrix.from_entries(
            (m, n + extra),
            np.concatenate([matrix.entry_rows, broken]),
            np.concatenate([matrix.indices, n + np.arange(extra)]),
            np.concatenate([matrix.data, signs]),
        ),
        program.row_lower,
        program.row_upper,
        np.concatenate([program.lower, np.zeros(extra)]),
        np.concatenate([program.upper, np.full(extra, np.inf)]),
    )
    multipliers = best_multipliers(relaxed, solve)
    if multipliers is None:
        return None
    bound = bound_on_cost(program, [Fraction(0)] * n, multipliers)
    return multipliers if bound is not None and bound > 0 else None


def free_direction(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find a direction in which nothing is bounded and the cost falls; None when none is found."""

    def receding(low: Doubles, high: Doubles, most: float) -> tuple[Doubles, Doubles]:
        return (
            np.where(np.isfinite(low), 0.0, -most),
            np.where(np.isfinite(high), 0.0, most),
        )

    row_lower, row_upper = receding(program.row_lower, program.row_upper, np.inf)
    lower, upper = receding(program.lower, program.upper, 1.0)
    cone = LinearProgram(program.cost, program.matrix, row_lower, row_upper, lower, upper)
    direction = best_point(cone, solve)
    if direction is None or cost_of(program, direction) >= 0:
        return None
    return direction if is_direction(program, direction) else None
