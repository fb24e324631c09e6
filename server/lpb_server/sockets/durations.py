"""Durations: seconds as people give them, milliseconds as ZeroMQ and poll take them.

A C int of milliseconds ends after 24.8 days. A longer wait, and one without a limit, is cut to
that; who waits asks again until the time is really over.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["LEAST_S", "MOST_MS", "MOST_S", "check_timeout", "milliseconds"]

MOST_MS: Final = (1 << 31) - 1

LEAST_S: Final = 0.001
"""The shortest duration that can be set: less is no millisecond, and 0 means no limit to ZeroMQ."""

MOST_S: Final = 1_000_000.0
"""The longest duration that can be set, some 11 days."""


def milliseconds(seconds: float) -> int:
    """Return a wait as poll and ZeroMQ take it: rounded up, and from 0 to `MOST_MS`.

    Parameters
    ----------
    seconds : float
        May be infinite, or negative when the time is over already.
    """
    if seconds <= 0:
        return 0
    return MOST_MS if seconds * 1000 >= MOST_MS else math.ceil(seconds * 1000)


def check_timeout(name: str, seconds: float) -> float:
    """Return a time-out; infinity is no limit.

    Raises
    ------
    ValueError
        When it is not positive, or no number.
    """
    if not seconds > 0:
        raise ValueError(f"{name} must be positive, or inf for no limit, not {seconds}")
    return float(seconds)
