"""Where the exponents of an array of doubles lie: what Lean's checkers compute with them by.

Lean turns the doubles of a frame into integers that count one unit, 2 to the power of ``low`` less
1074, and packs them in lanes of one width. See ``LeanPythonBridge.Certificate.Rows``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["WORD_BITS", "ExponentRange", "exponent_range", "lane_count"]

WORD_BITS: Final = 64
"""Lanes are whole words wide."""

_FRACTION_BITS: Final = 52
_EXPONENT_MASK: Final = 2047
_MAGNITUDE_MASK: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class ExponentRange:
    """Where the biased exponents of finite doubles lie.

    Attributes
    ----------
    low
        Every value is a whole multiple of 2 to the power of this less 1074.
    high
        Every biased exponent is less; at least ``low + 2``.
    """

    low: int
    high: int

    @property
    def bits(self) -> int:
        """Give how many bits the absolute values of the integers have at most."""
        return 51 + self.high - self.low

    def holds(self, values: npt.NDArray[np.float64]) -> bool:
        """Say whether every element is finite and has its exponent in this range, or is zero.

        Parameters
        ----------
        values : ndarray of float64
            Any shape.
        """
        if not self.low + 2 <= self.high <= _EXPONENT_MASK:
            return False
        least = (self.low + 1) << _FRACTION_BITS if self.low else 1
        bits = np.ascontiguousarray(values, np.float64).view(np.uint64) & np.uint64(_MAGNITUDE_MASK)
        bits = bits[bits != 0]
        return bool(
            ((bits >= np.uint64(least)) & (bits < np.uint64(self.high << _FRACTION_BITS))).all()
        )


def exponent_range(values: npt.NDArray[np.float64]) -> ExponentRange:
    """Find the narrowest range of the exponents of an array.

    Parameters
    ----------
    values : ndarray of float64
        Any shape; every element finite. Zeros lie in every range.
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.uint64).reshape(-1)
    bits = bits[(bits & np.uint64(_MAGNITUDE_MASK)) != 0]
    if bits.size == 0:
        return ExponentRange(1023, 1025)
    exponents = (bits >> np.uint64(_FRACTION_BITS)) & np.uint64(_EXPONENT_MASK)
    exponents = np.maximum(exponents, np.uint64(1))  # subnormal numbers count the same unit
    return ExponentRange(int(exponents.min()) - 1, int(exponents.max()) + 1)


def lane_count(words: int, columns: int) -> int:
    """Give the number of lanes of a row: its columns, rounded up to a multiple of `words`."""
    return -(-columns // words) * words
