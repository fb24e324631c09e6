"""Arrays of doubles as arrays of exact integers in one unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT

__all__ = ["exact_integers", "last_bit"]

_MANTISSA_BITS = 53


def exact_integers(values: npt.NDArray[np.float64], low: int) -> npt.NDArray[np.object_]:
    """Give finite doubles as Python ints that count 2 to the power of `low` less 1074.

    Parameters
    ----------
    values : ndarray of float64
        Any shape; each a whole multiple of that unit.

    Returns
    -------
    ndarray of int, the same shape
    """
    mantissas, exponents = np.frexp(values)
    integers = np.ldexp(mantissas, _MANTISSA_BITS).astype(np.int64).astype(object)
    shifts = exponents.astype(object) - _MANTISSA_BITS + UNIT_EXPONENT - low
    shifted: Any = np.frompyfunc(_shifted, 2, 1)(integers, shifts)
    return np.asarray(shifted, object)


def _shifted(integer: int, bits: int) -> int:
    # What is shifted out of a whole multiple of the unit is zero.
    return integer << bits if bits >= 0 else integer >> -bits


def last_bit(values: npt.NDArray[np.float64]) -> int:
    """Give the greatest unit of which all finite doubles are whole multiples; 0 for zeros.

    The unit is 2 to the power of what is given, less 1074.
    """
    together = 0
    for value in exact_integers(values, 0).reshape(-1).tolist():
        together |= abs(value)
    return max((together & -together).bit_length() - 1, 0)
