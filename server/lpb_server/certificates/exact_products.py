"""Exact products of matrices of doubles, as Python's integers.

Rows are packed, each into one number with a lane for each column (Kronecker substitution): a row of
the product is then a sum of multiples of long numbers, which Python adds up fast.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["Integers", "exact_products", "integers_of"]

Integers = npt.NDArray[Any]
"""An array of Python's integers (dtype object)."""

_MANTISSA_BITS: Final = 53
_BYTE: Final = 8


def integers_of(values: npt.NDArray[np.float64]) -> tuple[Integers, int]:
    """Return finite doubles as integers, with one unit for all.

    Returns
    -------
    integers : ndarray of object
        Of the same shape.
    unit : int
        They count units of 2 to the power of minus this.
    """
    fractions, exponents = np.frexp(values)
    mantissas = np.ldexp(fractions, _MANTISSA_BITS).astype(np.int64)
    nonzero = exponents[mantissas != 0]
    low = int(nonzero.min()) if nonzero.size else 0
    shifts = np.where(mantissas != 0, exponents - low, 0)
    integers = mantissas.astype(object) << shifts.astype(object)
    return np.asarray(integers, dtype=object), _MANTISSA_BITS - low


def exact_products(left: Integers, right: Integers) -> Integers:
    """Return the product of two matrices of integers.

    Parameters
    ----------
    left, right : ndarray of object
        Shapes (m, k) and (k, n), no dimension 0.

    Returns
    -------
    ndarray of object
        Shape (m, n).
    """
    columns = right.shape[1]
    bits = max(map(_bits, left.flat)) + max(map(_bits, right.flat)) + left.shape[1].bit_length() + 1
    size = bits // _BYTE + 1
    width = _BYTE * size
    rows = np.array([_packed(row, width) for row in right], dtype=object)
    # With this added no lane is negative, so that lanes can be read as bytes.
    offset = 1 << (width - 1)
    offsets = _packed([offset] * columns, width)
    products = np.empty((left.shape[0], columns), dtype=object)
    for index, row in enumerate(left):
        packed = (int(row @ rows) + offsets).to_bytes(size * columns, "little")
        lanes = (packed[start : start + size] for start in range(0, len(packed), size))
        products[index] = [int.from_bytes(lane, "little") - offset for lane in lanes]
    return products


def _bits(number: int) -> int:
    return number.bit_length()


def _packed(numbers: Any, width: int) -> int:
    """Return Σ nⱼ 2^(width j), joining neighbours first: adding one by one takes quadratic time."""
    parts = [int(number) for number in numbers]
    while len(parts) > 1:
        parts.append(0)
        parts = [low + (high << width) for low, high in zip(parts[::2], parts[1::2], strict=False)]
        width *= 2
    return parts[0]
