"""The certificate of an assignment: prices of rows and columns, the dual of its linear program.

When no price of a row and of a column together exceed the cost where they meet, no assignment costs
less than the sum of all prices (``sum_prices_le`` in ``Assignment.lean``; Kuhn's Hungarian method,
1955).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import exact_integer, upper_double
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.ranges import ExponentRange, exponent_range
from lpb_server.certificates.solve_lanes import MAX_WORDS
from lpb_server.errors import Uncertifiable

__all__ = ["AssignmentCertificate", "assignment_prices", "check_assignment"]

Matrix = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_WORD_BITS = 64


@dataclass(frozen=True, slots=True)
class AssignmentCertificate:
    """What Lean's ``Assignment.check`` takes beside the costs and the columns.

    Attributes
    ----------
    rows
        The row that each column is assigned to: int64 of shape (n,).
    row_prices, column_prices
        float64 of shape (n,).
    words
        How many words of 64 bits a lane has.
    range
        Where the exponents of costs and prices lie.
    gap
        At least the costs less the prices.
    """

    rows: Indices
    row_prices: Matrix
    column_prices: Matrix
    words: int
    range: ExponentRange
    gap: float


def assignment_prices(cost: Matrix, columns: Indices) -> AssignmentCertificate:
    """Certify that an assignment is nearly the cheapest one.

    Parameters
    ----------
    cost : ndarray of float64, shape (n, n)
        Finite.
    columns : ndarray of int64, shape (n,)
        A permutation.

    Raises
    ------
    Uncertifiable
        When a price or the gap is not finite, or exponents are too far apart.
    """
    rows = np.argsort(columns)
    with np.errstate(all="ignore"):
        column_prices = _column_prices(cost, columns)
    if not bool(np.isfinite(column_prices).all()):
        raise Uncertifiable("a price is not finite: the costs are too large")
    exact, prices = exact_integers(cost, 0), exact_integers(column_prices, 0)
    left = (exact - prices).min(axis=1).tolist()
    assigned = exact[np.arange(len(cost)), columns].sum()
    try:
        row_prices = np.array([-upper_double(-units) for units in left], np.float64)
        gap = upper_double(int(assigned - prices.sum() - exact_integers(row_prices, 0).sum()))
    except OverflowError:
        raise Uncertifiable("a price or the gap is not finite") from None
    found = exponent_range(np.concatenate([cost.ravel(), row_prices, column_prices]))
    words = (found.bits + 1 + _WORD_BITS - 1) // _WORD_BITS
    return AssignmentCertificate(rows, row_prices, column_prices, words, found, gap)


def check_assignment(cost: Matrix, columns: Indices, certificate: AssignmentCertificate) -> bool:
    """Decide in exact integers what Lean's ``Assignment.check`` decides.

    Parameters
    ----------
    cost : ndarray of float64, shape (n, n)
    columns : ndarray of int64, shape (n,)
    certificate : AssignmentCertificate
        With arrays of the right shapes; its gap is finite and has no sign bit.
    """
    made, each = certificate, np.arange(len(cost))
    if not 1 <= made.words <= MAX_WORDS or made.range.bits >= _WORD_BITS * made.words:
        return False
    if not all(made.range.holds(part) for part in (cost, made.row_prices, made.column_prices)):
        return False
    for here, there in ((columns, made.rows), (made.rows, columns)):
        if not bool(((here >= 0) & (here < len(cost))).all()) or (there[here] != each).any():
            return False
    exact = exact_integers(cost, 0)
    row_prices, column_prices = (
        exact_integers(part, 0) for part in (made.row_prices, made.column_prices)
    )
    if (row_prices[:, None] + column_prices > exact).any():
        return False
    prices = int(row_prices.sum()) + int(column_prices.sum())
    return int(exact[each, columns].sum()) - prices <= exact_integer(made.gap)


def _column_prices(cost: Matrix, columns: Indices) -> Matrix:
    """Find prices with v_j ≤ v_σ(i) + c_ij - c_iσ(i): lengths of shortest paths from anywhere.

    For the cheapest assignment σ there is no negative cycle, but for rounding: a bound on the
    number of rounds ends the search then.
    """
    n = len(cost)
    steps = cost - cost[np.arange(n), columns][:, None]
    prices = np.zeros(n)
    for _ in range(n):
        better = np.minimum(prices, (prices[columns][:, None] + steps).min(axis=0))
        if np.array_equal(better, prices):
            break
        prices = better
    return prices
