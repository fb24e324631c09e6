"""The certificate of a least-squares fit: how much less the sum of squares can be.

Let Y be nearly a left inverse of X, and q nearly the residual of the best weights, so that Xᵀq is
nearly zero. When each entry of Y X - I is at most β with 2 n β ≤ 1, each of Y at most ν, each of
X ŵ - y - q at most ρ, and each of Xᵀq at most γ, then for every v
‖X ŵ - y‖² ≤ ‖X v - y‖² + 2 m ρ² + 8 n² m ν² γ². See ``LeastSquaresGap.lean`` for the proof.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, nearest_double, upper_fraction
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.left_inverse import left_inverse
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.certificates.reading import doubles, magnitude
from lpb_server.errors import Uncertifiable
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import ValueMap

__all__ = ["check_least_squares", "least_squares_gap"]

Matrix = npt.NDArray[np.float64]
Integers = npt.NDArray[np.object_]

_MOST_PROJECTIONS: Final = 8
"""How often q is made more orthogonal to the columns: each time removes as many digits of Xᵀq as
the left inverse has."""
_DEPENDENT: Final = (
    "the columns of the matrix are linearly dependent, or too nearly so for double precision"
)


def least_squares_gap(
    matrix: Matrix, right: Matrix, weights: Matrix
) -> tuple[ValueMap, dict[str, Matrix]]:
    """Certify that computed weights are nearly the best ones.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)
    right : ndarray of float64, shape (m,)
    weights : ndarray of float64, shape (n,)

    Returns
    -------
    entries : dict
        The bounds and layouts of the three products, ``largest``, ``error``, ``slope``, ``gap``.
    arrays : dict
        ``inverse`` (n, m), ``prediction`` (m,), ``residual`` (2, m) and ``gradient`` (n, 2).

    Raises
    ------
    Uncertifiable
        When an element is not finite, or the columns of the matrix are too near to dependent ones.
    """
    if not all(bool(np.isfinite(values).all()) for values in (matrix, right, weights)):
        raise Uncertifiable(
            "an element of the matrix, the right-hand side or the weights is not finite"
        )
    inverse = _left_inverse(matrix)
    columns = exact_integers(matrix.T, 0)
    predictions = np.dot(columns.T, exact_integers(weights, 0))
    try:
        residual = _residual(columns, predictions, right, inverse)
        arrays = {
            "inverse": inverse,
            "prediction": _nearest(predictions, 2),
            "residual": residual,
            "gradient": _nearest(np.dot(columns, exact_integers(residual.T, 0)), 2),
        }
        entries = _products(matrix, weights, arrays)
        entries |= _limits(matrix.shape[1], right, arrays, entries)
    except OverflowError:
        raise Uncertifiable("a number of the certificate is not finite") from None
    return entries, arrays


def check_least_squares(
    matrix: Matrix,
    right: Matrix,
    weights: Matrix,
    entries: ValueMap,
    arrays: Mapping[str, Array],
) -> bool:
    """Decide in exact integers what Lean's ``LeastSquares.check`` decides.

    Parameters
    ----------
    matrix : ndarray of float64, shape (m, n)
    right : ndarray of float64, shape (m,)
    weights : ndarray of float64, shape (n,)
    entries, arrays
        The certificate, of whatever shape and types.
    """
    m, n = matrix.shape
    shapes = {"inverse": (n, m), "prediction": (m,), "residual": (2, m), "gradient": (n, 2)}
    given = {name: doubles(arrays.get(name), *shape) for name, shape in shapes.items()}
    found = {name: array for name, array in given.items() if array is not None}
    names = ("largest", "error", "slope", "gap")
    numbers = [number for name in names if (number := magnitude(entries.get(name))) is not None]
    if len(found) < len(shapes) or len(numbers) < len(names) or not np.isfinite(right).all():
        return False
    products = _operands(matrix, weights, found).items()
    if not all(_is_product(name, *operands, entries) for name, operands in products):
        return False
    largest, error, slope, gap = numbers
    needed = _needed(right, found, entries)
    return (
        0 < largest < np.inf
        and 2 * n * _number(entries, "inverse_bound") <= 1
        and bool((np.abs(found["inverse"]) <= largest).all())
        and needed["error"] <= error
        and needed["slope"] <= slope
        and _gap(m, n, largest, error, slope) <= gap
    )


# -- making ---------------------------------------------------------------------------------------


def _left_inverse(matrix: Matrix) -> Matrix:
    try:
        inverse = left_inverse(matrix)
    except np.linalg.LinAlgError:
        raise Uncertifiable(_DEPENDENT) from None
    if not bool(np.isfinite(inverse).all()):
        raise Uncertifiable(_DEPENDENT)
    return inverse


def _nearest(units: Integers, factors: int) -> Matrix:
    """Round exact products of so many doubles to the nearest doubles."""
    exponent = factors * UNIT_EXPONENT
    values = [nearest_double(number, exponent) for number in units.ravel().tolist()]
    return np.array(values, np.float64).reshape(units.shape)


def _residual(columns: Integers, predictions: Integers, right: Matrix, inverse: Matrix) -> Matrix:
    """Give the residual of the best weights as a sum of two doubles each: shape (2, m).

    From the exact residual r of the weights, Yᵀ Xᵀ r is taken away until Xᵀ r gets no smaller.
    """
    exact = predictions - exact_integers(right, 0) * (1 << UNIT_EXPONENT)
    slope = math.inf
    parts = _two_parts(exact)
    for _ in range(_MOST_PROJECTIONS):
        gradient = _nearest(np.dot(columns, exact), 3)
        parts = _two_parts(exact)
        steepest = float(np.abs(gradient).max())
        if not 0 < steepest < slope / 2:
            break
        slope = steepest
        with np.errstate(all="ignore"):
            step = inverse.T @ gradient
        if not bool(np.isfinite(step).all()):
            break
        exact = exact - exact_integers(step, 0) * (1 << UNIT_EXPONENT)
    return parts


def _two_parts(exact: Integers) -> Matrix:
    first = _nearest(exact, 2)
    rest = exact - exact_integers(first, 0) * (1 << UNIT_EXPONENT)
    return np.stack([first, _nearest(rest, 2)])


def _operands(
    matrix: Matrix, weights: Matrix, arrays: Mapping[str, Matrix]
) -> dict[str, tuple[Matrix, Matrix, Matrix]]:
    """Give the three products that are checked: left, right and computed product."""
    return {
        "inverse": (arrays["inverse"], matrix, np.eye(matrix.shape[1])),
        "prediction": (matrix, weights[:, None], arrays["prediction"][:, None]),
        "gradient": (matrix.T, arrays["residual"].T, arrays["gradient"]),
    }


def _products(matrix: Matrix, weights: Matrix, arrays: Mapping[str, Matrix]) -> ValueMap:
    entries: ValueMap = {}
    for name, operands in _operands(matrix, weights, arrays).items():
        made = product_error_bound(*operands)
        entries[f"{name}_bound"] = made["error_bound"]
        entries[f"{name}_layout"] = made["layout"]
    if 2 * matrix.shape[1] * _number(entries, "inverse_bound") > 1:
        raise Uncertifiable(_DEPENDENT)
    return entries


def _limits(n: int, right: Matrix, arrays: Mapping[str, Matrix], entries: ValueMap) -> ValueMap:
    needed = _needed(right, arrays, entries)
    largest = float(np.abs(arrays["inverse"]).max())
    error, slope = upper_fraction(needed["error"]), upper_fraction(needed["slope"])
    gap = upper_fraction(_gap(len(right), n, largest, error, slope))
    return {"largest": largest, "error": error, "slope": slope, "gap": gap}


# -- what is stated and what is needed ------------------------------------------------------------


def _number(entries: ValueMap, name: str) -> Fraction:
    value = entries[name]
    assert isinstance(value, float)
    return Fraction(value)


def _is_product(name: str, left: Matrix, right: Matrix, product: Matrix, entries: ValueMap) -> bool:
    stated = {
        "kind": name,
        "error_bound": entries.get(f"{name}_bound"),
        "layout": entries.get(f"{name}_layout"),
    }
    return check_product(left, right, product, stated)


def _needed(right: Matrix, arrays: Mapping[str, Matrix], entries: ValueMap) -> dict[str, Fraction]:
    """Give what the error and the slope must be at least."""
    first, second = (exact_integers(part, 0) for part in arrays["residual"])
    left = exact_integers(arrays["prediction"], 0) - exact_integers(right, 0) - (first + second)
    gradient = exact_integers(arrays["gradient"], 0)
    unit = 1 << UNIT_EXPONENT
    return {
        "error": Fraction(max(map(abs, left.tolist())), unit)
        + _number(entries, "prediction_bound"),
        "slope": Fraction(max(map(abs, (gradient[:, 0] + gradient[:, 1]).tolist())), unit)
        + 2 * _number(entries, "gradient_bound"),
    }


def _gap(m: int, n: int, largest: float, error: float, slope: float) -> Fraction:
    return 2 * m * Fraction(error) ** 2 + 8 * n**2 * m * Fraction(largest) ** 2 * (
        Fraction(slope) ** 2
    )
