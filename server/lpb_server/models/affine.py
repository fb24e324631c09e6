"""Affine maps and rectifiers, one after another: what networks of other libraries become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lpb_server.models.description import Model, UnknownModelError, network_model

__all__ = ["AffineChain", "AffineMap", "convolution", "normalisation"]

Doubles = npt.NDArray[np.float64]
AffineMap = tuple[Doubles, Doubles]


class AffineChain:
    """Collects the parts of a network; affine maps that follow each other are multiplied.

    Parameters
    ----------
    name : str
        The model's type, for errors and the description.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._layers: list[AffineMap] = []
        self._pending: AffineMap | None = None

    def affine(self, weight: Doubles, bias: Doubles) -> None:
        """Add the map W x + b.

        Parameters
        ----------
        weight : ndarray of float64, shape (m, n)
        bias : ndarray of float64, shape (m,)

        Raises
        ------
        UnknownModelError
            When it does not take what the part before it gives.
        """
        if self._pending is None:
            before = len(self._layers[-1][1]) if self._layers else weight.shape[1]
        else:
            before = len(self._pending[1])
        if weight.shape[1] != before:
            raise UnknownModelError(
                f"{self._name} has a layer of {weight.shape[1]} inputs after {before} outputs"
            )
        if self._pending is not None:
            first, offset = self._pending
            weight, bias = weight @ first, weight @ offset + bias
        self._pending = (weight, bias)

    def rectify(self) -> None:
        """Add max(0, ·).

        Raises
        ------
        UnknownModelError
            When there is no layer before it.
        """
        if self._pending is None:
            raise UnknownModelError(f"{self._name} has a ReLU with no layer before it")
        self._layers.append(self._pending)
        self._pending = None

    def network(self, who: object) -> Model:
        """Give the network.

        Raises
        ------
        UnknownModelError
            When it does not end with a layer, or has too many.
        """
        if self._pending is None:
            raise UnknownModelError(f"{self._name} does not end with an affine layer")
        return network_model([*self._layers, self._pending], {"model": self._name}, who)


def normalisation(
    scale: Doubles, mean: Doubles, variance: Doubles, offset: Doubles, epsilon: float, each: int
) -> AffineMap:
    """Give a batch normalisation in evaluation, on flattened channels.

    Parameters
    ----------
    scale, mean, variance, offset : ndarray of float64, shape (channels,)
    epsilon : float
        What is added to the variance.
    each : int
        How many values a channel has.
    """
    factor = scale / np.sqrt(variance + epsilon)
    return np.diag(np.repeat(factor, each)), np.repeat(offset - mean * factor, each)


def convolution(
    kernel: Doubles,
    bias: Doubles,
    shape: Sequence[int],
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
) -> tuple[AffineMap, tuple[int, ...]]:
    """Give a convolution as the linear map that it is, on flattened channels, and its shape.

    Parameters
    ----------
    kernel : ndarray of float64, shape (out, in / groups, height, width)
    bias : ndarray of float64, shape (out,)
    shape : sequence of int
        (channels, height, width) of what comes in.
    strides, dilations : sequence of int
        For rows and for columns.
    pads : sequence of int
        The zeros above, to the left, below and to the right.
    groups : int
        Into how many groups the channels are divided.
    """
    out, group_in, tall, wide = kernel.shape
    channels, height, width = shape
    (up, across), (gap_y, gap_x) = strides, dilations
    top, left, bottom, right = pads
    rows = (height + top + bottom - gap_y * (tall - 1) - 1) // up + 1
    columns = (width + left + right - gap_x * (wide - 1) - 1) // across + 1
    weight = np.zeros((out, rows, columns, channels, height, width))
    for c in range(out):
        first = c // (out // groups) * group_in
        for i in range(rows):
            for j in range(columns):
                for a in range(tall):
                    for b in range(wide):
                        y, x = i * up - top + a * gap_y, j * across - left + b * gap_x
                        if 0 <= y < height and 0 <= x < width:
                            weight[c, i, j, first : first + group_in, y, x] = kernel[c, :, a, b]
    flat = weight.reshape(out * rows * columns, channels * height * width)
    return (flat, np.repeat(bias, rows * columns)), (out, rows, columns)
