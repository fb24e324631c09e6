"""Quadratic forms that decay along linear dynamics: solutions of Lyapunov equations.

NumPy has no solver for them. Doubling and the sign iteration take products and inverses only, and
their errors need not be known: what they find is certified afterwards. A form may differ a little
from the solution, so it is rounded to few digits: checkers take less time for short integers.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.errors import InvalidParams, Uncertifiable

__all__ = ["continuous_form", "discrete_form", "eigenvalues", "rounded"]

_Matrix = npt.NDArray[np.float64]
_MOST_DOUBLINGS: Final = 60
_MOST_STEPS: Final = 60
_NEAR: Final = 0.1
"""So near to its limit the sign iteration converges fastest as it is, without scaling."""

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
    power, total = matrix / math.sqrt(rate), np.eye(len(matrix))
    with np.errstate(all="ignore"):
        for _ in range(_MOST_DOUBLINGS):
            more = power.T @ total @ power
            if np.array_equal(total + more, total):
                break
            total, power = total + more, power @ power
        change = rate + float(np.square(matrix).sum())
    return _finite(total, rate * _PART / (len(matrix) * change))


def continuous_form(matrix: _Matrix, rate: float) -> _Matrix:
    """Solve Aᵀ P + P A + r P = -r I by Newton's sign iteration, scaled by determinants; round P.

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
        When the iteration fails: an eigenvalue is too near to the imaginary axis.
    """
    identity = np.eye(len(matrix))
    current, right = matrix + rate / 2 * identity, rate * identity
    distance = math.inf
    with np.errstate(all="ignore"):
        for _ in range(_MOST_STEPS):
            try:
                inverse = np.linalg.inv(current)
            except np.linalg.LinAlgError:
                break
            scale = 1.0
            if not distance < _NEAR:
                scale = math.exp(-float(np.linalg.slogdet(current)[1]) / len(matrix))
            right = (scale * right + inverse.T @ right @ inverse / scale) / 2
            current = (scale * current + inverse / scale) / 2
            last, distance = distance, float(np.abs(current + identity).sum(axis=1).max())
            if math.isnan(distance) or (distance < _NEAR and not distance < last / 2):
                break
        change = rate + 2 * math.sqrt(float(np.square(matrix).sum()))
    return _finite(right / 2, rate * _PART / (len(matrix) * change))


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


def _finite(form: _Matrix, step: float) -> _Matrix:
    form = rounded(np.asarray((form + form.T) / 2, np.float64), step)
    if not bool(np.isfinite(form).all()):
        raise Uncertifiable("no form that decays is finite in double precision")
    return form
