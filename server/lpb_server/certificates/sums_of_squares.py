"""Polynomials as sums of squares, exactly: Gram matrices of integers.

p = zᵀ G z for monomials z says of the entries of G what the coefficients of p are, monomial by
monomial. A solver in double precision gives a G far inside the cone of positive semidefinite
matrices; rounded to integers, it is put right where it breaks an equation (Peyrl, Parrilo). Where
there is nothing inside, coarse roundings may still meet the one that there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.integers import exact_integers, last_bit
from lpb_server.certificates.semidefinite import SemidefiniteCertificate, semidefinite

__all__ = [
    "Equations",
    "GramSolver",
    "Polynomial",
    "SumOfSquares",
    "sum_of_squares",
    "triangle",
]

Exponents: TypeAlias = npt.NDArray[np.int64]
Doubles: TypeAlias = npt.NDArray[np.float64]

_GRAM_BITS: Final = 62
_COARSE: Final = (1, 3, 6, 12)
_MOST_MONOMIALS: Final = 200
_MOST_CANDIDATES: Final = 600


@dataclass(frozen=True, slots=True)
class Polynomial:
    """The terms of a polynomial.

    Attributes
    ----------
    exponents
        int64 of shape (k, n), a row for each term, none negative.
    coefficients
        float64 of shape (k,), finite.
    """

    exponents: Exponents
    coefficients: Doubles


@dataclass(frozen=True, slots=True)
class Equations:
    """What the entries of a Gram matrix have to add up to.

    Attributes
    ----------
    monomials
        int64 of shape (N, n).
    support
        int64 of shape (M, n): all products of two of them.
    places
        int64 of shape (N (N + 1) / 2,): for the entries of the lower triangle, row by row, the row
        of the support that is the product.
    terms
        int64 of shape (k,): the row of each term.
    """

    monomials: Exponents
    support: Exponents
    places: Exponents
    terms: Exponents


@dataclass(frozen=True, slots=True)
class SumOfSquares:
    """A Gram matrix of integers.

    Attributes
    ----------
    equations
        What its entries belong to.
    unit
        Coefficients are integers times 2 to the power of this, less 1074.
    denominator
        These integers times this are the sums of the entries.
    entries
        The lower triangle, row by row.
    proof
        What shows that the matrix is positive semidefinite.
    """

    equations: Equations
    unit: int
    denominator: int
    entries: list[int]
    proof: SemidefiniteCertificate


GramSolver: TypeAlias = Callable[[Equations, Doubles], tuple[Doubles, float] | None]
"""From equations, and what the sums of the rows that are products are, to the lower triangle of a
solution in double precision whose least eigenvalue is as great as can be, and that eigenvalue; None
when there is no solution."""


def triangle(i: int, j: int) -> int:
    """Say where an entry stands in the lower triangle."""
    i, j = max(i, j), min(i, j)
    return i * (i + 1) // 2 + j


def sum_of_squares(polynomial: Polynomial, solve: GramSolver) -> SumOfSquares | None:
    """Write a polynomial as a sum of squares; None when none is found."""
    equations = _equations(polynomial)
    if equations is None:
        return None
    unit = last_bit(polynomial.coefficients)
    integers = exact_integers(polynomial.coefficients, unit).tolist()
    sums = [0] * len(equations.support)
    for place, value in zip(equations.terms.tolist(), integers, strict=True):
        sums[place] += value
    scales = _scales(polynomial, equations.support)
    balanced = [value << scale for value, scale in zip(sums, scales, strict=True)]
    largest = max(map(abs, balanced)) or 1
    products = int(equations.places.max()) + 1
    solved = solve(equations, np.array([value / largest for value in balanced[:products]]))
    if solved is None:
        return None
    gram, least = solved
    shifts = [max(_GRAM_BITS + max(scales) - largest.bit_length(), 1)]
    for shift in shifts if least > 0 else [*_COARSE, *shifts]:
        rough = [
            (round(value * 2.0**_GRAM_BITS) * largest << shift) >> (_GRAM_BITS + scales[place])
            for value, place in zip(gram.tolist(), equations.places.tolist(), strict=True)
        ]
        entries = _corrected(equations, rough, [value << shift for value in sums])
        if entries is not None:
            proof = semidefinite(_matrix(entries, len(equations.monomials)))
            if proof is not None:
                return SumOfSquares(equations, unit, 1 << shift, entries, proof)
    return None


def _scales(polynomial: Polynomial, support: Exponents) -> list[int]:
    """Give powers of two, one a row, that bring the coefficients of squares near each other.

    They are what the variables' own powers make of them, none negative.
    """
    coefficients = polynomial.coefficients
    even = (polynomial.exponents % 2 == 0).all(axis=1) & (coefficients > 0)
    if not bool(even.any()):
        return [0] * len(support)
    rows = np.column_stack([np.ones(int(even.sum())), polynomial.exponents[even]])
    fitted = np.linalg.lstsq(rows, np.log2(coefficients[even]), rcond=None)[0]
    powers = support @ np.round(-fitted[1:]).astype(np.int64)
    return [int(power) for power in powers - powers.min()]


def _matrix(entries: list[int], size: int) -> npt.NDArray[np.object_]:
    rows = [[entries[triangle(i, j)] for j in range(size)] for i in range(size)]
    return np.array(rows, object).reshape(size, size)


def _corrected(equations: Equations, rough: list[int], sums: list[int]) -> list[int] | None:
    """Give integers near others that have these sums; None when an odd one has no square."""
    entries = list(rough)
    squares = {triangle(i, i) for i in range(len(equations.monomials))}
    belonging: list[list[int]] = [[] for _ in sums]
    for index, place in enumerate(equations.places.tolist()):
        belonging[place].append(index)
    for wanted, indices in zip(sums, belonging, strict=True):
        if not indices:
            continue
        weights = [1 if index in squares else 2 for index in indices]
        lacking = wanted - sum(entries[k] * w for k, w in zip(indices, weights, strict=True))
        share, rest = divmod(lacking, sum(weights))
        for index in indices:
            entries[index] += share
        last, weight = min(zip(indices, weights, strict=True), key=lambda pair: pair[1])
        if rest % weight:
            return None
        entries[last] += rest // weight
    return entries


# -- which monomials -------------------------------------------------------------------------------


def _equations(polynomial: Polynomial) -> Equations | None:
    """Choose monomials whose products can make up the terms; None when some have no product."""
    terms = [tuple(row) for row in polynomial.exponents.tolist()]
    present = {term for term, c in zip(terms, polynomial.coefficients.tolist(), strict=True) if c}
    variables = polynomial.exponents.shape[1]
    monomials = _needed(_candidates(present, variables), present)
    if monomials is None:
        return None
    # Zero is the square of zero times one.
    monomials = monomials or [(0,) * variables]
    rows: dict[tuple[int, ...], int] = {}
    places = [
        rows.setdefault(_times(a, b), len(rows))
        for i, a in enumerate(monomials)
        for b in monomials[: i + 1]
    ]
    for term in terms:
        if term in present and term not in rows:
            return None
        # A coefficient of zero belongs to a row of its own.
        rows.setdefault(term, len(rows))
    shape = (-1, variables)
    return Equations(
        np.array(monomials, np.int64).reshape(shape),
        np.array(list(rows), np.int64).reshape(shape),
        np.array(places, np.int64),
        np.array([rows[term] for term in terms], np.int64),
    )


def _times(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def _candidates(present: set[tuple[int, ...]], variables: int) -> Iterator[tuple[int, ...]]:
    """Give monomials whose squares lie between the terms in degree, and within their box."""
    if not present:
        yield (0,) * variables
        return
    most, least = max(map(sum, present)), min(map(sum, present))
    highest = [max(term[v] for term in present) // 2 for v in range(variables)]

    def extend(start: tuple[int, ...], left: int) -> Iterator[tuple[int, ...]]:
        if len(start) == variables:
            yield start
            return
        for exponent in range(min(highest[len(start)], left) + 1):
            yield from extend((*start, exponent), left - exponent)

    for candidate in extend((), most // 2):
        if 2 * sum(candidate) >= least:
            yield candidate


def _needed(
    candidates: Iterator[tuple[int, ...]], present: set[tuple[int, ...]]
) -> list[tuple[int, ...]] | None:
    """Leave out monomials whose squares nothing cancels; None when too many are left."""
    left = list(islice(candidates, _MOST_CANDIDATES + 1))
    if len(left) > _MOST_CANDIDATES:
        return None
    left.sort(key=lambda monomial: (sum(monomial), monomial))
    while True:
        mixed = {_times(a, b) for a, b in product(left, left) if a != b}
        kept = [z for z in left if _times(z, z) in present or _times(z, z) in mixed]
        if len(kept) == len(left):
            return left if len(left) <= _MOST_MONOMIALS else None
        left = kept
