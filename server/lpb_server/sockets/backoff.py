"""How long to wait before something is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpb_server.sockets.durations import MOST_S

__all__ = ["DEFAULT_BACKOFF", "Backoff"]

_GREATEST_FACTOR: Final = 1000


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a request is sent again.

    Parameters
    ----------
    first_s : float
        Before the second try.
    factor : float
        By how much each wait is longer than the one before.
    limit_s : float
        The longest wait.
    jitter : float
        Which part of the wait is random, from 0 to 1, so that clients do not come back together.
    """

    first_s: float = 0.05
    factor: float = 2.0
    limit_s: float = 2.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what gives no waits.

        Raises
        ------
        ValueError
            For what is not finite, or out of range.
        """
        if not 0 <= self.first_s <= MOST_S or not 0 <= self.limit_s <= MOST_S:
            raise ValueError(f"first_s and limit_s must be from 0 to {MOST_S:g}")
        if not 1 <= self.factor <= _GREATEST_FACTOR or not 0 <= self.jitter <= 1:
            raise ValueError(f"factor must be from 1 to {_GREATEST_FACTOR}, jitter from 0 to 1")

    def wait_s(self, failures: int, uniform: float) -> float:
        """Return the wait after that many failures, for a random number from 0 to 1."""
        full_s = min(self.first_s * self.factor ** min(failures - 1, 64), self.limit_s)
        return full_s * (1.0 - self.jitter * uniform)


DEFAULT_BACKOFF: Final = Backoff()
