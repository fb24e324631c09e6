"""Probabilities of logistic models, bounded by partial sums of the exponential series.

A score is an integer a divided by a power of two q. From N terms on, all partial sums of its series
lie between two numbers with the denominator (N + 1)! qᴺ⁺¹: what follows is at most twice the next
term. What is tested in Lean is tested here in the same integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.certificates.exact_products import exact_products, integers_of
from lpb_server.errors import Uncertifiable

__all__ = ["MOST_TERMS", "SeriesLayout", "exact_scores", "probability_bound", "within_bound"]

Doubles = npt.NDArray[np.float64]

MOST_TERMS: Final = 2000
"""The limit of Lean's checker."""

_SQUARE: Final = 2 * UNIT_EXPONENT
_LARGEST: Final = 200.0
_SPARE_BITS: Final = 70
"""What the series leaves out is less than this part of a sum of exponentials: 2 to minus it."""


@dataclass(frozen=True, slots=True)
class SeriesLayout:
    """How the series is summed.

    Attributes
    ----------
    unit
        All scores are multiples of 2 to the power of this less 2148.
    terms
        The number N.
    """

    unit: int
    terms: int

    @property
    def denominator(self) -> int:
        """Give q."""
        return 1 << (_SQUARE - self.unit)

    def between(self, score: int) -> tuple[int, int] | None:
        """Give what all partial sums lie between, times (N + 1)! qᴺ⁺¹.

        Parameters
        ----------
        score : int
            In units of 2⁻²¹⁴⁸.

        Returns
        -------
        tuple of int or None
            None when the score is no multiple of the unit, or too large for so many terms.
        """
        a, q, n = score >> self.unit, self.denominator, self.terms
        if a << self.unit != score or 2 * abs(a) > (n + 2) * q:
            return None
        total, power = 1, 1
        for t in range(1, n + 1):
            power *= a
            total = total * (t * q) + power
        total, rest = total * ((n + 1) * q), 2 * abs(power * a)
        return total - rest, total + rest

    def sums(self, scores: Sequence[int]) -> list[tuple[int, int]] | None:
        """Give what the exponentials of scores lie between, and last their sum.

        To that of a single score 1 is added: probabilities are the shares of the sum.
        """
        found = []
        for score in scores:
            ends = self.between(score)
            if ends is None:
                return None
            found.append(ends)
        count = self.terms + 1
        beside = math.factorial(count) * self.denominator**count if len(scores) == 1 else 0
        least, most = (beside + sum(ends) for ends in zip(*found, strict=True))
        return [*found, (least, most)]


def exact_scores(weight: Doubles, bias: Doubles, inputs: Doubles) -> list[list[int]]:
    """Compute W x + b for each input exactly, in units of 2⁻²¹⁴⁸.

    Parameters
    ----------
    weight, bias, inputs : ndarray of float64
        Shapes (k, n), (k,) and (m, n), finite.
    """
    x, x_unit = integers_of(inputs)
    w, w_unit = integers_of(weight)
    up = _SQUARE - x_unit - w_unit
    biases = [exact_integer(b) << UNIT_EXPONENT for b in bias.tolist()]
    # Whole multiples of the unit: with subnormal numbers, `up` may be negative.
    return [
        [(z << up if up >= 0 else z >> -up) + b for z, b in zip(row, biases, strict=True)]
        for row in exact_products(x, w.T).tolist()
    ]


def probability_bound(
    scores: list[list[int]], probabilities: Doubles
) -> tuple[float, SeriesLayout]:
    """Bound how far probabilities are from the exact ones.

    Parameters
    ----------
    scores : list of list of int
        As `exact_scores` gives them.
    probabilities : ndarray of float64
        Shape (m, k).

    Raises
    ------
    Uncertifiable
        When a score is so large that the series has too many terms.
    """
    layout = _layout(scores)
    needed = 0
    for row, given in zip(scores, probabilities.tolist(), strict=True):
        sums = layout.sums(row)
        assert sums is not None
        *shares, (least, most) = sums
        if least < 1:
            raise Uncertifiable("too few terms of the exponential series are certain")
        for p, (low, high) in zip(map(exact_integer, given), shares, strict=True):
            for total in (least, most):
                up = -(-(high << UNIT_EXPONENT) // total) - p
                down = p - (low << UNIT_EXPONENT) // total
                needed = max(needed, up, down)
    return upper_double(needed), layout


def within_bound(
    scores: list[list[int]], probabilities: Doubles, bound: float, layout: SeriesLayout
) -> bool:
    """Say whether probabilities are within a bound, as Lean's ``isProbabilities`` does."""
    error = exact_integer(bound)
    for row, given in zip(scores, probabilities.tolist(), strict=True):
        sums = layout.sums(row)
        if sums is None:
            return False
        *shares, (least, most) = sums
        if least < 1:
            return False
        for p, (low, high) in zip(map(exact_integer, given), shares, strict=True):
            low, high = low << UNIT_EXPONENT, high << UNIT_EXPONENT
            if any((p - error) * s > low or (p + error) * s < high for s in (least, most)):
                return False
    return True


def _layout(scores: list[list[int]]) -> SeriesLayout:
    values = [z for row in scores for z in row]
    unit = min((_trailing_zeros(z) for z in values if z), default=_SQUARE)
    if max(map(abs, values)) > int(_LARGEST) << _SQUARE:
        raise Uncertifiable(
            f"a score is beyond ±{_LARGEST:.0f}: its exponential has no series here"
        )
    largest = max(abs(z) / (1 << _SQUARE) for z in values)
    least = 0.0
    if len(scores[0]) > 1:
        least = min(max(row) / (1 << _SQUARE) for row in scores)
    terms = max(1, math.ceil(2 * largest))
    while not _is_enough(terms, largest, least):
        terms += 1
    return SeriesLayout(min(unit, _SQUARE), terms)


def _is_enough(terms: int, largest: float, least: float) -> bool:
    """Whether twice the next term is a small part of the least sum, whose logarithm is given."""
    if not largest:
        return True
    rest = math.log(2.0) + (terms + 1) * math.log(largest) - math.lgamma(terms + 2)
    return rest <= least - _SPARE_BITS * math.log(2.0)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
