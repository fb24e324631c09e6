"""The certificate of a sum: its exact error, and a bound that every order of summation keeps.

For n doubles xᵢ and a computed sum r, floating-point summation in any order satisfies
|r - Σ xᵢ| ≤ (n - 1)·2⁻⁵³·Σ |xᵢ| unless it overflows: C.-P. Jeannerod and S. M. Rump, *Improved
error bounds for inner products in floating-point arithmetic*, SIAM J. Matrix Anal. Appl. 34, 2013.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import (
    UNIT_EXPONENT,
    exact_integer,
    exact_sums,
    nearest_double,
    upper_double,
)
from lpb_server.errors import InvalidParams
from lpb_server.wire.values import ValueMap

__all__ = ["sum_error_bound"]

_ROUNDOFF_EXPONENT: Final = 53


def sum_error_bound(values: npt.NDArray[np.float64], result: float) -> ValueMap:
    """Certify a sum.

    Parameters
    ----------
    values : ndarray of float64
        The summands, any shape, at least one.
    result : float
        Their computed sum.

    Returns
    -------
    dict
        ``kind``; ``count``; ``error``, the double nearest to result - Σ x; ``error_bound``, the
        least double ≥ n·2⁻⁵³·Σ |x|; ``nonnegative``, whether every element is (-0.0 is).

    Raises
    ------
    InvalidParams
        When no certificate exists: an element or the result is not finite, or no double is large
        enough for the bound.
    ArithmeticError
        When the result is further off than the bound: it was not summed as it should have been.
    """
    if not math.isfinite(result) or not bool(np.isfinite(values).all()):
        raise InvalidParams(
            "no certificate exists: an element of the matrix, or its sum, is not finite"
        )
    total, magnitude = exact_sums(values)
    error_units = exact_integer(result) - total
    bound_units = values.size * magnitude
    if abs(error_units) << _ROUNDOFF_EXPONENT > bound_units:
        raise ArithmeticError("the sum is further off than any order of summation can be")
    try:
        error = nearest_double(error_units)
        error_bound = upper_double(bound_units, UNIT_EXPONENT + _ROUNDOFF_EXPONENT)
    except OverflowError:
        raise InvalidParams("no certificate exists: the error bound is not finite") from None
    return {
        "kind": "sum_error_bound",
        "count": int(values.size),
        "error": error,
        "error_bound": error_bound,
        "nonnegative": bool((values >= 0).all()),
    }
