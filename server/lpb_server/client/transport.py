"""What carries a client's messages: the seam between the retry policy and the sockets.

`DealerTransport` is the one that speaks ZeroMQ. Another one serves a client without sockets, in
tests for example, as a transport does for httpx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lpb_server.wire.values import Frame

__all__ = ["EndpointUnusable", "Transport", "TransportError"]


class TransportError(Exception):
    """A message could not be sent or received; its text says why."""


class EndpointUnusable(TransportError):
    """There is nothing that could be connected to; its text says why."""


class Transport(Protocol):
    """Carries messages to one server and back, for one thread."""

    @property
    def refusal(self) -> str:
        """Why the server refuses what connects; empty while it does not."""

    @property
    def final(self) -> bool:
        """Whether the refusal will not change, so that trying again is in vain."""

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message; connect before, when there is no connection.

        Parameters
        ----------
        frames : sequence of frames
            ``[header][array 0] …``.

        Raises
        ------
        EndpointUnusable
            When it cannot connect.
        TransportError
            When the message cannot be sent.
        """

    def receive(self, deadline_s: float) -> list[Frame] | None:
        """Wait for a message; None when a refusal has come instead, or nothing in time.

        Parameters
        ----------
        deadline_s : float
            Until when, on the clock of `time.monotonic`.

        Raises
        ------
        TransportError
            When it cannot be received.
        """

    def reset(self) -> None:
        """Drop the connection, with what is on its way; `send` makes a new one."""

    def close(self) -> None:
        """Drop the connection and all that belongs to it."""

    def forget(self) -> None:
        """Let go, in a fork, of what is the parent's: not even to close it may it be touched."""
