"""Quadratic forms that decay along linear dynamics: solutions of Lyapunov equations.

NumPy has no solver for them. Doubling takes products only, and its errors need not be known: what
it finds is certified afterwards. It is done in double precision, and again in extended precision
when what was found does not decay. A form may differ a little from the solution, so it is rounded
to few digits: checkers take less time for short integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.elimination import extended_inverse
from lpb_server.errors import InvalidParams, Uncertifiable

__all__ = ["continuous_form", "discrete_form", "eigenvalues", "rounded"]

_Matrix = npt.NDArray[np.float64]
_Wide = npt.NDArray[np.floating[Any]]
_MOST_DOUBLINGS: Final = 60
_WHOLE: Final = 2.0**52
"""Doubles that are larger are whole."""

_PART: Final = 1 / 64
"""What is rounded may move the matrix that must be positive definite by this part of it."""


def eigenvalues(operation: str, matrix: _Matrix) -> npt.NDArray[np.complex128]:
    """Compute the eigenvalues of a matrix that an operation was asked about.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)

    Raises
    ------
    InvalidParams
        When an element of the matrix is not finite, or the eigenvalues cannot be computed.
    """
    if not bool(np.isfinite(matrix).all()):
        raise InvalidParams(f"{operation}: an element of the matrix is not finite")
    try:
        return np.asarray(np.linalg.eigvals(matrix), np.complex128)
    except np.linalg.LinAlgError as error:
        raise InvalidParams(f"{operation}: {error}") from None


def discrete_form(matrix: _Matrix, rate: float) -> _Matrix:
    """Solve r P - Aᵀ P A = r I by doubling: P is the sum of (Aᵀ)ᵏ Aᵏ / rᵏ, rounded.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Finite, with a spectral radius whose square is less than `rate`.
    rate : float
        r, positive.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Symmetric and finite.

    Raises
    ------
    Uncertifiable
        When the sum overflows.
    """
    with np.errstate(all="ignore"):
        change = rate + float(np.square(matrix).sum())
        step = rate * _PART / (len(matrix) * change)
        form = _rounded_form(_sum(matrix / math.sqrt(rate), np.eye(len(matrix))), step)
        if not _is_positive(rate * form - matrix.T @ form @ matrix):
            wide = matrix.astype(np.longdouble) / np.sqrt(np.longdouble(rate))
            form = _rounded_form(_sum(wide, np.eye(len(matrix), dtype=wide.dtype)), step)
    return _finite(form)


def _sum(power: _Wide, total: _Wide) -> _Wide:
    """Sum (Bᵀ)ᵏ Q Bᵏ by doubling."""
    for _ in range(_MOST_DOUBLINGS):
        more = power.T @ total @ power
        if np.array_equal(total + more, total):
            break
        total, power = total + more, power @ power
    return total


def continuous_form(matrix: _Matrix, rate: float) -> _Matrix:
    """Solve Aᵀ P + P A + r P = -r I by Cayley's transform and doubling; round P.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Finite; every eigenvalue has a real part less than -r / 2.
    rate : float
        r, positive.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Symmetric and finite.

    Raises
    ------
    Uncertifiable
        When the sum overflows: an eigenvalue is too near to the imaginary axis.
    """
    with np.errstate(all="ignore"):
        change = rate + 2 * math.sqrt(float(np.square(matrix).sum()))
        step = rate * _PART / (len(matrix) * change)
        form = _rounded_form(_cayley_sum(matrix, rate, np.linalg.inv), step)
        product = form @ matrix
        if not _is_positive(-(product + product.T) - rate * form):
            wide = _cayley_sum(matrix.astype(np.longdouble), rate, extended_inverse)
            form = _rounded_form(wide, step)
    return _finite(form)


def _cayley_sum(matrix: _Wide, rate: float, inverse_of: Callable[[Any], Any]) -> _Wide:
    """Solve Aᵀ P + P A + r P = -r I in the precision of the matrix.

    Cayley's transform: B = S (I + C), for C = (A + r/2 I) / c, S = (I - C)⁻¹ and a positive number
    c, has its eigenvalues in the unit circle when those of C have negative real parts, and the
    equation is P - Bᵀ P B = 2 (r / c) Sᵀ S.
    """
    identity = np.eye(len(matrix), dtype=matrix.dtype)
    shifted = matrix + rate / 2 * identity
    scale = np.abs(shifted).sum(axis=1).max()
    inverse = inverse_of(identity - shifted / scale)
    return _sum(inverse @ (identity + shifted / scale), 2 * (rate / scale) * inverse.T @ inverse)


def rounded(matrix: _Matrix, step: float) -> _Matrix:
    """Round to whole multiples of a power of two, at most `step`, those that are not already.

    Parameters
    ----------
    matrix : ndarray of float64
        Any shape; finite.
    step : float
        Nothing is rounded where it is not positive or not finite.
    """
    if not (step > 0 and math.isfinite(step)):
        return matrix
    unit = math.ldexp(0.5, math.frexp(step)[1])
    with np.errstate(over="ignore"):
        multiples = matrix / unit
        return np.where(np.abs(multiples) < _WHOLE, np.rint(multiples) * unit, matrix) + 0.0


def _rounded_form(form: _Wide, step: float) -> _Matrix:
    return rounded(np.asarray((form + form.T) / 2, np.float64), step)


def _is_positive(matrix: _Matrix) -> bool:
    """Whether Cholesky's factorisation finds a factor, as far as double precision shows."""
    try:
        np.linalg.cholesky((matrix + matrix.T) / 2)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(matrix).all())


def _finite(form: _Matrix) -> _Matrix:
    if not bool(np.isfinite(form).all()):
        raise Uncertifiable("no form that decays is finite in double precision")
    return form
