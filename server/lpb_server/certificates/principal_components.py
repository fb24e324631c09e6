"""Principal components, and that no orthonormal directions capture more of the points' scatter.

With the rows of Y the points less their mean, directions wᵢ capture Σ ‖Y wᵢ‖². When
τ I + FᵀF - YᵀY is positive definite, orthonormal ones capture no more than k τ + ‖F‖². F has the
leading eigenvectors as rows, times the roots of how far their eigenvalues are beyond the next one.
What is tested in Lean is tested here in the same integers: units of 2⁻²¹⁴⁸.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_fraction
from lpb_server.certificates.exact_products import Integers, exact_products, integers_of
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.positive_definite import (
    PositiveDefiniteCertificate,
    positive_definite,
)
from lpb_server.errors import Uncertifiable

__all__ = [
    "ComponentBounds",
    "ComponentEvidence",
    "component_bounds",
    "leading_components",
    "scatter",
]

Doubles = npt.NDArray[np.float64]

_SQUARE: Final = 2 * UNIT_EXPONENT
_ROOM: Final = (2.0**-46, 2.0**-42, 2.0**-36, 2.0**-28)
"""Parts of the greatest eigenvalue that are tried as room for rounding errors."""

_SMALLEST: Final = 1e-280
"""Eigenvalues below this are too near to underflow to be told apart."""


@dataclass(frozen=True, slots=True)
class ComponentBounds:
    """The doubles that the theorem speaks of.

    Attributes
    ----------
    captured
        The components capture at least so much.
    greatest
        No orthonormal directions, as many as these, capture more.
    skew
        How far from the identity the components' products are.
    mean_bound
        How far from the exact one the mean is.
    """

    captured: float
    greatest: float
    skew: float
    mean_bound: float

    def hold(self, data: Doubles, mean: Doubles, components: Doubles, own: Integers) -> bool:
        """Say whether they are true, all but `greatest`.

        Parameters
        ----------
        own : ndarray of int
            The exact scatter matrix: see `scatter`.
        """
        captured = exact_integer(self.captured) << (3 * UNIT_EXPONENT)
        off = len(data) * exact_integer(self.mean_bound)
        return (
            captured <= _captured(components, own)
            and _skew(components) <= _raised(self.skew)
            and _mean_off(data, mean) <= off
        )


@dataclass(frozen=True, slots=True)
class ComponentEvidence:
    """What shows that directions capture no more than the bound.

    Attributes
    ----------
    shift, error : float
        τ, and how far `matrix` is from τ I + FᵀF - YᵀY, entry by entry.
    spread : ndarray of float64
        F, of shape (k, n).
    matrix : ndarray of float64
        Positive definite, of shape (n, n).
    """

    shift: float
    error: float
    spread: Doubles
    matrix: Doubles

    def shows(self, greatest: float, own: Integers) -> bool:
        """Say whether a bound follows, when the matrix is positive definite."""
        rest = _rest(self.shift, self.spread, own)
        off: int = np.abs(_raised_array(self.matrix) - rest).max()
        return bool(off <= _raised(self.error) and self.most() <= _raised(greatest))

    def most(self) -> int:
        """Give what orthonormal directions capture at most."""
        k, n = self.spread.shape
        squares: int = (exact_integers(self.spread, 0) ** 2).sum()
        linear: int = k * (_raised(self.shift) + n * _raised(self.error))
        return linear + squares


def leading_components(data: Doubles, k: int) -> tuple[Doubles, Doubles]:
    """Compute the mean, and the leading k principal components.

    Each has its largest entry positive: they are determined but for their signs.

    Parameters
    ----------
    data : ndarray of float64
        Shape (m, n), finite; k at most n.

    Returns
    -------
    mean, components : ndarray of float64
        Shapes (n,) and (k, n).
    """
    with np.errstate(all="ignore"):
        mean = data.mean(axis=0)
        centred = data - mean
        form = centred.T @ centred
    if not bool(np.isfinite(form).all()):
        raise Uncertifiable("the data are so large that their squares are no doubles")
    vectors = np.linalg.eigh(form)[1][:, ::-1][:, :k].T
    largest = vectors[np.arange(k), np.abs(vectors).argmax(axis=1)]
    return mean, np.ascontiguousarray(vectors * np.where(largest < 0, -1.0, 1.0)[:, None])


def scatter(data: Doubles, mean: Doubles) -> Integers:
    """Compute YᵀY exactly, in units of 2⁻²¹⁴⁸: shape (n, n).

    Parameters
    ----------
    data, mean : ndarray of float64
        Shapes (m, n) and (n,), finite.
    """
    together, unit = integers_of(np.vstack([data, mean]))
    centred = together[:-1] - together[-1]
    products, up = exact_products(centred.T, centred), _SQUARE - 2 * unit
    # Whole multiples of the unit: with subnormal numbers, `unit` can count finer than they are.
    return np.asarray(products << up if up >= 0 else products >> -up, object)


def component_bounds(
    data: Doubles, mean: Doubles, components: Doubles
) -> tuple[ComponentBounds, ComponentEvidence, PositiveDefiniteCertificate]:
    """Bound what components capture, and what any directions do.

    Raises
    ------
    Uncertifiable
        When no certificate is found: the numbers are too large, or too far apart.
    """
    own = scatter(data, mean)
    try:
        form = np.array([[x / (1 << _SQUARE) for x in row] for row in own.tolist()])
        evidence, factor = _evidence(form, own, len(components))
        captured = -upper_fraction(-Fraction(_captured(components, own), 1 << (2 * _SQUARE))) + 0.0
        bounds = ComponentBounds(
            captured,
            upper_fraction(Fraction(evidence.most(), 1 << _SQUARE)),
            upper_fraction(Fraction(_skew(components), 1 << _SQUARE)),
            upper_fraction(Fraction(_mean_off(data, mean), len(data) << UNIT_EXPONENT)),
        )
    except OverflowError:
        raise Uncertifiable("a number of the certificate is no finite double") from None
    return bounds, evidence, factor


def _evidence(
    form: Doubles, own: Integers, k: int
) -> tuple[ComponentEvidence, PositiveDefiniteCertificate]:
    values, vectors = np.linalg.eigh(form)
    values, vectors = values[::-1], vectors[:, ::-1]
    scale = max(float(values[0]), _SMALLEST)
    following = max(float(values[k]), 0.0) if k < len(values) else 0.0
    beyond = np.sqrt(np.maximum(values[:k] - following, 0.0))
    spread = np.ascontiguousarray((vectors[:, :k] * beyond).T)
    failure: Uncertifiable | None = None
    for part in _ROOM:
        shift = following + part * scale
        rest = _rest(shift, spread, own)
        matrix = np.array([[x / (1 << _SQUARE) for x in row] for row in rest.tolist()])
        off: int = np.abs(_raised_array(matrix) - rest).max()
        error = upper_fraction(Fraction(off, 1 << _SQUARE))
        try:
            factor = positive_definite(matrix)
        except Uncertifiable as refused:
            failure = refused
            continue
        return ComponentEvidence(shift, error, spread, matrix), factor
    raise Uncertifiable("no bound is found on what directions capture: " + str(failure))


def _rest(shift: float, spread: Doubles, own: Integers) -> Integers:
    """Give τ I + FᵀF - YᵀY."""
    factor = exact_integers(spread, 0)
    diagonal = np.zeros(own.shape, object)
    np.fill_diagonal(diagonal, _raised(shift))
    return np.asarray(diagonal + np.dot(factor.T, factor) - own, object)


def _captured(components: Doubles, own: Integers) -> int:
    """Give Σ vᵢᵀ YᵀY vᵢ, in units of 2⁻⁴²⁹⁶."""
    vectors = exact_integers(components, 0)
    captured: int = (np.dot(vectors.T, vectors) * own).sum()
    return captured


def _skew(components: Doubles) -> int:
    vectors = exact_integers(components, 0)
    identity = np.zeros((len(vectors), len(vectors)), object)
    np.fill_diagonal(identity, 1 << _SQUARE)
    skew: int = np.abs(np.dot(vectors, vectors.T) - identity).max()
    return skew


def _mean_off(data: Doubles, mean: Doubles) -> int:
    """Give how far m times the mean is from the sum, in units of 2⁻¹⁰⁷⁴."""
    off: int = np.abs(
        len(data) * exact_integers(mean, 0) - exact_integers(data, 0).sum(axis=0)
    ).max()
    return off


def _raised(value: float) -> int:
    return exact_integer(value) << UNIT_EXPONENT


def _raised_array(values: Doubles) -> Any:
    return exact_integers(values, 0) << UNIT_EXPONENT
