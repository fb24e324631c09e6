"""The certificate of a positive semidefinite matrix of integers: rows whose squares make it up.

For a symmetric matrix M it is an integer d > 0, rows r of integers and weights w >= 0 such that the
diagonal of what is left, d M - Σ w r rᵀ, dominates. A Cholesky factor in double precision will do
where the least eigenvalue leaves room; an exact factorisation L D Lᵀ leaves nothing, so that
singular matrices have one as well. Lean's ``Semidefinite`` tests it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact_linear import encode_integers
from lpb_server.certificates.shifted_cholesky import shifted_factors

__all__ = ["SemidefiniteCertificate", "semidefinite"]

Integers = npt.NDArray[np.object_]

_FACTOR_BITS: Final = 60
_ROOM: Final = 1e-13


@dataclass(frozen=True, slots=True)
class SemidefiniteCertificate:
    """Rows, their weights, and what the matrix is multiplied by.

    Attributes
    ----------
    denominator
        Positive.
    weights
        As many as rows, none negative.
    rows
        Python ints of shape (rank, n).
    """

    denominator: int
    weights: Sequence[int]
    rows: Integers

    def holds(self, matrix: Integers) -> bool:
        """Say what Lean's test says of a symmetric matrix."""
        if self.denominator <= 0 or any(weight < 0 for weight in self.weights):
            return False
        left = self.denominator * matrix
        if len(self.weights):
            left = left - np.dot(self.rows.T * np.array(self.weights, object), self.rows)
        return all(sum(map(abs, row)) <= 2 * row[i] for i, row in enumerate(left.tolist()))

    def arrays(self) -> dict[str, npt.NDArray[np.uint64]]:
        """Give the arrays of a certificate: see ``SemidefiniteReading``."""
        return {
            "weights": encode_integers([*self.weights, self.denominator]),
            "factor": encode_integers(self.rows.reshape(-1).tolist()),
        }


def semidefinite(matrix: Integers) -> SemidefiniteCertificate | None:
    """Certify that a symmetric matrix has no negative quadratic form.

    Parameters
    ----------
    matrix : ndarray of int, shape (n, n)
        Python ints.

    Returns
    -------
    SemidefiniteCertificate or None
        None when it is not positive semidefinite.
    """
    return _by_cholesky(matrix) or _by_elimination(matrix)


def _by_cholesky(matrix: Integers) -> SemidefiniteCertificate | None:
    diagonal = [matrix[i, i].bit_length() // 2 for i in range(len(matrix))]
    balanced = np.array(
        [
            [_ratio(entry, diagonal[i] + diagonal[j]) for j, entry in enumerate(row)]
            for i, row in enumerate(matrix.tolist())
        ]
    )
    if not bool(np.isfinite(balanced).all()):
        return None
    least = float(np.linalg.eigvalsh(balanced)[0])
    if least < _ROOM:
        return None
    lowest = min(diagonal)
    shifts = np.array([1 << (exponent - lowest) for exponent in diagonal], object)
    exponent = 2 * (lowest - _FACTOR_BITS)
    for lower in shifted_factors(balanced, least):
        rows = np.frompyfunc(int, 1, 1)(np.ldexp(lower.T, _FACTOR_BITS)) * shifts
        weights = [1 << max(exponent, 0)] * len(matrix)
        found = SemidefiniteCertificate(1 << max(-exponent, 0), weights, rows)
        if found.holds(matrix):
            return found
    return None


def _ratio(entry: int, bits: int) -> float:
    try:
        return entry / (1 << bits)
    except OverflowError:
        return math.inf


def _by_elimination(matrix: Integers) -> SemidefiniteCertificate | None:
    """Factorise exactly; None when a pivot is negative, or zero where its row is not."""
    n = len(matrix)
    left: Any = np.frompyfunc(Fraction, 1, 1)(matrix)
    rows, weights = [], []
    for k in range(n):
        row = left[k].copy()
        if row[k] < 0 or (row[k] == 0 and any(row[k:])):
            return None
        if row[k] == 0:
            continue
        scale = math.lcm(*(x.denominator for x in row))
        integers = [x.numerator * (scale // x.denominator) for x in row]
        common = math.gcd(*integers)
        rows.append([x // common for x in integers])
        weights.append(Fraction(common * common, scale * scale) / row[k])
        for i in range(k + 1, n):
            if row[i]:
                left[i, k:] -= row[k:] * (row[i] / row[k])
        left[:, k] = left[k, :] = Fraction(0)
    denominator = math.lcm(*(weight.denominator for weight in weights)) if weights else 1
    scaled = [weight.numerator * (denominator // weight.denominator) for weight in weights]
    # One row of zeros, where there are none: arrays on the wire have elements.
    made = np.array(rows, object).reshape(-1, n) if rows else np.zeros((1, n), object)
    return SemidefiniteCertificate(denominator, scaled or [0], made)
