"""The certificate of a product of matrices: a bound on how far an entry is from the exact one.

A finite double is an integer times a power of two, so that a product of matrices of doubles is one
of matrices of integers: it is computed exactly, and the bound is the largest error, rounded up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.certificates.exact_products import exact_products, integers_of
from lpb_server.certificates.product_layout import ProductLayout
from lpb_server.errors import Uncertifiable
from lpb_server.wire.values import ValueMap

__all__ = ["check_product", "product_error_bound"]

Matrix = npt.NDArray[np.float64]


def product_error_bound(
    left: Matrix,
    right: Matrix,
    product: Matrix,
    *,
    ragged: bool = False,
    combine: bool = False,
) -> ValueMap:
    """Certify a product of matrices.

    Parameters
    ----------
    left, right, product : ndarray of float64
        Shapes (m, k), (k, n) and (m, n), no dimension 0.
    ragged : bool
        Whether Lean may cut the one row into blocks of which the last is shorter.
    combine : bool
        Whether Lean has the rows of the right matrix, and may combine them.

    Returns
    -------
    dict
        ``error_bound``, the least double that is at least each entry's error; ``layout``, a list
        of integers, see `ProductLayout`.

    Raises
    ------
    Uncertifiable
        When no certificate exists: an entry is not finite, or no double is large enough.
    """
    operands = {"left operand": left, "right operand": right, "computed product": product}
    for name, matrix in operands.items():
        if not bool(np.isfinite(matrix).all()):
            raise Uncertifiable(
                f"no certificate exists: the {name} has an entry that is not finite"
            )
    error, exponent = _largest_error(left, right, product)
    try:
        bound = upper_double(error, exponent)
    except OverflowError:
        raise Uncertifiable("no certificate exists: the error bound is not finite") from None
    layout = ProductLayout.of(left, right, product, ragged=ragged, combine=combine)
    return {"error_bound": bound, "layout": layout.values()}


def check_product(
    left: Matrix,
    right: Matrix,
    product: Matrix,
    certificate: ValueMap,
    *,
    ragged: bool = False,
    combine: bool = False,
) -> bool:
    """Check a certificate in integers, as Lean's `checkRows` and `checkProduct` do.

    Parameters
    ----------
    left, right, product : ndarray of float64
        Shapes (m, k), (k, n) and (m, n).
    certificate : dict
        What is said of them, with ``kind``.
    ragged, combine : bool
        As in `product_error_bound`.

    Returns
    -------
    bool
        Whether it is true.
    """
    if list(certificate) != ["kind", "error_bound", "layout"]:
        return False
    bound, layout = certificate["error_bound"], ProductLayout.of_values(certificate["layout"])
    if type(bound) is not float or not 0.0 <= bound < np.inf or np.signbit(bound):
        return False
    columns = left.shape[1]
    if layout is None or not layout.fits(columns):
        return False
    if not layout.cuts(columns, ragged=ragged, combine=combine):
        return False
    if not (
        layout.left.holds(left) and layout.right.holds(right) and layout.product.holds(product)
    ):
        return False
    error, exponent = _largest_error(left, right, product)
    return error << UNIT_EXPONENT <= exact_integer(bound) << exponent


def _largest_error(left: Matrix, right: Matrix, product: Matrix) -> tuple[int, int]:
    """Return the largest error of an entry, in units of 2 to the power of minus the second."""
    a, a_unit = integers_of(left)
    b, b_unit = integers_of(right)
    c, c_unit = integers_of(product)
    unit = max(a_unit + b_unit, c_unit, 0)
    exact, computed = exact_products(a, b), c
    up, across = unit - a_unit - b_unit, unit - c_unit
    errors = (
        abs((x << across) - (y << up)) for x, y in zip(computed.ravel(), exact.ravel(), strict=True)
    )
    return max(errors), unit
