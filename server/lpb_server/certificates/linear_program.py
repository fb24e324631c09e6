"""Linear programs whose answers are exact: points, multipliers and directions over the rationals.

A solver in double precision says which bounds an optimum stands at. The equations that say so are
solved again without rounding, so that a point is feasible, and multipliers are, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import fractions_of
from lpb_server.certificates.independent_columns import independent_columns
from lpb_server.certificates.sparse import SparseMatrix
from lpb_server.certificates.sparse_systems import solve_sparse

__all__ = [
    "LinearProgram",
    "Solver",
    "bound_on_cost",
    "exact_multipliers",
    "exact_point",
    "is_direction",
    "is_feasible",
    "row_values",
]

Doubles = npt.NDArray[np.float64]

_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Minimise ``cost @ x`` with rows of ``matrix @ x`` and entries of ``x`` between bounds.

    Attributes
    ----------
    cost
        float64 of shape (n,), finite.
    matrix
        Of shape (m, n), its values finite.
    row_lower, row_upper
        float64 of shape (m,); minus or plus infinity bounds nothing.
    lower, upper
        float64 of shape (n,), likewise.
    """

    cost: Doubles
    matrix: SparseMatrix
    row_lower: Doubles
    row_upper: Doubles
    lower: Doubles
    upper: Doubles

    def nonzeros(self) -> list[list[tuple[int, Fraction]]]:
        """Give the columns and coefficients of each row that are not zero."""
        return self.matrix.rows()


Solver: TypeAlias = Callable[[LinearProgram], tuple[Doubles, Doubles] | None]
"""From a program to a solution and multipliers in double precision; None when it has no optimum."""


# -- exact tests: what Lean's ``LinearProgramCheck`` decides -----------------------------------


def row_values(program: LinearProgram, x: list[Fraction]) -> list[Fraction]:
    """Give what the rows are at a point, exactly."""
    return [sum((a * x[j] for j, a in row), Fraction(0)) for row in program.nonzeros()]


def _between(values: list[Fraction], low: Doubles, high: Doubles) -> bool:
    return all(
        (not np.isfinite(a) or Fraction(a) <= value)
        and (not np.isfinite(b) or value <= Fraction(b))
        for value, a, b in zip(values, low.tolist(), high.tolist(), strict=True)
    )


def is_feasible(program: LinearProgram, x: list[Fraction]) -> bool:
    """Say whether a point keeps within all bounds, exactly."""
    return _between(x, program.lower, program.upper) and _between(
        row_values(program, x), program.row_lower, program.row_upper
    )


def is_direction(program: LinearProgram, r: list[Fraction]) -> bool:
    """Say whether nothing is bounded in a direction, exactly."""

    def away(values: list[Fraction], low: Doubles, high: Doubles) -> bool:
        return all(
            (not np.isfinite(a) or value >= 0) and (not np.isfinite(b) or value <= 0)
            for value, a, b in zip(values, low.tolist(), high.tolist(), strict=True)
        )

    return away(r, program.lower, program.upper) and away(
        row_values(program, r), program.row_lower, program.row_upper
    )


def bound_on_cost(
    program: LinearProgram, cost: list[Fraction], multipliers: list[Fraction]
) -> Fraction | None:
    """Give what multipliers of the rows bound a cost by, from below; None when by nothing."""
    reduced = list(cost)
    for row, y in zip(program.nonzeros(), multipliers, strict=True):
        if y:
            for j, a in row:
                reduced[j] -= y * a
    total = Fraction(0)
    for values, low, high in (
        (multipliers, program.row_lower, program.row_upper),
        (reduced, program.lower, program.upper),
    ):
        for value, a, b in zip(values, low.tolist(), high.tolist(), strict=True):
            if value:
                bound = a if value > 0 else b
                if not np.isfinite(bound):
                    return None
                total += value * Fraction(bound)
    return total


# -- from a solution in double precision -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Basis:
    """Which rows stand at a bound, and as many variables that do not."""

    rows: list[int]
    columns: list[int]


def _room(values: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """Give how far values are from their nearest bound, in their own size."""
    room = np.minimum(values - low, high - values)
    return np.asarray(np.clip(room / (1.0 + np.abs(values)), 0.0, 1.0))


def _bases(program: LinearProgram, x: Doubles, y: Doubles) -> Iterator[_Basis]:
    """Give bases that fit a solution: by the room its values have, and by its multipliers."""
    values = np.concatenate([x, program.matrix.times(x)])
    low = np.concatenate([program.lower, program.row_lower])
    high = np.concatenate([program.upper, program.row_upper])
    room = _room(values, low, high)
    weights = np.abs(np.concatenate([program.cost - program.matrix.transposed_times(y), y]))
    scale = 1.0 + float(np.abs(weights).max(initial=0.0))
    held, free = weights > _TOLERANCE * scale, room > _TOLERANCE
    seen = []
    for keys in (
        (-room, held, ~free),
        (-room, ~free, held),
        (weights, -room * ~held, held),
    ):
        order = np.lexsort(keys)
        basis = _independent(program.matrix, order)
        if basis not in seen:
            seen.append(basis)
            yield basis


def _independent(matrix: SparseMatrix, order: npt.NDArray[np.int64]) -> _Basis:
    """Take the first independent columns of the matrix beside the identity, in an order."""
    m, n = matrix.shape
    taken = independent_columns(matrix, order.tolist())
    slack = {column - n for column in taken if column >= n}
    return _Basis([i for i in range(m) if i not in slack], sorted(j for j in taken if j < n))


def _inner(
    nonzeros: list[list[tuple[int, Fraction]]], rows: list[int], columns: list[int]
) -> list[dict[int, Fraction]]:
    """Give a part of a matrix, with the places of the columns among those that are taken."""
    places = {j: k for k, j in enumerate(columns)}
    return [{places[j]: a for j, a in nonzeros[i] if j in places} for i in rows]


def _nearest(value: float, low: float, high: float) -> Fraction:
    """Give the nearest of two bounds; the value itself when neither is finite."""
    bounds = [bound for bound in (low, high) if np.isfinite(bound)]
    return (
        Fraction(min(bounds, key=lambda bound: abs(bound - value))) if bounds else Fraction(value)
    )


def _first(
    program: LinearProgram,
    x: Doubles,
    y: Doubles,
    solve: Callable[[_Basis], list[Fraction] | None],
    holds: Callable[[list[Fraction]], bool],
) -> list[Fraction] | None:
    for basis in _bases(program, x, y):
        if len(basis.rows) == len(basis.columns):
            found = solve(basis)
            if found is not None and holds(found):
                return found
    return None


def exact_point(program: LinearProgram, x: Doubles, y: Doubles) -> list[Fraction] | None:
    """Give a feasible point near a computed solution.

    Parameters
    ----------
    x, y : ndarray of float64, shapes (n,) and (m,)
        The solution, and the multipliers of the rows.

    Returns
    -------
    list of Fraction or None
        None when none is found.
    """
    nonzeros = program.nonzeros()

    def solve(basis: _Basis) -> list[Fraction] | None:
        point = [
            _nearest(*three)
            for three in zip(
                x.tolist(), program.lower.tolist(), program.upper.tolist(), strict=True
            )
        ]
        for j in basis.columns:
            point[j] = Fraction(0)
        rest = row_values(program, point)
        ranges = program.matrix.times(x), program.row_lower, program.row_upper
        right = [_nearest(*(float(v[i]) for v in ranges)) - rest[i] for i in basis.rows]
        solved = solve_sparse(_inner(nonzeros, basis.rows, basis.columns), right)
        if solved is None:
            return None
        for j, value in zip(basis.columns, solved, strict=True):
            point[j] = value
        return point

    return _first(program, x, y, solve, lambda point: is_feasible(program, point))


def exact_multipliers(program: LinearProgram, x: Doubles, y: Doubles) -> list[Fraction] | None:
    """Give multipliers of the rows that bound the cost, near computed ones.

    Parameters
    ----------
    x, y
        As for `exact_point`.

    Returns
    -------
    list of Fraction or None
        None when none are found.
    """
    cost, nonzeros = fractions_of(program.cost), program.nonzeros()

    def solve(basis: _Basis) -> list[Fraction] | None:
        columns: list[dict[int, Fraction]] = [{} for _ in basis.columns]
        for k, row in enumerate(_inner(nonzeros, basis.rows, basis.columns)):
            for j, a in row.items():
                columns[j][k] = a
        solved = solve_sparse(columns, [cost[j] for j in basis.columns])
        if solved is None:
            return None
        multipliers = [Fraction(0)] * len(program.row_lower)
        for i, value in zip(basis.rows, solved, strict=True):
            multipliers[i] = value
        return multipliers

    return _first(
        program, x, y, solve, lambda found: bound_on_cost(program, cost, found) is not None
    )
