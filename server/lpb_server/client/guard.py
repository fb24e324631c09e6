"""Who uses a client's transport: one thread at a time, until it is closed, and no fork.

ZeroMQ must not be touched before that is known: see `lpb_server.sockets.exclusive`.
"""

from __future__ import annotations

from typing import Protocol

from lpb_server.client.transport import Transport
from lpb_server.errors import ClientClosed, ClientInUse
from lpb_server.sockets.exclusive import Exclusive

__all__ = ["Closable", "Guard"]


class Closable(Protocol):
    """What ends with a transport."""

    def close(self) -> None:
        """Let go of what it holds."""


class Guard:
    """Lets one thread at a time use a transport, until it is closed.

    Parameters
    ----------
    transport : Transport
        What is used.
    endpoint : str
        Where it leads, for errors.
    """

    def __init__(self, transport: Transport, endpoint: str) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._use = Exclusive()
        self._closed = False

    def begin(self) -> None:
        """Begin to use it, in this thread.

        Raises
        ------
        ClientInUse
            When another thread uses it.
        ClientClosed
            When it is closed.
        """
        self._take()
        if self._closed:
            self._use.end()
            raise ClientClosed("the client is closed", endpoint=self._endpoint, tries=0)

    def end(self) -> None:
        """Use it no more."""
        self._use.end()

    def close(self, other: Closable | None = None) -> None:
        """Close it for good, and what ends with it; closing it again does nothing.

        Raises
        ------
        ClientInUse
            When another thread uses it.
        """
        self._take()
        self._closed = True
        try:
            self._transport.close()
            if other is not None:
                other.close()
        finally:
            self._use.end()

    def _take(self) -> None:
        if self._use.forked():
            self._transport.forget()
        user = self._use.begin()
        if user:
            raise ClientInUse(
                f"the client is in a call of {user} at this moment; each thread needs its own",
                endpoint=self._endpoint,
                tries=0,
            )
