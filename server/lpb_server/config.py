"""The server's settings, with their defaults; where they come from is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lpb_server.wire.limits import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_ENDPOINT", "CacheLimits", "ServerConfig"]

DEFAULT_ENDPOINT: Final = "tcp://127.0.0.1:5555"

_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """What the cache may hold; the oldest replies go first.

    Parameters
    ----------
    count : int
        Replies.
    total_bytes : int
        Of all replies together.
    reply_bytes : int
        Of one reply; a larger one is not kept.
    age_s : float
        How long a reply is kept: longer than any client goes on trying.
    """

    count: int = 65_536
    total_bytes: int = 64 * _MIB
    reply_bytes: int = _MIB
    age_s: float = 600.0


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How a server runs.

    Parameters
    ----------
    endpoint : str
        Where it listens; a TCP port may be ``*`` or 0 for a free one.
    insecure : bool
        Whether it may listen beyond loopback with nothing to protect it.
    limits : Limits
        What a message may cost.
    queue_length : int
        How many requests wait at most; more are answered ``overloaded``.
    high_water_mark : int
        How many messages ZeroMQ holds for one peer, each way.
    cache : CacheLimits
        How many replies are kept, so that a repeated request does not run again.
    """

    endpoint: str = DEFAULT_ENDPOINT
    insecure: bool = False
    limits: Limits = DEFAULT_LIMITS
    queue_length: int = 1024
    high_water_mark: int = 1000
    cache: CacheLimits = field(default_factory=CacheLimits)
