"""Boxes around the layers of a network, in exact arithmetic: what its outputs can be.

A layer's inputs lie within a radius of a centre; both are doubles. The weights times the centre,
and their absolute values times the radius, are computed in double precision, with bounds on the
errors that are exact. See ``LeanPythonBridge.Certificate.NetworkBounds``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from lpb_server.certificates.exact import exact_integer, upper_double
from lpb_server.certificates.product_error_bound import check_product, product_error_bound
from lpb_server.errors import Uncertifiable
from lpb_server.wire.values import Value, ValueMap

__all__ = ["Layer", "LayerBox", "ReadBox", "boxes_hold", "centred", "layer_boxes"]

Doubles = npt.NDArray[np.float64]

_KIND: Final = "product_error_bound"


@dataclass(frozen=True, slots=True)
class Layer:
    """An affine map: `weight` of shape (rows, columns), `bias` of shape (rows,)."""

    weight: Doubles
    bias: Doubles


@dataclass(frozen=True, slots=True)
class LayerBox:
    """Where a layer's inputs lie, and what follows for its sums.

    Attributes
    ----------
    centre, radius
        float64 of as many entries as the layer has inputs.
    product, spread
        The weights times the centre, and their absolute values times the radius, as computed.
    products, spreads
        How far these may be from the exact ones, and how Lean computes with them.
    """

    centre: Doubles
    radius: Doubles
    product: Doubles
    spread: Doubles
    products: ValueMap
    spreads: ValueMap

    def sums(self, layer: Layer) -> tuple[list[int], list[int]]:
        """Give the least and the greatest that each sum can be, in units of 2⁻¹⁰⁷⁴."""
        errors = sum(_units(cast(float, e["error_bound"])) for e in (self.products, self.spreads))
        low, high = [], []
        rows = zip(self.product.tolist(), self.spread.tolist(), layer.bias.tolist(), strict=True)
        for product, spread, bias in rows:
            middle, width = _units(product) + _units(bias), _units(spread) + errors
            low.append(middle - width)
            high.append(middle + width)
        return low, high


_units = exact_integer


def centred(low: Doubles, high: Doubles) -> tuple[Doubles, Doubles]:
    """Give a centre and a radius of intervals of doubles; the radius is rounded up."""
    with np.errstate(all="ignore"):
        centre = low + (high - low) / 2
        radius = np.maximum(high - centre, centre - low)
        radius = np.where(radius > 0, np.nextafter(radius, np.inf), np.abs(radius))
    return centre, radius


def _rectified(values: list[int], round_to: Callable[[int], float]) -> Doubles:
    return np.array([round_to(max(value, 0)) for value in values])


def _lower_double(units: int) -> float:
    return -upper_double(-units)


def _box(layer: Layer, centre: Doubles, radius: Doubles) -> LayerBox:
    absolute = np.abs(layer.weight)
    with np.errstate(all="ignore"):
        product, spread = layer.weight @ centre, absolute @ radius
    products, spreads = (
        product_error_bound(left, right[:, None], computed[:, None])
        for left, right, computed in (
            (layer.weight, centre, product),
            (absolute, radius, spread),
        )
    )
    return LayerBox(centre, radius, product, spread, products, spreads)


def layer_boxes(
    layers: Sequence[Layer], low: Doubles, high: Doubles
) -> tuple[list[LayerBox], Doubles, Doubles]:
    """Follow a box of inputs through a network, rectifiers between the layers.

    Parameters
    ----------
    layers : sequence of Layer
        At least one.
    low, high : ndarray of float64, shape (n,)
        Between what each input lies.

    Returns
    -------
    tuple
        A box for each layer, and between what each output lies.

    Raises
    ------
    Uncertifiable
        When a number on the way is not finite, or exponents are too far apart.
    """
    boxes: list[LayerBox] = []
    try:
        for layer in layers:
            boxes.append(_box(layer, *centred(low, high)))
            least, greatest = boxes[-1].sums(layer)
            if layer is not layers[-1]:
                low = _rectified(least, _lower_double)
                high = _rectified(greatest, upper_double)
        return (
            boxes,
            np.array([_lower_double(value) for value in least]),
            np.array([upper_double(value) for value in greatest]),
        )
    except OverflowError:
        raise Uncertifiable("a number in the network is too large for a double") from None
    except StopIteration:
        raise Uncertifiable(
            "exponents in the network are too far apart for exact integers"
        ) from None


@dataclass(frozen=True, slots=True)
class ReadBox:
    """A box as a certificate says it: `LayerBox` of arrays of the right shapes, not yet tested."""

    box: LayerBox

    @classmethod
    def of(cls, arrays: Sequence[Doubles], entry: Value) -> ReadBox | None:
        """Read arrays, in the order of `LayerBox`, and an entry; None when it is malformed."""
        if type(entry) is not list or len(entry) != 4:
            return None
        products, spreads = (
            {"kind": _KIND, "error_bound": bound, "layout": layout}
            for bound, layout in (entry[:2], entry[2:])
        )
        centre, radius, product, spread = arrays
        return cls(LayerBox(centre, radius, product, spread, products, spreads))

    def holds(self, layer: Layer) -> bool:
        """Say whether the products are as exact as they are said to be."""
        box = self.box
        return check_product(
            layer.weight, box.centre[:, None], box.product[:, None], box.products
        ) and check_product(
            np.abs(layer.weight), box.radius[:, None], box.spread[:, None], box.spreads
        )

    def contains(self, low: list[int], high: list[int], *, rectified: bool) -> bool:
        """Say whether intervals, or what rectifiers make of them, lie in the box."""
        if not all(bool(np.isfinite(a).all()) for a in (self.box.centre, self.box.radius)):
            return False
        for a, b, centre, radius in zip(
            low, high, self.box.centre.tolist(), self.box.radius.tolist(), strict=True
        ):
            least, most = (max(x, 0) if rectified else x for x in (a, b))
            if least < _units(centre) - _units(radius) or most > _units(centre) + _units(radius):
                return False
        return True


def boxes_hold(
    layers: Sequence[Layer], boxes: Sequence[ReadBox], low: Doubles, high: Doubles
) -> tuple[list[int], list[int]] | None:
    """Test the boxes of a network as Lean's ``checkAll`` does.

    Returns
    -------
    tuple of list of int, or None
        Between what each output lies, in units of 2⁻¹⁰⁷⁴; None when a box does not hold.
    """
    least, greatest = ([_units(x) for x in values.tolist()] for values in (low, high))
    for index, (layer, read) in enumerate(zip(layers, boxes, strict=True)):
        if not read.contains(least, greatest, rectified=index > 0):
            return None
        if not bool(np.isfinite(layer.bias).all()) or not read.holds(layer):
            return None
        least, greatest = read.box.sums(layer)
    return least, greatest
