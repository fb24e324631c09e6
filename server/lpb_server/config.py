"""The server's settings, with their defaults; where they come from is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lpb_server.wire.limits import DEFAULT_LIMITS, Limits

__all__ = ["DEFAULT_ENDPOINT", "ServerConfig"]

DEFAULT_ENDPOINT: Final = "tcp://127.0.0.1:5555"


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
    """

    endpoint: str = DEFAULT_ENDPOINT
    insecure: bool = False
    limits: Limits = DEFAULT_LIMITS
    queue_length: int = 1024
    high_water_mark: int = 1000
