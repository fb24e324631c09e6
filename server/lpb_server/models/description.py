"""A fitted model as an operation can evaluate it: its arrays, and what they were made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.errors import BridgeError
from lpb_server.operations.networks import MOST_LAYERS, layer_arrays
from lpb_server.operations.question import Question
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import ValueMap

__all__ = ["Model", "UnknownModelError", "network_model", "type_name"]

Doubles = npt.NDArray[np.float64]

_INPUTS: Final = {"nearest": "queries"}
"""What an operation calls its inputs, where it is another word."""


class UnknownModelError(BridgeError):
    """A model, or a part of one, that cannot be turned into arrays; the message names it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model.

    Attributes
    ----------
    operation : str
        What evaluates it: ``linear_inference``, ``tree_inference``, ``nearest`` or
        ``network_inference``. For the last, ``network_bounds`` takes the same arrays.
    arrays : dict of str to ndarray
        Its numbers, by the names that the operation has for them.
    description : dict
        Its type, what was done to its numbers, and the names of its classes where it has any.
    single : bool
        Whether inputs are rounded to single precision first, as the library rounds them.
    """

    operation: str
    arrays: dict[str, Array]
    description: ValueMap = field(default_factory=dict)
    single: bool = False

    def question(self, inputs: Any) -> Question:
        """Give the question that evaluates it.

        Parameters
        ----------
        inputs : array_like of float
            Of shape (m, n); of shape (n,) for a network, which takes one input.
        """
        values = np.asarray(inputs, np.float32 if self.single else np.float64).astype(np.float64)
        if self.operation == "network_inference":
            return Question({}, {**self.arrays, "input": values.reshape(-1)})
        name = _INPUTS.get(self.operation, "inputs")
        return Question({}, {**self.arrays, name: np.atleast_2d(values)})

    def probabilities_question(self, inputs: Any) -> Question:
        """Give the question of ``logistic_inference``: the probabilities of inputs.

        Parameters
        ----------
        inputs : array_like of float
            Of shape (m, n).

        Raises
        ------
        UnknownModelError
            When its probabilities are not those of a logistic model.
        """
        if not self.description.get("logistic"):
            raise UnknownModelError(f"{self.operation} has no probabilities of a logistic model")
        return self.question(inputs)

    def bounds_question(self, lower: Any, upper: Any) -> Question:
        """Give the question where the outputs of a network can lie, for inputs between bounds.

        Raises
        ------
        UnknownModelError
            When it is no network.
        """
        if self.operation != "network_inference":
            raise UnknownModelError(f"{self.operation} has no bounds: they are for networks")
        low, high = (np.asarray(x, np.float64).reshape(-1) for x in (lower, upper))
        return Question({}, {**self.arrays, "lower": low, "upper": high})

    def margins_question(self, lower: Any, upper: Any, label: int) -> Question:
        """Give the question of ``network_margins`` whether a class does not change between bounds.

        It does not when all margins are positive: those of the class's output over each other one;
        of one output, whose sign names the class, its own.

        Parameters
        ----------
        label : int
            The index of the class.

        Raises
        ------
        UnknownModelError
            When it is no network, or has no such class.
        """
        question = self.bounds_question(lower, upper)
        outputs = len(self.arrays[f"bias_{len(self.arrays) // 2}"])
        if not 0 <= label < max(outputs, 2):
            raise UnknownModelError(f"there is no class {label} among {max(outputs, 2)}")
        if outputs == 1:
            functionals = np.array([[1.0 if label else -1.0]])
        else:
            functionals = -np.delete(np.eye(outputs), label, axis=0)
            functionals[:, label] = 1.0
        return Question({}, {**question.arrays, "functionals": functionals})


def type_name(model: object) -> str:
    """Give the full name of a model's type."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def network_model(
    layers: list[tuple[Doubles, Doubles]], description: ValueMap, who: object
) -> Model:
    """Make a network of affine layers, with rectifiers between them.

    Raises
    ------
    UnknownModelError
        When there are none, or too many.
    """
    if not 1 <= len(layers) <= MOST_LAYERS:
        raise UnknownModelError(
            f"{type_name(who)} has {len(layers)} layers: networks have 1 to {MOST_LAYERS}"
        )
    plain = [tuple(np.ascontiguousarray(a, np.float64) for a in layer) for layer in layers]
    return Model(
        "network_inference", layer_arrays([(weight, bias) for weight, bias in plain]), description
    )
