"""How wide lanes must be where Lean computes R A and R (b - A x̂): nothing may overflow.

These are the tests of Lean's ``Solve.Layout``. See ``LeanPythonBridge.Certificate.Solve``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from lpb_server.certificates.exact import UNIT_EXPONENT
from lpb_server.certificates.ranges import WORD_BITS, ExponentRange, lane_count
from lpb_server.errors import Uncertifiable

__all__ = [
    "MAX_WORDS",
    "SystemRanges",
    "product_fits",
    "product_words",
    "residual_fits",
    "residual_words",
]

MAX_WORDS: Final = 256
"""Lanes have no more words than this: Lean refuses more."""


class SystemRanges(NamedTuple):
    """Where the exponents of A, b, x̂ and R lie."""

    matrix: ExponentRange
    right: ExponentRange
    solution: ExponentRange
    inverse: ExponentRange


def product_fits(words: int, n: int, matrix: ExponentRange, inverse: ExponentRange) -> bool:
    """Say whether I - R A fits into lanes of so many words."""
    one = 2 * UNIT_EXPONENT - inverse.low - matrix.low
    if words < 1 or one < 0:
        return False
    width, lanes = WORD_BITS * words, lane_count(words, n)
    height = width - 2 - lanes.bit_length()
    return (
        height > 0
        and max(matrix.bits, inverse.bits) < width
        and (lanes + 1) << (inverse.bits + 1) <= 1 << (width - 1)
        and 1 + (1 << one) + (n << (inverse.bits + matrix.bits)) <= 1 << height
    )


def residual_fits(words: int, n: int, ranges: SystemRanges) -> bool:
    """Say whether b - A x̂ and R (b - A x̂) fit into lanes of so many words."""
    if words < 1:
        return False
    matrix, right, solution, inverse = ranges
    right_shift = max(right.low + UNIT_EXPONENT - matrix.low - solution.low, 0)
    product_shift = max(matrix.low + solution.low - right.low - UNIT_EXPONENT, 0)
    width, lanes = WORD_BITS * words, lane_count(words, n)
    offset = (1 << (right.bits + right_shift)) + (
        lanes << (matrix.bits + solution.bits + product_shift)
    )
    return (
        max(found.bits for found in ranges) < width
        and (lanes + 1) << (matrix.bits + solution.bits + 2) <= 1 << (width - 1)
        and ((lanes + 1) * offset) << (inverse.bits + 2) <= 1 << (width - 1)
    )


def product_words(n: int, matrix: ExponentRange, inverse: ExponentRange) -> int:
    """Find the narrowest lanes into which I - R A fits.

    Raises
    ------
    Uncertifiable
        When there are none.
    """
    return _narrowest(lambda words: product_fits(words, n, matrix, inverse))


def residual_words(n: int, ranges: SystemRanges) -> int:
    """Find the narrowest lanes into which b - A x̂ and R (b - A x̂) fit.

    Raises
    ------
    Uncertifiable
        When there are none.
    """
    return _narrowest(lambda words: residual_fits(words, n, ranges))


def _narrowest(fits: Callable[[int], bool]) -> int:
    for words in filter(fits, range(1, MAX_WORDS + 1)):
        return words
    raise Uncertifiable("the exponents of the matrix, its inverse or the vectors are too far apart")
