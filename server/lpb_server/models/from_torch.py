"""Modules of PyTorch as arrays; the library itself is not imported."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.models.description import Model, UnknownModelError, network_model, type_name

__all__ = ["from_torch"]

Doubles = npt.NDArray[np.float64]

_LAYERS = "torch.nn.modules."


def from_torch(module: Any, input_shape: tuple[int, ...] | None = None) -> Model:
    """Turn a feed-forward module into the arrays of a network.

    Affine maps that follow each other are multiplied, and their numbers rounded.

    Parameters
    ----------
    module : torch.nn.Module
        ``Linear``, ``Conv2d``, ``BatchNorm1d`` and ``BatchNorm2d`` in evaluation, ``ReLU``,
        ``Flatten``, ``Identity``, ``Dropout`` in evaluation, or a ``Sequential`` of these.
    input_shape : tuple of int, optional
        (channels, height, width), which ``Conv2d`` needs.

    Raises
    ------
    UnknownModelError
        When a part is another module, or is in training.
    """
    shape = input_shape
    layers: list[tuple[Doubles, Doubles]] = []
    pending: tuple[Doubles, Doubles] | None = None
    for part in _parts(module):
        kind = type(part).__qualname__ if type_name(part).startswith(_LAYERS) else ""
        if kind == "ReLU":
            if pending is None:
                raise UnknownModelError(f"{type_name(module)} has a ReLU with no layer before it")
            layers.append(pending)
            pending = None
            continue
        found, shape = _affine(kind, part, shape)
        if found is not None:
            pending = found if pending is None else _after(pending, found)
    if pending is None:
        raise UnknownModelError(f"{type_name(module)} does not end with an affine layer")
    return network_model([*layers, pending], {"model": type_name(module)}, module)


def _parts(module: Any) -> Iterator[Any]:
    if type_name(module) == "torch.nn.modules.container.Sequential":
        for part in module:
            yield from _parts(part)
    else:
        yield module


def _after(
    first: tuple[Doubles, Doubles], second: tuple[Doubles, Doubles]
) -> tuple[Doubles, Doubles]:
    return second[0] @ first[0], second[0] @ first[1] + second[1]


def _numbers(tensor: Any) -> Doubles:
    return np.asarray(tensor.detach().cpu().numpy(), np.float64)


def _affine(
    kind: str, part: Any, shape: tuple[int, ...] | None
) -> tuple[tuple[Doubles, Doubles] | None, tuple[int, ...] | None]:
    """Give the affine map of a part, None for the identity, and the shape of what it gives."""
    if kind in ("Identity", "Flatten"):
        return None, (math.prod(shape),) if shape and kind == "Flatten" else shape
    if kind in ("Dropout", "BatchNorm1d", "BatchNorm2d") and part.training:
        raise UnknownModelError(f"{type_name(part)} is in training: call eval() first")
    if kind == "Dropout":
        return None, shape
    if kind == "Linear":
        weight = _numbers(part.weight)
        bias = np.zeros(len(weight)) if part.bias is None else _numbers(part.bias)
        return (weight, bias), (len(weight),)
    if kind in ("BatchNorm1d", "BatchNorm2d"):
        return _normalisation(part, shape), shape
    if kind == "Conv2d":
        return _convolution(part, shape)
    raise UnknownModelError(f"{type_name(part)} is no module that is known here")


def _normalisation(part: Any, shape: tuple[int, ...] | None) -> tuple[Doubles, Doubles]:
    if part.running_mean is None:
        raise UnknownModelError(f"{type_name(part)} keeps no running mean")
    scale = 1.0 / np.sqrt(_numbers(part.running_var) + part.eps)
    if part.weight is not None:
        scale = scale * _numbers(part.weight)
    bias = -_numbers(part.running_mean) * scale
    if part.bias is not None:
        bias = bias + _numbers(part.bias)
    each = math.prod(shape[1:]) if shape else 1
    return np.diag(np.repeat(scale, each)), np.repeat(bias, each)


def _convolution(
    part: Any, shape: tuple[int, ...] | None
) -> tuple[tuple[Doubles, Doubles], tuple[int, ...]]:
    """Give a convolution as the linear map that it is, on flattened channels."""
    if shape is None or len(shape) != 3:
        raise UnknownModelError("Conv2d needs input_shape=(channels, height, width)")
    if part.padding_mode != "zeros" or isinstance(part.padding, str):
        raise UnknownModelError(f"{type_name(part)} is padded in a way that is not known here")
    kernel = _numbers(part.weight)
    out, group_in, tall, wide = kernel.shape
    channels, height, width = shape
    (up, across), (pad_y, pad_x), (gap_y, gap_x) = part.stride, part.padding, part.dilation
    rows = (height + 2 * pad_y - gap_y * (tall - 1) - 1) // up + 1
    columns = (width + 2 * pad_x - gap_x * (wide - 1) - 1) // across + 1
    weight = np.zeros((out, rows, columns, channels, height, width))
    for c in range(out):
        first = c // (out // part.groups) * group_in
        for i in range(rows):
            for j in range(columns):
                for a in range(tall):
                    for b in range(wide):
                        y, x = i * up - pad_y + a * gap_y, j * across - pad_x + b * gap_x
                        if 0 <= y < height and 0 <= x < width:
                            weight[c, i, j, first : first + group_in, y, x] = kernel[c, :, a, b]
    bias = np.zeros(out) if part.bias is None else _numbers(part.bias)
    flat = weight.reshape(out * rows * columns, channels * height * width)
    return (flat, np.repeat(bias, rows * columns)), (out, rows, columns)
