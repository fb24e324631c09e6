"""What certifies each answer to a linear program, made with a solver in double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.linear_program import (
    LinearProgram,
    bound_on_cost,
    exact_multipliers,
    exact_point,
    is_direction,
)
from lpb_server.certificates.sparse import SparseMatrix

__all__ = ["Solver", "contradiction", "cost_of", "feasible_point", "free_direction"]

Doubles = npt.NDArray[np.float64]

Solver: TypeAlias = Callable[[LinearProgram], tuple[Doubles, Doubles] | None]
"""From a program to a solution and multipliers in double precision; None when it has no optimum."""


def cost_of(program: LinearProgram, x: list[Fraction]) -> Fraction:
    """Give what a point costs, exactly."""
    return sum((c * v for c, v in zip(fractions_of(program.cost), x, strict=True)), Fraction(0))


def feasible_point(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find a point within all bounds, exactly; None when none is found."""
    free = replace(program, cost=np.zeros_like(program.cost))
    solved = solve(free)
    return None if solved is None else exact_point(free, *solved)


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
    solved = solve(relaxed)
    multipliers = None if solved is None else exact_multipliers(relaxed, *solved)
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
    solved = solve(cone)
    direction = None if solved is None else exact_point(cone, *solved)
    if direction is None or cost_of(program, direction) >= 0:
        return None
    return direction if is_direction(program, direction) else None
