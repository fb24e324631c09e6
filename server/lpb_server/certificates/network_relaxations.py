"""Linear relaxations of networks: lower bounds of functionals of the outputs, in exact arithmetic.

A functional is followed back through the layers (CROWN). Any multipliers make a bound that holds;
those that are chosen here make it a good one. See ``LeanPythonBridge.Certificate.NetworkMargins``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import UNIT_EXPONENT, exact_integer, upper_double
from lpb_server.certificates.network_boxes import Layer, LayerBox
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.errors import Uncertifiable
from lpb_server.wire.values import Value, ValueMap

__all__ = ["Relaxation", "least_values", "lower_doubles", "relaxations"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "product_error_bound"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The multipliers of a layer's sums, and what they are for its inputs.

    Attributes
    ----------
    multipliers
        float64 of shape (functionals, rows).
    product
        The multipliers times the weights, as computed; of shape (functionals, columns).
    evidence
        How far the product may be from the exact one, and how Lean computes with it.
    """

    multipliers: Doubles
    product: Doubles
    evidence: ValueMap

    @classmethod
    def of(cls, multipliers: Doubles, product: Doubles, entry: Value) -> Relaxation | None:
        """Read what a certificate says; None when it is malformed. It is not yet tested."""
        if type(entry) is not list or len(entry) != 2:
            return None
        bound, layout = entry
        return cls(multipliers, product, {"kind": _KIND, "error_bound": bound, "layout": layout})

    def holds(self, layer: Layer) -> bool:
        """Say whether the product is as exact as it is said to be."""
        return check_product(
            self.multipliers, layer.weight, self.product, self.evidence, combine=True
        )


def relaxations(
    layers: Sequence[Layer], boxes: Sequence[LayerBox], functionals: Doubles
) -> list[Relaxation]:
    """Choose multipliers for all layers.

    Parameters
    ----------
    functionals : ndarray of float64, shape (p, outputs)

    Raises
    ------
    Uncertifiable
        When a number is not finite, or exponents are too far apart.
    """
    found: list[Relaxation] = []
    multipliers = functionals
    for index in reversed(range(len(layers))):
        weight = layers[index].weight
        with np.errstate(all="ignore"):
            product = multipliers @ weight
        try:
            evidence = product_error_bound(multipliers, weight, product, combine=True)
        except StopIteration:
            raise Uncertifiable("exponents in the network are too far apart") from None
        found.append(Relaxation(multipliers, product, evidence))
        if index:
            sums = boxes[index - 1].sums(layers[index - 1])
            low, high = (np.array([x / (1 << UNIT_EXPONENT) for x in values]) for values in sums)
            multipliers = _multipliers(product, low, high)
    return found[::-1]


def _multipliers(coefficients: Doubles, low: Doubles, high: Doubles) -> Doubles:
    """Choose the slopes of lines below what rectifiers give, times coefficients.

    Where a sum can have both signs, a positive coefficient wants the better of the lines z and 0,
    and a negative one the line through the ends.
    """
    with np.errstate(all="ignore"):
        chord = np.where(high > low, high / (high - low), 0.0)
    steep = np.where(high > -low, 1.0, 0.0)
    slopes = np.where(coefficients >= 0, steep, chord)
    slopes = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, slopes))
    return np.asarray(coefficients * slopes, np.float64)


def _units(values: Doubles) -> list[int]:
    return [exact_integer(x) for x in values.tolist()]


def _least_product(a: int, error: int, low: int, high: int) -> int:
    return min(a * low, a * high) - error * max(abs(low), abs(high))


def _slack(multiplier: int, c: int, error: int, low: int, high: int) -> int:
    d = multiplier - c + error
    return max(
        multiplier * min(low, 0),
        multiplier * min(high, 0),
        d * max(low, 0),
        d * max(high, 0),
    )


def least_values(
    layers: Sequence[Layer],
    boxes: Sequence[LayerBox],
    relaxed: Sequence[Relaxation],
    low: Doubles,
    high: Doubles,
) -> list[int]:
    """Give what each functional is at least, in units of 2⁻²¹⁴⁸, as Lean's ``chain`` does."""
    lows, highs = _units(low), _units(high)
    errors = [exact_integer(cast(float, x.evidence["error_bound"])) for x in relaxed]
    biases = [_units(layer.bias) for layer in layers]
    intervals = [box.sums(layer) for box, layer in zip(boxes, layers, strict=True)]
    totals = []
    for row in range(len(relaxed[0].multipliers)):
        products = [_units(x.product[row]) for x in relaxed]
        multipliers = [_units(x.multipliers[row]) for x in relaxed]
        total = sum(
            _least_product(a, errors[0], *ends)
            for a, *ends in zip(products[0], lows, highs, strict=True)
        )
        for own, bias in zip(multipliers, biases, strict=True):
            total += sum(x * b for x, b in zip(own, bias, strict=True))
        for index in range(len(layers) - 1):
            total -= sum(
                _slack(x, c, errors[index + 1], a, b)
                for x, c, a, b in zip(
                    multipliers[index], products[index + 1], *intervals[index], strict=True
                )
            )
        totals.append(total)
    return totals


def lower_doubles(totals: Sequence[int]) -> Doubles:
    """Round what `least_values` gives downwards.

    Raises
    ------
    Uncertifiable
        When one is too large for a double.
    """
    try:
        return np.array([-upper_double(-total, 2 * UNIT_EXPONENT) for total in totals])
    except OverflowError:
        raise Uncertifiable("a margin is too large for a double") from None
