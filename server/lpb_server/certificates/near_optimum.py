"""Points and multipliers of linear programs in short numbers, near an optimum and not at it.

The numbers of a vertex are as long as its equations are many. Where rows keep a little room, short
ones do: only equations between rows and variables must then be solved exactly. The bounds are drawn
in before the program is solved, so that what is rounded keeps within those that were asked for.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.independent_columns import independent_columns
from lpb_server.certificates.linear_program import (
    LinearProgram,
    Solver,
    bound_on_cost,
    is_feasible,
    row_values,
)
from lpb_server.certificates.sparse import SparseMatrix
from lpb_server.certificates.sparse_systems import solve_sparse

__all__ = ["near_multipliers", "near_point"]

Doubles = npt.NDArray[np.float64]

_MARGINS: Final = (2.0**-42, 2.0**-36, 2.0**-30, 2.0**-22)
"""By how much bounds are drawn in, in their own size; tried in this order."""
_BITS: Final = 56
"""How many bits numbers have after rounding, those of the largest: few enough for one word."""
_ROOM: Final = 1e-7
"""How far from its bounds a variable must be, in its own size, to take part in an equation."""


def near_point(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find a feasible point that costs little more than the best one; None when none is found."""
    for margin in _MARGINS:
        solved = solve(_with_narrow_rows(program, margin))
        if solved is not None:
            point = _on_equations(program, solved[0])
            if point is not None and is_feasible(program, point):
                return point
    return None


def near_multipliers(program: LinearProgram, solve: Solver) -> list[Fraction] | None:
    """Find multipliers that bound the cost by little less than it is; None when none are found."""
    cost = fractions_of(program.cost)
    for margin in _MARGINS:
        solved = solve(_with_shifted_costs(program, margin))
        if solved is not None:
            y = solved[1].copy()
            y[(y > 0) & ~np.isfinite(program.row_lower)] = 0.0
            y[(y < 0) & ~np.isfinite(program.row_upper)] = 0.0
            multipliers = _rounded(y)
            if bound_on_cost(program, cost, multipliers) is not None:
                return multipliers
    return None


def _with_narrow_rows(program: LinearProgram, margin: float) -> LinearProgram:
    low, high = program.row_lower, program.row_upper
    sizes = [np.where(np.isfinite(side), np.abs(side), 0.0) for side in (low, high)]
    inwards = np.minimum(margin * (1.0 + np.maximum(*sizes)), (high - low) / 4)
    return replace(program, row_lower=low + inwards, row_upper=high - inwards)


def _with_shifted_costs(program: LinearProgram, margin: float) -> LinearProgram:
    """Make variables with one bound less worth leaving it, so that rounding does not either."""
    shift = margin * (1.0 + np.abs(program.cost))
    lacking, beyond = np.isfinite(program.lower), np.isfinite(program.upper)
    shift[lacking == beyond] = 0.0
    return replace(program, cost=program.cost + np.where(lacking, -shift, shift))


def _rounded(values: Doubles) -> list[Fraction]:
    largest = float(np.abs(values).max(initial=0.0))
    bits = _BITS - math.frexp(largest)[1]
    unit = Fraction(1, 2**bits) if bits > 0 else Fraction(2**-bits)
    return [round(Fraction(value) / unit) * unit for value in values.tolist()]


def _on_equations(program: LinearProgram, x: Doubles) -> list[Fraction] | None:
    """Round, but for as many variables as there are equations, which are solved exactly."""
    low, high = program.lower, program.upper
    room = np.minimum(x - low, high - x) / (1.0 + np.abs(x))
    point = _rounded(np.clip(x, low, high))
    for j, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        if np.isfinite(a) and point[j] < Fraction(a) + Fraction(_ROOM):
            point[j] = max(point[j], Fraction(a)) if room[j] > _ROOM else Fraction(a)
        elif np.isfinite(b) and point[j] > Fraction(b) - Fraction(_ROOM):
            point[j] = min(point[j], Fraction(b)) if room[j] > _ROOM else Fraction(b)
    equations = np.flatnonzero(program.row_lower == program.row_upper)
    if not equations.size:
        return point
    nonzeros = program.nonzeros()
    rows, columns = _basis_of(program.matrix, equations, room)
    for j in columns:
        point[j] = Fraction(0)
    values = row_values(program, point)
    places = {j: k for k, j in enumerate(columns)}
    solved = solve_sparse(
        [{places[j]: a for j, a in nonzeros[i] if j in places} for i in rows],
        [Fraction(float(program.row_lower[i])) - values[i] for i in rows],
    )
    if solved is None:
        return None
    for j, value in zip(columns, solved, strict=True):
        point[j] = value
    return point


def _basis_of(
    matrix: SparseMatrix, equations: npt.NDArray[np.int64], room: Doubles
) -> tuple[list[int], list[int]]:
    """Choose as many independent variables with room as there are independent equations."""
    n = matrix.shape[1]
    place = np.full(matrix.shape[0], -1)
    place[equations] = np.arange(len(equations))
    chosen = place[matrix.entry_rows]
    kept = chosen >= 0
    part = SparseMatrix.from_entries(
        (len(equations), n), chosen[kept], matrix.indices[kept], matrix.data[kept]
    )
    free = np.flatnonzero(room > _ROOM)
    order = [*free[np.argsort(-room[free], kind="stable")].tolist(), *range(n, n + len(equations))]
    taken = independent_columns(part, order)
    left = {column - n for column in taken if column >= n}
    rows = [int(i) for k, i in enumerate(equations.tolist()) if k not in left]
    return rows, sorted(j for j in taken if j < n)
