"""How fast peers of one address may finish their handshakes; a function of the times it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["HandshakeRate"]

_MOST_ADDRESSES: Final = 4096
_LONGEST_WAIT_S: Final = 2.0
"""Who would wait for longer is refused, so that a flood of peers delays the others no longer."""


@dataclass(slots=True)
class _Account:
    left: float
    since_s: float


class HandshakeRate:
    """A number of handshakes at once, and so many a second after them, for each address.

    Parameters
    ----------
    at_once : int
        How many need not wait.
    per_s : float
        How many a second may follow.
    """

    def __init__(self, at_once: int, per_s: float) -> None:
        self._at_once = at_once
        self._per_s = per_s
        self._accounts: dict[str, _Account] = {}

    def wait_s(self, address: str, now_s: float) -> float | None:
        """Count a handshake, and return how many seconds it has to wait.

        None when that would be too long: it is to be refused, and is not counted.
        """
        account = self._accounts.get(address)
        if account is None:
            if len(self._accounts) >= _MOST_ADDRESSES:
                self._forget(now_s)
            account = self._accounts[address] = _Account(self._at_once, now_s)
        earned = (now_s - account.since_s) * self._per_s
        account.left = min(float(self._at_once), account.left + earned)
        account.since_s = now_s
        wait_s = (1 - account.left) / self._per_s
        if wait_s > _LONGEST_WAIT_S:
            return None
        account.left -= 1
        return max(0.0, wait_s)

    def _forget(self, now_s: float) -> None:
        """Let go of the addresses that could begin anew, or else of the oldest half."""
        full_s = self._at_once / self._per_s
        kept = {
            address: account
            for address, account in self._accounts.items()
            if now_s - account.since_s < full_s
        }
        excess = len(kept) - _MOST_ADDRESSES // 2
        for address in list(kept)[: max(0, excess)]:
            del kept[address]
        self._accounts = kept
