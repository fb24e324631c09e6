"""Memory that the process holds and does not use: kept for the next array, given back after a
large one.

glibc asks the system for pages and returns them by rules that depend on what was freed before: of
two servers with the same work one found the memory of its last array, and the other had 16,000 new
pages for each array of 64 MiB, which took twice as long. The rules are set here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Final

__all__ = ["ReturnsMemory", "keep_freed_memory"]

_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_ARENA_MAX: Final = -8
"""`mallopt`'s numbers of them."""

_LARGE_BYTES: Final = 128 << 20
"""How much free memory at the end of the heap is kept. Messages up to this size find the memory of
earlier ones, which makes them faster. Beside a larger one that memory would only make the peak
higher: 80 MiB of it, after arrays of 64."""


class ReturnsMemory:
    """Gives free memory back to the system once a large message has been dealt with.

    Parameters
    ----------
    give_back : callable, optional
        Does it; by default, what the C library offers.
    """

    def __init__(self, give_back: Callable[[], object] | None = None) -> None:
        self._give_back = give_back if give_back is not None else _trim()
        self._counted_bytes = 0

    def after(self, total_bytes: int) -> None:
        """Note how many bytes have come so far; their messages must be gone already."""
        if total_bytes - self._counted_bytes > _LARGE_BYTES:
            self._give_back()
        self._counted_bytes = total_bytes


def keep_freed_memory() -> None:
    """Set for the whole process what is kept; to be called before there are threads."""
    set_option = _of_c_library("mallopt", ctypes.c_int, ctypes.c_int)
    set_option(_TRIM_THRESHOLD, _LARGE_BYTES)
    set_option(_MMAP_MAX, 0)  # Else large pieces are the system's own, with new pages each time.
    set_option(_ARENA_MAX, 1)  # `malloc_trim` leaves the end of any other heap as it is.


@cache
def _trim() -> Callable[[], object]:
    """Return glibc's ``malloc_trim(0)``, which empties the pools of all threads, or nothing."""
    trim = _of_c_library("malloc_trim", ctypes.c_size_t)
    return lambda: trim(0)


def _of_c_library(name: str, *parameters: type) -> Callable[..., object]:
    try:
        function = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):  # Another C library: it has its own ways.
        return lambda *arguments: None
    function.argtypes = parameters
    found: Callable[..., object] = function
    return found
