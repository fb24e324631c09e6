"""Memory that the process holds and does not use: given back after large messages."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Final

__all__ = ["ReturnsMemory"]

_LARGE_BYTES: Final = 128 << 20
"""Messages up to this size find the memory of earlier ones, which makes them faster. Beside a
larger one that memory would only make the peak higher: 80 MiB of it, after arrays of 64."""


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


@cache
def _trim() -> Callable[[], object]:
    """Return glibc's ``malloc_trim(0)``, which empties the pools of all threads, or nothing."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # Another C library: it has its own ways.
        return lambda: None
    trim.argtypes = [ctypes.c_size_t]
    return lambda: trim(0)
