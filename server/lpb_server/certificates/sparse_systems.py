"""Sparse linear equations over the rationals.

Equations with one unknown are solved first, unknowns in one equation last; what is between them is
usually small, and is solved by elimination or, where it is not small, by lifting.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from lpb_server.certificates.exact_linear import solve_exactly
from lpb_server.certificates.lifting import solve_by_lifting

__all__ = ["solve_sparse"]

_SMALL: Final = 16

_Row = dict[int, Fraction]


def solve_sparse(
    equations: Sequence[Mapping[int, Fraction]], right: Sequence[Fraction]
) -> list[Fraction] | None:
    """Solve as many equations as unknowns.

    Parameters
    ----------
    equations : sequence of dict
        Of each equation, its unknowns, from 0 on, and their coefficients, which are not zero.
    right : sequence of Fraction

    Returns
    -------
    list of Fraction or None
        None when they have not one solution.
    """
    rows: list[_Row] = [dict(row) for row in equations]
    known: dict[int, Fraction] = {}
    rest = list(right)
    if not _solve_single(rows, rest, known):
        return None
    last = _set_apart(rows)
    apart = {i for i, _ in last}
    between = [i for i, row in enumerate(rows) if row and i not in apart]
    if not _solve_between(rows, rest, between, known):
        return None
    for i, j in reversed(last):
        taken = sum((a * known[k] for k, a in rows[i].items() if k != j), Fraction(0))
        known[j] = (rest[i] - taken) / rows[i][j]
    return [known[j] for j in range(len(rows))] if len(known) == len(rows) else None


def _equations_of(rows: Sequence[_Row]) -> dict[int, set[int]]:
    """Give the equations of each unknown."""
    places: dict[int, set[int]] = {}
    for i, row in enumerate(rows):
        for j in row:
            places.setdefault(j, set()).add(i)
    return places


def _solve_single(rows: list[_Row], rest: list[Fraction], known: dict[int, Fraction]) -> bool:
    """Solve equations with one unknown, and put it into the others; False if one has none."""
    places = _equations_of(rows)
    solved = 0
    waiting = [i for i, row in enumerate(rows) if len(row) == 1]
    while waiting:
        i = waiting.pop()
        if not rows[i]:
            return False
        ((j, a),) = rows[i].items()
        known[j] = rest[i] / a
        solved += 1
        for k in places[j]:
            coefficient = rows[k].pop(j)
            if k != i:
                rest[k] -= coefficient * known[j]
                if len(rows[k]) == 1:
                    waiting.append(k)
    return solved + sum(map(bool, rows)) == len(rows)


def _set_apart(rows: list[_Row]) -> list[tuple[int, int]]:
    """Give equations that have an unknown which no equation left has, in order."""
    places = _equations_of(rows)
    found = []
    waiting = [j for j, where in places.items() if len(where) == 1]
    while waiting:
        j = waiting.pop()
        if len(places[j]) != 1:
            continue
        (i,) = places[j]
        found.append((i, j))
        for k in rows[i]:
            places[k].discard(i)
            if len(places[k]) == 1:
                waiting.append(k)
    return found


def _solve_between(
    rows: list[_Row], rest: list[Fraction], between: list[int], known: dict[int, Fraction]
) -> bool:
    unknowns = sorted({j for i in between for j in rows[i]})
    if len(unknowns) != len(between):
        return False
    if not between:
        return True
    if len(between) <= _SMALL:
        full = [[rows[i].get(j, Fraction(0)) for j in unknowns] for i in between]
        solved = solve_exactly(full, [rest[i] for i in between])
    else:
        solved = _lifted([rows[i] for i in between], [rest[i] for i in between], unknowns)
    if solved is None:
        return False
    known.update(zip(unknowns, solved, strict=True))
    return True


def _lifted(rows: list[_Row], right: list[Fraction], unknowns: list[int]) -> list[Fraction] | None:
    """Solve in integers: rows times what makes them whole, right sides by one denominator."""
    place = {j: k for k, j in enumerate(unknowns)}
    whole, scaled = [], []
    for row, b in zip(rows, right, strict=True):
        common = math.lcm(*(a.denominator for a in row.values()))
        integers = {place[j]: int(a * common) for j, a in row.items()}
        factor = math.gcd(*integers.values())
        whole.append({j: a // factor for j, a in integers.items()})
        scaled.append(b * common / factor)
    unit = math.lcm(*(b.denominator for b in scaled))
    solved = solve_by_lifting(whole, [int(b * unit) for b in scaled])
    return None if solved is None else [x / unit for x in solved]
