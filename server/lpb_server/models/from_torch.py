"""Modules of PyTorch as arrays; the library itself is not imported."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from lpb_server.models.affine import AffineChain, convolution, normalisation
from lpb_server.models.description import Model, UnknownModelError, type_name

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
    chain = AffineChain(type_name(module))
    for part in _parts(module):
        kind = type(part).__qualname__ if type_name(part).startswith(_LAYERS) else ""
        if kind == "ReLU":
            chain.rectify()
            continue
        found, shape = _affine(kind, part, shape)
        if found is not None:
            chain.affine(*found)
    return chain.network(module)


def _parts(module: Any) -> Iterator[Any]:
    if type_name(module) == "torch.nn.modules.container.Sequential":
        for part in module:
            yield from _parts(part)
    else:
        yield module


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
    mean, variance = _numbers(part.running_mean), _numbers(part.running_var)
    scale = np.ones_like(mean) if part.weight is None else _numbers(part.weight)
    offset = np.zeros_like(mean) if part.bias is None else _numbers(part.bias)
    each = math.prod(shape[1:]) if shape else 1
    return normalisation(scale, mean, variance, offset, part.eps, each)


def _convolution(
    part: Any, shape: tuple[int, ...] | None
) -> tuple[tuple[Doubles, Doubles], tuple[int, ...]]:
    if shape is None or len(shape) != 3:
        raise UnknownModelError("Conv2d needs input_shape=(channels, height, width)")
    if part.padding_mode != "zeros" or isinstance(part.padding, str):
        raise UnknownModelError(f"{type_name(part)} is padded in a way that is not known here")
    kernel = _numbers(part.weight)
    bias = np.zeros(len(kernel)) if part.bias is None else _numbers(part.bias)
    return convolution(
        kernel,
        bias,
        shape,
        strides=part.stride,
        pads=(*part.padding, *part.padding),
        dilations=part.dilation,
        groups=part.groups,
    )
