"""The server's settings, with their defaults; where they come from is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lpb_server.wire.limits import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_ENDPOINT", "DEFAULT_POOL", "CacheLimits", "PoolConfig", "ServerConfig"]

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
class PoolConfig:
    """How a broker and its workers keep each other alive.

    Parameters
    ----------
    workers : int
        How many worker processes the broker runs itself; 0 when all run elsewhere.
    heartbeat_s : float
        How often each side says that it lives.
    liveness_s : float
        After how long a silence the other side counts as lost. An operation that keeps Python's
        interpreter lock for longer than this looks like a lost worker. The death of a worker of
        the broker's own is noticed at once, whatever this is.
    restarts_per_minute : int
        How many dead workers are replaced in a minute; more wait for the next.
    drain_s : float
        How long running work may take after the signal to stop.
    """

    workers: int = 2
    heartbeat_s: float = 1.0
    liveness_s: float = 10.0
    restarts_per_minute: int = 60
    drain_s: float = 30.0


DEFAULT_POOL: Final = PoolConfig()


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
