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
from lpb_server.errors import Uncertifiable
from lpb_server.wire.values import Value, ValueMap, same_value

__all__ = ["check_sum", "sum_error_bound"]

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
        ``count``; ``error``, the double nearest to result - Σ x; ``error_bound``, the
        least double ≥ n·2⁻⁵³·Σ |x|; ``nonnegative``, whether every element is (-0.0 is).

    Raises
    ------
    Uncertifiable
        When no certificate exists: an element or the result is not finite, or no double is large
        enough for the bound.
    ArithmeticError
        When the result is further off than the bound: it was not summed as it should have been.
    """
    if not math.isfinite(result) or not bool(np.isfinite(values).all()):
        raise Uncertifiable(
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
        raise Uncertifiable("no certificate exists: the error bound is not finite") from None
    return {
        "count": int(values.size),
        "error": error,
        "error_bound": error_bound,
        "nonnegative": bool((values >= 0).all()),
    }


def check_sum(values: npt.NDArray[np.float64], result: Value, certificate: ValueMap) -> bool:
    """Check a certificate, as Lean's `CertificateSum.check` does: in integers, without rounding.

    Parameters
    ----------
    values : ndarray of float64
        The summands, any shape.
    result : value
        What is said to be their sum.
    certificate : dict
        What is said of it, without ``kind``.

    Returns
    -------
    bool
        Whether all of it is true.
    """
    if set(certificate) != {"count", "error", "error_bound", "nonnegative"}:
        return False
    count, error, bound, nonnegative = (
        certificate[key] for key in ("count", "error", "error_bound", "nonnegative")
    )
    if type(result) is not float or type(error) is not float or type(bound) is not float:
        return False
    if type(count) is not int or type(nonnegative) is not bool or count != values.size:
        return False
    if not math.isfinite(result) or not bool(np.isfinite(values).all()):
        return False
    total, magnitude = exact_sums(values)
    negative = magnitude != total
    error_units, bound_units = exact_integer(result) - total, values.size * magnitude
    try:
        stated = (
            same_value(error, nearest_double(error_units)),
            same_value(bound, upper_double(bound_units, UNIT_EXPONENT + _ROUNDOFF_EXPONENT)),
        )
    except OverflowError:
        return False
    return (
        all(stated)
        and abs(error_units) <= exact_integer(bound)
        and nonnegative is not negative
        and not (nonnegative and result < 0)
    )
