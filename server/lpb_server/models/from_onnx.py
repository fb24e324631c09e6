"""Models in the ONNX format as arrays: a chain of affine layers and rectifiers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.models.affine import AffineChain, AffineMap, convolution, normalisation
from lpb_server.models.description import Model, UnknownModelError, type_name

__all__ = ["from_onnx"]

Doubles = npt.NDArray[np.float64]
Shape = tuple[int, ...]

_ELEMENTWISE: Final = ("Add", "Sub", "Mul", "Div")


def from_onnx(model: Any) -> Model:
    """Turn a feed-forward model into the arrays of a network.

    Affine maps that follow each other are multiplied, and their numbers rounded.

    Parameters
    ----------
    model : path or onnx.ModelProto
        One input, whose first dimension counts examples; ``Gemm``, ``MatMul``, ``Conv`` of two
        dimensions, ``BatchNormalization``, ``Relu``, ``Flatten``, ``Reshape``, ``Identity``,
        ``Dropout``, and ``Add``, ``Sub``, ``Mul`` and ``Div`` with constants, one after another.

    Raises
    ------
    UnknownModelError
        When a node is another one, or they are no chain; when the file cannot be read, or onnx
        is not installed.
    """
    graph = _loaded(model).graph
    constants = _constants(graph)
    inputs = [item for item in graph.input if item.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UnknownModelError("the ONNX graph has not one input and one output")
    value, shape = inputs[0].name, _shape(inputs[0])
    chain = AffineChain("onnx.ModelProto")
    for node in graph.node:
        if node.op_type == "Constant":
            continue
        if not _follows(node, value):
            raise UnknownModelError(f"{_named(node)} does not follow the node before it")
        if node.op_type == "Relu":
            chain.rectify()
        else:
            before = shape
            found, shape = _affine(node, value, constants, shape)
            if found is not None:
                if before is not None and math.prod(before) != found[0].shape[1]:
                    raise UnknownModelError(f"{_named(node)} does not take {before}")
                chain.affine(*found)
        value = node.output[0]
    if value != graph.output[0].name:
        raise UnknownModelError("the ONNX graph's output is not that of its last node")
    return chain.network(model)


def _loaded(model: Any) -> Any:
    if type_name(model).startswith("onnx.") and hasattr(model, "graph"):
        return model
    if not isinstance(model, (str, Path)):
        raise UnknownModelError(f"{type_name(model)} is no ONNX model, and no path to one")
    try:
        import onnx
    except ImportError:
        raise UnknownModelError("reading ONNX files needs the extra onnx") from None
    try:
        return onnx.load(str(model))
    except Exception as error:  # Protobuf's errors are of its own types.
        raise UnknownModelError(f"{model} cannot be read as an ONNX model: {error}") from None


def _constants(graph: Any) -> dict[str, npt.NDArray[Any]]:
    from onnx.numpy_helper import to_array

    found = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            held = {item.name: item for item in node.attribute}
            if "value" not in held:
                raise UnknownModelError(f"{_named(node)} holds no tensor")
            found[node.output[0]] = to_array(held["value"].t)
    return found


def _shape(value: Any) -> Shape | None:
    """Give the shape of one example, when all of it is known."""
    sizes = [item.dim_value for item in value.type.tensor_type.shape.dim][1:]
    return tuple(sizes) if sizes and all(sizes) else None


def _named(node: Any) -> str:
    return f"the ONNX node {node.name or node.output[0]} ({node.op_type})"


def _follows(node: Any, value: str) -> bool:
    first = node.op_type not in ("Add", "Mul")
    return value in (node.input[:1] if first else node.input)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {item.name: get_attribute_value(item) for item in node.attribute}


def _affine(
    node: Any, value: str, constants: Mapping[str, npt.NDArray[Any]], shape: Shape | None
) -> tuple[AffineMap | None, Shape | None]:
    """Give the affine map of a node, None for the identity, and the shape of what it gives."""
    kind, said = node.op_type, _attributes(node)
    others = [name for name in node.input if name]
    others.remove(value)
    if any(name not in constants for name in others) or len(node.output) != 1:
        raise UnknownModelError(f"{_named(node)} takes what is no constant, or gives two values")
    given = [np.asarray(constants[name], np.float64) for name in others]
    if kind == "Identity" or (kind == "Dropout" and not any(x.any() for x in given[1:])):
        return None, shape
    if kind == "Flatten" and said.get("axis", 1) == 1:
        return None, None if shape is None else (math.prod(shape),)
    if kind == "Reshape":
        return None, _reshaped(node, given[0], shape)
    if kind == "Gemm" and not said.get("transA", 0):
        weight = given[0] if said.get("transB", 0) else given[0].T
        weight = said.get("alpha", 1.0) * weight
        bias = np.zeros(len(weight))
        if len(given) > 1:
            bias = bias + said.get("beta", 1.0) * given[1].reshape(-1)
        return (weight, bias), (len(weight),)
    if kind == "MatMul" and given[0].ndim == 2:
        return (given[0].T, np.zeros(given[0].shape[1])), (given[0].shape[1],)
    if kind in _ELEMENTWISE:
        return _elementwise(node, given[0], shape), shape
    if kind == "BatchNormalization" and not said.get("training_mode", 0):
        scale, offset, mean, variance = given
        each = math.prod(shape[1:]) if shape else 1
        epsilon = said.get("epsilon", 1e-5)
        return normalisation(scale, mean, variance, offset, epsilon, each), shape
    if kind == "Conv":
        return _convolution(node, said, given, shape)
    raise UnknownModelError(f"{_named(node)} is no node that is known here")


def _reshaped(node: Any, target: Doubles, shape: Shape | None) -> Shape | None:
    sizes = [int(size) for size in target.reshape(-1)]
    if not sizes or sizes[0] not in (0, 1, -1) or sizes.count(-1) > 1:
        raise UnknownModelError(f"{_named(node)} moves examples about")
    rest = sizes[1:]
    if shape is None or 0 in rest:
        return None
    if -1 in rest:
        known = math.prod(size for size in rest if size != -1)
        rest = [math.prod(shape) // known if size == -1 else size for size in rest]
    if math.prod(rest) != math.prod(shape):
        raise UnknownModelError(f"{_named(node)} moves examples about")
    return tuple(rest)


def _elementwise(node: Any, given: Doubles, shape: Shape | None) -> AffineMap:
    """Give what adds or multiplies a constant, element by element."""
    if shape is None:
        raise UnknownModelError(f"{_named(node)} needs an input whose shape is known")
    try:
        each = np.broadcast_to(given, (1, *shape)).reshape(-1)
    except ValueError:
        raise UnknownModelError(f"{_named(node)} has a constant of another shape") from None
    if node.op_type in ("Mul", "Div"):
        return np.diag(each if node.op_type == "Mul" else 1.0 / each), np.zeros(len(each))
    return np.eye(len(each)), each if node.op_type == "Add" else -each


def _convolution(
    node: Any, said: Mapping[str, Any], given: list[Doubles], shape: Shape | None
) -> tuple[AffineMap, Shape]:
    kernel = given[0]
    if shape is None or len(shape) != 3 or kernel.ndim != 4:
        raise UnknownModelError(f"{_named(node)} needs an input (channels, height, width)")
    if said.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise UnknownModelError(f"{_named(node)} is padded in a way that is not known here")
    return convolution(
        kernel,
        given[1] if len(given) > 1 else np.zeros(len(kernel)),
        shape,
        strides=said.get("strides", (1, 1)),
        pads=said.get("pads", (0, 0, 0, 0)),
        dilations=said.get("dilations", (1, 1)),
        groups=said.get("group", 1),
    )
