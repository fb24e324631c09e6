"""Whether a certificate fits the embedded engine, said before it is tried.

The engine is WebAssembly of 32 bits: its heap ends at 2 GiB. Lean's elaborator, besides, goes
deeper with each number of a list that is written out, and an array is a list of such numbers. What
the kernel needs an operation may estimate (`Scaling.heap_bytes`); the rest is a bound that was
measured with the bridge's own operations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lpb_server.errors import WireError
from lpb_server.operations import Answer, Operation
from lpb_server.operations.question import answer_of
from lpb_server.operations.scaling import dimensions_of
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value

from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange

__all__ = ["MOST_ELEMENTS", "ROOM_BYTES", "Misfit", "TooLargeError", "misfit", "require_room"]

ROOM_BYTES: Final = (2 << 30) - (640 << 20)
"""What the heap has for a check: the rest holds Lean itself and the modules it imports."""

MOST_ELEMENTS: Final = 1570 * 64
"""So many doubles of one array Lean's elaborator reads: it read 1,563 numbers of 64 doubles."""

MOST_OF_SECOND: Final = 900 * 64
"""So many it reads of the second longest, where several arrays stand in one list."""

BYTES_A_BYTE: Final = 1600
"""Heap for each byte of the arrays, of an operation that estimates nothing: what the most costly of
the bridge's own take."""

_OTHER_WAYS: Final = "ask for less at once, or check it in Python: client.call(…, check=True)."


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a certificate does not fit the embedded engine.

    Parameters
    ----------
    problem
        One sentence or two: what is too large, and which size would fit.
    hint
        What to do instead.
    """

    problem: str
    hint: str


class TooLargeError(EnvironmentLacksError):
    """A certificate does not fit the embedded engine. It was not tried."""


def require_room(
    toolchain: LeanToolchain, operation: Operation, live: LiveExchange, also: str = ""
) -> None:
    """Refuse what does not fit the engine, if it is the embedded one.

    Parameters
    ----------
    also
        What its hint begins with.

    Raises
    ------
    TooLargeError
        It says what is too large, and what would fit.
    """
    if isinstance(toolchain, EmbeddedToolchain):
        found = misfit(operation, live)
        if found is not None:
            raise TooLargeError(found.problem, also + found.hint)


def misfit(operation: Operation, live: LiveExchange) -> Misfit | None:
    """Say why what was asked and answered does not fit the embedded engine, if it does not."""
    question, reply = live.planned.question, live.exchange.reply
    try:
        answer = answer_of(reply.result or {}, dict(live.exchange.arrays), reply.certificate)
    except WireError:  # It names arrays that are not there, and is refused for that.
        answer = Answer(reply.result or {}, live.exchange.arrays, reply.certificate or {})
    dimensions = dimensions_of(operation, question.arrays)
    groups = (question.arrays, answer.arrays, answer.certificate_arrays)
    asked = _Asked(operation, answer, groups, _numbers(question.params), dimensions)
    problem = asked.too_long(dimensions) or asked.too_costly(dimensions)
    if not problem:
        return None
    text = (
        f"The certificate of {operation.name}{_written(dimensions)} is too large for the embedded "
        f"engine: {problem}. {asked.fitting()}"
    )
    native = "Lean itself has no such limit (--engine lake); or " * (not asked.too_long(dimensions))
    hint = f"{native}{_OTHER_WAYS}"
    return Misfit(text, hint[0].upper() + hint[1:])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question and its answer, whose dimensions may all be smaller.

    Parameters
    ----------
    groups
        Arrays that stand in one list in Lean.
    inline
        How many numbers stand in the parameters: matrices may, as lists of lists.
    dimensions
        What the named dimensions are.
    """

    operation: Operation
    answer: Answer
    groups: tuple[Mapping[str, Array], ...]
    inline: int
    dimensions: dict[str, int]

    def lengths(self, dimensions: Mapping[str, int]) -> list[list[int]]:
        """Give how many doubles long all arrays are, by groups, if these were the dimensions."""
        sizes = {self.dimensions[name]: size for name, size in dimensions.items()}
        scale = max(dimensions.values(), default=1) / max(self.dimensions.values(), default=1)

        def length(array: Array) -> int:
            shape = [sizes.get(size, math.ceil(size * scale)) for size in array.shape]
            doubles: float = math.prod(shape) * array.itemsize / 8
            return math.ceil(doubles)

        return [[self.inline], *([length(a) for a in group.values()] for group in self.groups)]

    def too_long(self, dimensions: Mapping[str, int]) -> str:
        """Say which array is too long to be read; empty when none is."""
        for lengths in self.lengths(dimensions):
            longest = sorted(lengths, reverse=True)
            for length, most in zip(longest, (MOST_ELEMENTS, MOST_OF_SECOND), strict=False):
                if length > most:
                    return f"an array is as long as {length:,} doubles, and Lean reads {most:,}"
        return ""

    def too_costly(self, dimensions: Mapping[str, int]) -> str:
        """Say what the kernel lacks; empty when it has room."""
        needed = float(8 * BYTES_A_BYTE * sum(map(sum, self.lengths(dimensions))))
        estimate = self.operation.scaling.heap_bytes
        if estimate is not None:
            with suppress(Exception):  # What a server sent can be of any form.
                needed = float(estimate(dimensions, self.answer))
        if needed <= ROOM_BYTES:
            return ""
        return f"the kernel would need {_gib(needed)} of memory, and has {_gib(ROOM_BYTES)}"

    def fitting(self) -> str:
        """Say what would fit: the same question, with its dimensions smaller in proportion."""
        if not self.dimensions:
            found, room = sum(map(sum, self.lengths({}))), ROOM_BYTES // BYTES_A_BYTE // 8
            return f"It has {found:,} numbers; some {room:,} would fit."
        most = max(self.dimensions.values())
        low, high = 0, most  # `low` fits, `high` does not
        while high - low > 1:
            middle = (low + high) // 2
            smaller = self.smaller(middle, most)
            if self.too_long(smaller) or self.too_costly(smaller):
                high = middle
            else:
                low = middle
        return f"It would fit{_written(self.smaller(low, most))}." if low else "No size would fit."

    def smaller(self, largest: int, most: int) -> dict[str, int]:
        """Give dimensions in the same proportion, the largest of which is another."""
        return {name: max(1, size * largest // most) for name, size in self.dimensions.items()}


def _numbers(value: Value) -> int:
    """Count the numbers in a value."""
    if isinstance(value, dict):
        return sum(map(_numbers, value.values()))
    if isinstance(value, list):
        return sum(map(_numbers, value))
    return isinstance(value, int | float)


def _written(dimensions: Mapping[str, int]) -> str:
    texts = [f"{name} = {size:,}" for name, size in dimensions.items()]
    return f" with {', '.join(texts)}" if texts else ""


def _gib(count: float) -> str:
    return f"{count / (1 << 30):.1f} GiB"
