"""A request to run, and who waits for its reply."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from lpb_server.frontend.reply_cache import Key
from lpb_server.wire.intake import Opened

__all__ = ["ANYBODY", "Job", "Route"]

Route: TypeAlias = tuple[bytes, ...]
"""The frames that go before a reply: ``[identity]``, and an empty one for a REQ."""

ANYBODY: Final = ""
"""The user where nobody has to say who they are."""


class Job(msgspec.Struct, eq=False):
    """A request to run.

    Parameters
    ----------
    token : int
        Tells it from every other job of this server.
    opened : Opened
        The request.
    key : tuple of str or None
        Under which its reply is kept; None when it is not.
    pure : bool
        Whether it may run twice.
    arrived_s : float
        When it came, in monotonic seconds.
    user : str
        Whose it is: an authenticated key, or nobody's.
    client : object
        Whom it counts for: the user, or the connection.
    routes : list
        Who waits for the reply.
    size : int
        Bytes of its request.
    losses : int
        How many workers were lost that had it.
    """

    token: int
    opened: Opened
    key: Key | None
    pure: bool
    arrived_s: float
    user: str = ANYBODY
    client: bytes | str = ANYBODY
    routes: list[Route] = []
    size: int = 0
    losses: int = 0
