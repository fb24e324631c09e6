"""What Python's own checkers read from certificates: with the same limits as Lean's.

See ``LeanPythonBridge.Certificate.Arguments``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.ranges import ExponentRange
from lpb_server.certificates.solve_lanes import MAX_WORDS
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value

__all__ = ["doubles", "magnitude", "range_of", "range_value", "words_of"]

_LARGEST_EXPONENT = 2047


def doubles(array: Array | None, *shape: int) -> npt.NDArray[np.float64] | None:
    """Give an array when it holds doubles in this shape, else None."""
    if array is None or array.dtype != np.float64 or array.shape != shape:
        return None
    values: npt.NDArray[Any] = array
    return values


def magnitude(value: Value) -> float | None:
    """Give a finite double without the sign bit; None for anything else."""
    if type(value) is not float or not math.isfinite(value) or math.copysign(1.0, value) < 0:
        return None
    return value


def words_of(value: Value) -> int | None:
    """Give a number of words; None for what can be none."""
    return value if type(value) is int and 0 <= value <= MAX_WORDS else None


def range_of(value: Value) -> ExponentRange | None:
    """Give the range that a list of two biased exponents says; None for anything else."""
    if type(value) is not list or len(value) != 2:
        return None
    low, high = value
    if type(low) is not int or type(high) is not int:
        return None
    if not (0 <= low <= _LARGEST_EXPONENT and 0 <= high <= _LARGEST_EXPONENT):
        return None
    return ExponentRange(low, high)


def range_value(found: ExponentRange) -> Value:
    """Give a range as it stands in a certificate."""
    return [found.low, found.high]
