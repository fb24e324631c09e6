"""Quadratic programs whose answers are exact: a point and multipliers over the rationals.

A solver in double precision says which bounds an optimum stands at. The equations of an optimum
at these bounds are solved without rounding; where a bound is then broken, or a multiplier has the
wrong sign, the bounds are chosen anew, as an active-set method does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of, solve_near
from lpb_server.certificates.linear_program import LinearProgram, bound_on_cost, is_feasible

__all__ = ["Optimum", "QuadraticProgram", "Solution", "exact_optimum"]

Doubles = npt.NDArray[np.float64]

_ROUNDS: Final = 20
_SLACKER: Final = (1.0, 1e-3, 1e3)
"""By how much a multiplier may be smaller than the room at its bound, for this to hold."""


@dataclass(frozen=True, slots=True)
class QuadraticProgram:
    """Minimise ``x @ quadratic @ x / 2 + cost @ x`` within the bounds of a linear program.

    Attributes
    ----------
    quadratic
        float64 of shape (n, n), symmetric.
    linear
        The costs and the bounds.
    """

    quadratic: Doubles
    linear: LinearProgram

    def exact_gradient(self, x: list[Fraction]) -> list[Fraction]:
        """Give Q x + c."""
        return [
            sum((Fraction(float(row[j])) * x[j] for j in np.flatnonzero(row)), cost)
            for row, cost in zip(self.quadratic, fractions_of(self.linear.cost), strict=True)
        ]

    def value(self, x: list[Fraction]) -> Fraction:
        """Give what is minimised."""
        costs = fractions_of(self.linear.cost)
        twice = ((g + c) * v for g, c, v in zip(self.exact_gradient(x), costs, x, strict=True))
        return sum(twice, Fraction(0)) / 2

    def bound(self, x: list[Fraction], multipliers: list[Fraction]) -> Fraction | None:
        """Give what multipliers and the tangent at `x` bound values by; None when by nothing."""
        gradient = self.exact_gradient(x)
        least = bound_on_cost(self.linear, gradient, multipliers)
        if least is None:
            return None
        slope = sum((g * v for g, v in zip(gradient, x, strict=True)), Fraction(0))
        return self.value(x) + least - slope


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum in double precision.

    Attributes
    ----------
    x
        float64 of shape (n,).
    rows, variables
        The multipliers of the rows, float64 of shape (m,), and of the variables' bounds, (n,): what
        a unit more of a bound costs.
    """

    x: Doubles
    rows: Doubles
    variables: Doubles


@dataclass(frozen=True, slots=True)
class Optimum:
    """A feasible point, multipliers of the rows, and what both bound the values by."""

    point: list[Fraction]
    multipliers: list[Fraction]
    bound: Fraction


def exact_optimum(program: QuadraticProgram, solution: Solution) -> Optimum | None:
    """Give a feasible point and multipliers near a computed solution, with the least gap found.

    Returns
    -------
    Optimum or None
        None when none is found.
    """
    best = None
    for start in _starts(program.linear, solution):
        found = _polished(program, solution, start)
        if found is not None:
            gap = program.value(found.point) - found.bound
            if gap == 0:
                return found
            if best is None or gap < program.value(best.point) - best.bound:
                best = found
    return best


# -- which bounds hold: -1 the lower one, 1 the upper one, 0 neither -------------------------------

_Held = tuple[list[int], list[int]]


def _starts(linear: LinearProgram, solution: Solution) -> Iterator[_Held]:
    rows = linear.matrix.times(solution.x)
    seen: list[_Held] = []
    for slacker in _SLACKER:
        held = (
            _held(rows, linear.row_lower, linear.row_upper, solution.rows * slacker),
            _held(solution.x, linear.lower, linear.upper, solution.variables * slacker),
        )
        if held not in seen:
            seen.append(held)
            yield held


def _held(values: Doubles, low: Doubles, high: Doubles, multipliers: Doubles) -> list[int]:
    sides = np.where(multipliers > values - low, -1, np.where(-multipliers > high - values, 1, 0))
    return [int(side) for side in np.where(low == high, -1, sides)]


def _at(side: int, low: float, high: float) -> Fraction:
    return Fraction(low if side < 0 else high)


def _polished(program: QuadraticProgram, solution: Solution, held: _Held) -> Optimum | None:
    linear = program.linear
    for _ in range(_ROUNDS):
        solved = _at_bounds(program, solution, held)
        if solved is None:
            return None
        point, multipliers = solved
        changed = _corrected(program, point, multipliers, held)
        if changed == held:
            break
        held = changed
    if not is_feasible(linear, point):
        return None
    bound = program.bound(point, multipliers)
    return None if bound is None else Optimum(point, multipliers, bound)


def _at_bounds(
    program: QuadraticProgram, solution: Solution, held: _Held
) -> tuple[list[Fraction], list[Fraction]] | None:
    """Solve for a point at these bounds that is optimal there, and for the multipliers."""
    linear, (rows, variables) = program.linear, held
    free = [j for j, side in enumerate(variables) if not side]
    active = [i for i, side in enumerate(rows) if side]
    bounds = zip(variables, linear.lower.tolist(), linear.upper.tolist(), strict=True)
    point = [_at(*bound) if bound[0] else Fraction(0) for bound in bounds]
    slopes = program.exact_gradient(point)
    zero = Fraction(0)
    matrix, equations, right = linear.matrix.dense(), [], []
    for j in free:
        curved = fractions_of(program.quadratic[j, free])
        equations.append(curved + [-x for x in fractions_of(matrix[active, j])])
        right.append(-slopes[j])
    for i in active:
        row = fractions_of(matrix[i])
        taken = sum((a * x for a, x in zip(row, point, strict=True)), zero)
        side = _at(rows[i], float(linear.row_lower[i]), float(linear.row_upper[i]))
        equations.append([row[j] for j in free] + [zero] * len(active))
        right.append(side - taken)
    guess = fractions_of(np.concatenate([solution.x[free], solution.rows[active]]))
    found = solve_near(equations, right, guess)
    if found is None:
        return None
    for j, value in zip(free, found, strict=False):
        point[j] = value
    multipliers = [zero] * len(rows)
    for i, value in zip(active, found[len(free) :], strict=True):
        multipliers[i] = value
    return point, multipliers


def _corrected(
    program: QuadraticProgram, point: list[Fraction], multipliers: list[Fraction], held: _Held
) -> _Held:
    """Hold the bounds that are broken, and no more those whose multipliers have the wrong sign."""
    linear = program.linear
    values = [sum((a * point[j] for j, a in row), Fraction(0)) for row in linear.nonzeros()]
    reduced = program.exact_gradient(point)
    for row, y in zip(linear.nonzeros(), multipliers, strict=True):
        if y:
            for j, a in row:
                reduced[j] -= y * a
    return (
        _sides(values, linear.row_lower, linear.row_upper, multipliers, held[0]),
        _sides(point, linear.lower, linear.upper, reduced, held[1]),
    )


def _sides(
    values: list[Fraction], low: Doubles, high: Doubles, prices: list[Fraction], held: list[int]
) -> list[int]:
    sides = []
    for value, a, b, price, side in zip(
        values, low.tolist(), high.tolist(), prices, held, strict=True
    ):
        if side:
            wrong = a != b and side * price > 0
            sides.append(0 if wrong else side)
        elif np.isfinite(a) and value < Fraction(a):
            sides.append(-1)
        else:
            sides.append(1 if np.isfinite(b) and value > Fraction(b) else 0)
    return sides
