"""Exact arithmetic on arrays of doubles: sums as integers, rounding back to doubles.

A finite double is an integer multiple of 2⁻¹⁰⁷⁴, so a sum of doubles is one Python int in that
unit. Sums are taken by exponent with NumPy, and only the few partial sums become Python ints.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["UNIT_EXPONENT", "exact_integer", "exact_sums", "nearest_double", "upper_double"]

UNIT_EXPONENT: Final = 1074
"""Exact integers count units of 2 to the power of minus this."""

_FRACTION_BITS: Final = 52
_HALF_BITS: Final = 26
_CHUNK: Final = 1 << 24
"""Elements summed at once: 2²⁴ halves of at most 27 bits stay below 2⁵³, exact in a double."""


def exact_integer(value: float) -> int:
    """Return a finite double as an exact integer, in units of 2⁻¹⁰⁷⁴."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator << UNIT_EXPONENT) // denominator


def exact_sums(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Return the exact sum of finite doubles, and that of their magnitudes.

    Parameters
    ----------
    values : ndarray of float64
        Any shape; every element finite.

    Returns
    -------
    tuple of int
        Σ xᵢ and Σ |xᵢ|, in units of 2⁻¹⁰⁷⁴.
    """
    flat = values.reshape(-1)
    positive = negative = 0
    for start in range(0, flat.size, _CHUNK):
        bits = np.ascontiguousarray(flat[start : start + _CHUNK]).view(np.uint64)
        is_negative = bits >> np.uint64(63) != 0
        negative += _sum_of_magnitudes(bits[is_negative])
        positive += _sum_of_magnitudes(bits[~is_negative])
    return positive - negative, positive + negative


def _sum_of_magnitudes(bits: npt.NDArray[np.uint64]) -> int:
    if bits.size == 0:
        return 0
    exponent = (bits >> np.uint64(_FRACTION_BITS)).astype(np.int64) & 0x7FF
    mantissa = bits & np.uint64((1 << _FRACTION_BITS) - 1)
    mantissa += (exponent != 0).astype(np.uint64) << np.uint64(_FRACTION_BITS)
    low = np.bincount(exponent, (mantissa & np.uint64((1 << _HALF_BITS) - 1)).astype(np.float64))
    high = np.bincount(exponent, (mantissa >> np.uint64(_HALF_BITS)).astype(np.float64))
    total = 0
    for index in np.flatnonzero(low + high):
        part = (int(high[index]) << _HALF_BITS) + int(low[index])
        total += part << max(int(index) - 1, 0)
    return total


def nearest_double(units: int, unit_exponent: int = UNIT_EXPONENT) -> float:
    """Round an exact number to the nearest double, ties to even; zero is +0.0.

    Parameters
    ----------
    units : int
        The number, in units of 2 to the power of minus `unit_exponent`.

    Raises
    ------
    OverflowError
        When it rounds to nothing finite.
    """
    # Python's division of ints is correctly rounded, also into the subnormal range.
    return units / (1 << unit_exponent)


def upper_double(units: int, unit_exponent: int = UNIT_EXPONENT) -> float:
    """Return the least double that is at least an exact number.

    Raises
    ------
    OverflowError
        When no finite double is.
    """
    value = nearest_double(units, unit_exponent)
    numerator, denominator = value.as_integer_ratio()
    if numerator << unit_exponent < units * denominator:
        value = math.nextafter(value, math.inf)
        if math.isinf(value):
            raise OverflowError("no finite double is large enough")
    return value
