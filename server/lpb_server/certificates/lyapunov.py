"""Certificates that a quadratic form xᵀ P x decays along linear dynamics, given by a matrix A.

Discrete: r P - Aᵀ P A is positive definite; continuous: -(Aᵀ P + P A) - r P is. This matrix is
known by computed products W ≈ P A (and V ≈ Aᵀ W), and a matrix of doubles N near it, with bounds on
the errors of the entries, which are exact sums, rounded up. The form of N must exceed what the
errors can amount to. W, V and N have no more digits than that takes. Lean tests the same:
``LyapunovDiscrete``, ``LyapunovContinuous``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.cholesky_check import check_positive_definite
from lpb_server.certificates.diagonal_shift import below, check_below
from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.lyapunov_equation import rounded
from lpb_server.certificates.positive_definite import positive_definite
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.certificates.ranges import exponent_range
from lpb_server.certificates.reading import doubles, magnitude, range_of, range_value, words_of
from lpb_server.errors import Uncertifiable

__all__ = [
    "check_continuous",
    "check_discrete",
    "continuous_certificate",
    "discrete_certificate",
]

_Matrix = npt.NDArray[np.float64]
_Entries = dict[str, Any]
_Integers = npt.NDArray[np.object_]
_LOWER: Final = "lower"
_PART: Final = 1 / 32
"""The errors of W, V and N may each amount to half this part of r, the form of N, beside ‖x‖²."""

_SQUARE_EXPONENT: Final = 2 * UNIT_EXPONENT
"""Products of exact integers count units of 2 to the power of minus this."""


def discrete_certificate(
    matrix: _Matrix, form: _Matrix, rate: float
) -> tuple[_Entries, dict[str, _Matrix]]:
    """Certify that (A x)ᵀ P (A x) < r xᵀ P x for every x that is not zero.

    Parameters
    ----------
    matrix, form : ndarray of float64, shape (n, n)
        A and P, finite.
    rate : float
        r, at least 0 and less than 1.

    Returns
    -------
    entries, arrays
        The certificate.

    Raises
    ------
    Uncertifiable
        When the errors of double precision are too large for that.
    """
    entries, arrays = _of_form(matrix, form)
    n, entry = len(matrix), float(np.abs(matrix).max())
    entries["entry_bound"] = entry
    with np.errstate(all="ignore"):
        first = rounded(_product(form, matrix), _PART * rate / (n * n * max(entry, 1e-300)))
        second = rounded(_product(matrix.T, first), _PART * rate / n)
        rest = rate * form - second
    entries |= _of_product(form, matrix, first, "first")
    entries |= _of_product(matrix.T, first, second, "second")
    arrays |= {"first": first, "second": second}
    known = _exact(second)
    return _with_rest(entries, arrays, form, rate, known, rest, "r P - AᵀPA")


def continuous_certificate(
    matrix: _Matrix, form: _Matrix, rate: float
) -> tuple[_Entries, dict[str, _Matrix]]:
    """Certify that xᵀ (Aᵀ P + P A) x < -r xᵀ P x for every x that is not zero.

    Parameters
    ----------
    matrix, form : ndarray of float64, shape (n, n)
        A and P, finite.
    rate : float
        r, positive.

    Returns
    -------
    entries, arrays
        The certificate.

    Raises
    ------
    Uncertifiable
        When the errors of double precision are too large for that.
    """
    entries, arrays = _of_form(matrix, form)
    with np.errstate(all="ignore"):
        first = rounded(_product(form, matrix), _PART * rate / len(matrix))
        rest = -rate * form - (first + first.T)
    entries |= _of_product(form, matrix, first, "first")
    arrays["first"] = first
    known = _exact(first) + _exact(first.T)
    return _with_rest(entries, arrays, form, -rate, known, rest, "-(AᵀP + PA) - r P")


def check_discrete(
    matrix: _Matrix,
    form: _Matrix,
    rate: float,
    entries: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> bool:
    """Test a certificate of `discrete_certificate` exactly, as Lean tests it.

    Parameters
    ----------
    matrix, form : ndarray of float64, shape (n, n)
    rate : float
        Any double.
    """
    n = len(matrix)
    first, second = doubles(arrays.get("first"), n, n), doubles(arrays.get("second"), n, n)
    entry = magnitude(entries.get("entry_bound"))
    if first is None or second is None or entry is None:
        return False
    return (
        magnitude(rate) is not None
        and rate < 1
        and _check_form(matrix, form, entries, arrays)
        and bool((np.abs(matrix) <= entry).all())
        and _check_product(form, matrix, first, entries, "first")
        and _check_product(matrix.T, first, second, entries, "second")
        and _check_rest(form, rate, _exact(second), entries, arrays)
    )


def check_continuous(
    matrix: _Matrix,
    form: _Matrix,
    rate: float,
    entries: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> bool:
    """Test a certificate of `continuous_certificate` exactly, as Lean tests it.

    Parameters
    ----------
    matrix, form : ndarray of float64, shape (n, n)
    rate : float
        Any double.
    """
    n = len(matrix)
    first = doubles(arrays.get("first"), n, n)
    return (
        first is not None
        and magnitude(rate) is not None
        and rate > 0
        and _check_form(matrix, form, entries, arrays)
        and _check_product(form, matrix, first, entries, "first")
        and _check_rest(form, -rate, _exact(first) + _exact(first.T), entries, arrays)
    )


def _of_form(matrix: _Matrix, form: _Matrix) -> tuple[_Entries, dict[str, _Matrix]]:
    try:
        made = positive_definite(form)
    except Uncertifiable as error:
        raise Uncertifiable(f"of P: {error.message}") from None
    entries = {
        "matrix_range": range_value(exponent_range(matrix)),
        "form_words": made.words,
        "form_matrix_range": range_value(made.matrix_range),
        "form_factor_range": range_value(made.factor_range),
    }
    return entries, {"form_factor": made.factor}


def _check_form(
    matrix: _Matrix, form: _Matrix, entries: Mapping[str, Any], arrays: Mapping[str, Any]
) -> bool:
    n = len(matrix)
    held, factor = range_of(entries.get("matrix_range")), doubles(arrays.get("form_factor"), n, n)
    if held is None or not held.holds(matrix) or factor is None:
        return False
    ranges = (range_of(entries.get(f"form_{name}_range")) for name in ("matrix", "factor"))
    return check_positive_definite(form, factor, words_of(entries.get("form_words")), *ranges)


def _of_product(left: _Matrix, right: _Matrix, product: _Matrix, name: str) -> _Entries:
    made = product_error_bound(left, right, product, combine=True)
    return {f"{name}_bound": made["error_bound"], f"{name}_layout": made["layout"]}


def _check_product(
    left: _Matrix, right: _Matrix, product: _Matrix, entries: Mapping[str, Any], name: str
) -> bool:
    stated = {
        "kind": "product_error_bound",
        "error_bound": entries.get(f"{name}_bound"),
        "layout": entries.get(f"{name}_layout"),
    }
    return check_product(left, right, product, stated, combine=True)


def _with_rest(
    entries: _Entries,
    arrays: dict[str, _Matrix],
    form: _Matrix,
    factor: float,
    known: _Integers,
    rest: _Matrix,
    words: str,
) -> tuple[_Entries, dict[str, _Matrix]]:
    """Add N, near `factor` times P less the `known` matrix, and that its form is large enough."""
    if not bool(np.isfinite(rest).all()):
        raise Uncertifiable(f"an element of {words} is not finite in double precision")
    rest = rounded((rest + rest.T) / 2, _PART * abs(factor) / len(rest))
    entries["rest_bound"] = _upper(_rest_error(form, factor, known, rest))
    entries["slack"] = _upper(_needed(len(rest), entries))
    try:
        lower, more = below(rest, entries["slack"], _LOWER)
    except Uncertifiable as error:
        raise Uncertifiable(
            f"of {words}, less what the errors amount to: {error.message}"
        ) from None
    return {**entries, **lower}, {**arrays, "rest": rest, **more}


def _check_rest(
    form: _Matrix,
    factor: float,
    known: _Integers,
    entries: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> bool:
    rest = doubles(arrays.get("rest"), *form.shape)
    names = [name for name in _BOUNDS if name in entries]
    if rest is None or not bool(np.isfinite(rest).all()):
        return False
    if any(magnitude(entries.get(name)) is None for name in (*names, "rest_bound", "slack")):
        return False
    if words_of(entries.get(f"{_LOWER}_words")) is None:
        return False
    return (
        _rest_error(form, factor, known, rest) <= _units(entries["rest_bound"])
        and _needed(len(form), entries) <= _units(entries["slack"])
        and check_below(rest, entries["slack"], entries, arrays, _LOWER)
    )


_BOUNDS: Final = ("entry_bound", "first_bound", "second_bound")


def _rest_error(form: _Matrix, factor: float, known: _Integers, rest: _Matrix) -> int:
    """Give the largest error of an entry of N, in units of 2^-2148."""
    exact = _exact(form) * exact_integer(factor) - (known + _exact(rest)) * (1 << UNIT_EXPONENT)
    entries: list[int] = exact.ravel().tolist()
    return max(map(abs, entries))


def _needed(n: int, entries: Mapping[str, Any]) -> int:
    """Give what a form with errors so small can amount to, beside ‖x‖², in units of 2^-2148."""
    first, rest = _units(entries["first_bound"]), _units(entries["rest_bound"])
    if "second_bound" not in entries:
        return n * (2 * first + rest)
    product = exact_integer(entries["entry_bound"]) * exact_integer(entries["first_bound"])
    return n * (n * product + _units(entries["second_bound"]) + rest)


def _exact(values: _Matrix) -> _Integers:
    return exact_integers(values, 0)


def _units(value: float) -> int:
    return exact_integer(value) << UNIT_EXPONENT


def _upper(units: int) -> float:
    try:
        return upper_double(units, _SQUARE_EXPONENT)
    except OverflowError:
        raise Uncertifiable("a bound on the errors is not finite") from None


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    """Multiply in extended precision: what is left are the errors of rounding once."""
    return np.asarray(left.astype(np.longdouble) @ right.astype(np.longdouble), np.float64)
