"""How an operation's questions grow: what benchmarks ask, and what Lean's kernel needs for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from lpb_server.errors import RegistrationError
from lpb_server.operations.question import Answer, Question
from lpb_server.operations.registration import check_callable
from lpb_server.wire.arrays import DTYPES, Array

if TYPE_CHECKING:
    from lpb_server.operations.definition import Operation

__all__ = [
    "Dimensions",
    "HeapEstimate",
    "Scaled",
    "Scaling",
    "UnscalableError",
    "dimensions_of",
    "scaled_question",
    "sizes_of",
]

Dimensions: TypeAlias = Mapping[str, int]
"""Sizes by the names that the declared shapes of an operation's arrays have."""

Scaled: TypeAlias = Callable[[np.random.Generator, int], Question]
"""From a size to a random question of that size, in the middle of what is asked."""

HeapEstimate: TypeAlias = Callable[[Dimensions, Answer], float]
"""From a question's dimensions and its answer to the bytes that the check takes in the kernel."""

_SIZES: Final = {0: (1,), 1: (100, 1000, 10_000)}
_SIZES_OF_MATRICES: Final = (10, 20, 50, 100)


class UnscalableError(Exception):
    """No question of a size can be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """What grows with an operation's questions.

    Parameters
    ----------
    question : callable or None
        Makes a question of a size; without it the declared arrays are drawn, each named dimension
        of that size.
    sizes : tuple of int
        Sizes that a benchmark asks, ascending; without them some that fit the declared arrays.
    heap_bytes : callable or None
        Estimates what Lean's kernel needs in the embedded engine, whose heap has an end; it should
        say too much rather than too little. Without it the bound is one of all bytes sent.

    Raises
    ------
    RegistrationError
        When it cannot be meant.
    """

    question: Scaled | None = None
    sizes: tuple[int, ...] = ()
    heap_bytes: HeapEstimate | None = None

    def __post_init__(self) -> None:
        if self.question is not None:
            check_callable("a scaling's question", self.question, 2)
        if self.heap_bytes is not None:
            check_callable("a scaling's heap_bytes", self.heap_bytes, 2)
        sizes = self.sizes
        if not isinstance(sizes, tuple) or any(type(n) is not int or n < 1 for n in sizes):
            raise RegistrationError("a scaling's sizes are a tuple of positive integers")
        if list(sizes) != sorted(set(sizes)):
            raise RegistrationError("a scaling's sizes must ascend")


def dimensions_of(operation: Operation, arrays: Mapping[str, Array]) -> dict[str, int]:
    """Return what the named dimensions of an operation's declared arrays are in a question."""
    sizes: dict[str, int] = {}
    for name, spec in (operation.arrays or {}).items():
        array = arrays.get(name)
        if array is not None and spec.shape is not None:
            for wanted, size in zip(spec.shape, array.shape, strict=False):
                if isinstance(wanted, str):
                    sizes.setdefault(wanted, size)
    return sizes


def sizes_of(operation: Operation) -> tuple[int, ...]:
    """Return the sizes at which an operation is worth measuring, ascending."""
    if operation.scaling.sizes:
        return operation.scaling.sizes
    specs = (operation.arrays or {}).values()
    rank = max((sum(isinstance(n, str) for n in spec.shape or ()) for spec in specs), default=0)
    return _SIZES.get(rank, _SIZES_OF_MATRICES)


def scaled_question(operation: Operation, random: np.random.Generator, size: int) -> Question:
    """Make a question of a size: the operation's own, or one drawn from what it declares.

    Parameters
    ----------
    size : int
        At least 1.

    Raises
    ------
    UnscalableError
        When the operation makes none, and its declaration does not say what to draw.
    """
    if operation.scaling.question is not None:
        return operation.scaling.question(random, size)
    if operation.arrays is None:
        raise UnscalableError("it declares neither its arrays nor a question of a size")
    arrays: dict[str, Array] = {}
    for name, spec in operation.arrays.items():
        if spec.dtype is None or spec.shape is None:
            raise UnscalableError(f"its array {name!r} has no declared dtype and shape")
        shape = tuple(size if isinstance(n, str) else n for n in spec.shape)
        drawn = np.asarray(random.standard_normal(shape) * (1 if spec.dtype[0] == "f" else 8))
        arrays[name] = np.asarray(np.abs(drawn) if spec.dtype[0] == "u" else drawn).astype(
            DTYPES[spec.dtype]
        )
    question = Question({}, arrays)
    problem = operation.validator.problem(question.params)
    if problem is not None:
        raise UnscalableError(f"it needs parameters: {problem}")
    return question
