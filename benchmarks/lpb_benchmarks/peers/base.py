"""What a peer is: a server, and a client that asks it for the workload."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:  # What a peer's server imports counts in its cold start.
    from lpb_benchmarks.peers.workload import Workload

__all__ = ["Announce", "Connection", "Peer", "PreparedCall"]

Announce = Callable[[str], None]
"""Called with the endpoint when a server can be reached."""


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """One call, ready to be repeated and timed.

    Parameters
    ----------
    run : callable
        Makes the call and returns its answer.
    accepts : callable
        Tells whether an answer is right; never timed.
    """

    run: Callable[[], Any]
    accepts: Callable[[Any], bool]


class Connection(ABC):
    """A client's end, in the client's process; it belongs to one thread."""

    @abstractmethod
    def prepare(self, workload: Workload) -> PreparedCall:
        """Make everything that is not part of the call, and return the call."""

    @abstractmethod
    def close(self) -> None:
        """Give back what was opened."""


class Peer(ABC):
    """Something that can be asked for the sum of a matrix.

    A peer's module imports its library only inside the methods: it is listed, and skipped by
    name, where that library is not installed.
    """

    title: ClassVar[str]
    """What a person reads."""
    modules: ClassVar[tuple[str, ...]] = ()
    """The modules that must be installed for it."""
    has_server: ClassVar[bool] = True
    """False for what is measured inside the client's process."""

    @classmethod
    def missing(cls) -> list[str]:
        """Return the names of the modules that are not installed."""
        return [name for name in cls.modules if find_spec(name) is None]

    def start_command(self, endpoint: str) -> list[str] | None:
        """Return the command that a user starts the server with; None when there is none."""
        return None

    def prepare_process(self) -> None:
        """Do what a server of this peer does before there are threads; most do nothing."""
        return

    @abstractmethod
    def serve(self, endpoint: str, arguments: list[str], announce: Announce) -> None:
        """Serve until the process is ended.

        Parameters
        ----------
        endpoint : str
            Where to listen, ``tcp://…`` or ``ipc://…``; a TCP port of 0 takes a free one.
        arguments : list of str
            Options of this server.
        announce : callable
            To be called with the endpoint as it was bound.
        """

    @abstractmethod
    def connect(self, endpoint: str, arguments: list[str]) -> Connection:
        """Open a client to a server of this peer.

        Parameters
        ----------
        endpoint : str
            What the server announced.
        arguments : list of str
            Options of this client.
        """
