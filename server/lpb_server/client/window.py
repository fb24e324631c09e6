"""Calls of one operation for many items: what each is given, and those that are under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lpb_server.client.exchange import CallResult

__all__ = ["Item", "Window", "split_item"]

Item: TypeAlias = Mapping[str, Any]
"""Names with their values: what is, or can be made, an array of NumPy is one."""


def split_item(item: Item) -> tuple[dict[str, Any], dict[str, npt.ArrayLike]]:
    """Return the parameters of an item, and its arrays.

    Raises
    ------
    TypeError
        When it is no mapping.
    """
    if not isinstance(item, Mapping):
        raise TypeError(f"an item is a mapping of names, not {type(item).__name__}")
    arrays = {name: value for name, value in item.items() if _is_array(value)}
    return {name: value for name, value in item.items() if name not in arrays}, arrays


def _is_array(value: object) -> bool:
    if isinstance(value, np.generic):  # A number of NumPy's is one, not an array.
        return False
    return hasattr(value, "__array__") or hasattr(value, "__dlpack__")


class Window:
    """The calls that are under way, oldest first. It belongs to one event loop.

    Parameters
    ----------
    call : callable
        Makes the coroutine that calls for an item.
    size : int
        How many are under way at most.
    """

    def __init__(self, call: Callable[[Item], Coroutine[Any, Any, CallResult]], size: int) -> None:
        self._call = call
        self._size = size
        self._pending: deque[asyncio.Task[CallResult]] = deque()

    @property
    def room(self) -> int:
        """How many more calls may begin."""
        return self._size - len(self._pending)

    def begin(self, items: Iterable[Item]) -> None:
        """Begin a call for each item."""
        for item in items:
            self._pending.append(asyncio.ensure_future(self._call(item)))

    async def take(self) -> list[CallResult]:
        """Return the oldest result, and those after it that have come; none when none is due.

        Raises
        ------
        BridgeError
            What the oldest call ended with.
        """
        if not self._pending:
            return []
        results = [await self._pending[0]]
        self._pending.popleft()
        while self._pending and self._pending[0].done() and not self._pending[0].exception():
            results.append(self._pending.popleft().result())
        return results

    async def cancel(self) -> None:
        """Cancel what is under way, and wait until nothing of it is left."""
        for call in self._pending:
            call.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        self._pending.clear()
