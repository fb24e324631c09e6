"""How many connections the process's limit of open files has room for."""

from __future__ import annotations

import logging
import resource
from typing import Final

__all__ = ["room_for_connections"]

_LOG = logging.getLogger(__name__)

_RESERVED: Final = 192
"""For everything else: ZeroMQ's own, workers, memory of clients, files, connections that are about
to be refused."""


def room_for_connections(wanted: int) -> int:
    """Return how many of so many connections the process can have, and take what the limit allows.

    Where the limit leaves no room, connections are refused in order; without it, whatever comes
    next would fail.
    """
    needed = wanted + _RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if raised > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
        except (OSError, ValueError) as error:
            _LOG.debug("the limit of open files stays at %d: %s", soft, error)
    possible = max(1, min(wanted, soft - _RESERVED))
    if possible < wanted:
        _LOG.warning(
            "the limit of open files (%d) has room for %d connections, not for %d: see ulimit -n",
            *(soft, possible, wanted),
        )
    return possible
