"""Admission: what comes in is refused, answered from the cache, joined to its twin, or a new job.

No sockets: a route is whatever the server puts before a reply.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from lpb_server.errors import ErrorCode
from lpb_server.frontend.job import ANYBODY, Job, Route
from lpb_server.frontend.reply_cache import Key, Known, Lookup, ReplyCache
from lpb_server.process.supervision import Journal
from lpb_server.wire.intake import Opened, Rejected, open_request
from lpb_server.wire.limits import Limits
from lpb_server.wire.values import Frame

__all__ = ["REVOKED", "Admission"]

REVOKED: Final = "the key of this connection is not allowed any more"

_RESTARTED: Final = "the server was started again; how far the request came is not known"

_UNBOUNDED: Final = 1 << 62
_NOTHING: Final = 0, 0

_ROUTES_PER_JOB: Final = 8
"""Of one request that was sent again and again, only the last tries can still be listening."""

_REMEMBERED_BYTES: Final = 256 << 10
"""A pure request above this size is not remembered: telling it from another would mean hashing
its arrays, which takes longer than sending them. It may run twice; the answer is the same."""


class Admission:
    """Takes requests in and hands replies out, at most one run for each request.

    Parameters
    ----------
    cache : ReplyCache
        What has been answered.
    limits : Limits
        What a request may cost.
    pure : callable
        Tells of an operation's name whether it may run twice.
    per_client : int
        How many requests of one client run or wait at most.
    permits : callable
        Tells whether a user may have operations run, now.
    client_bytes, total_bytes : int
        How many bytes the requests of one client, and of all, that run or wait may have; one
        request of a client may always be as large as it is.
    journal : Journal, optional
        What was begun before, where the server has been started again.
    """

    def __init__(
        self,
        cache: ReplyCache,
        limits: Limits,
        pure: Callable[[str], bool],
        per_client: int = 1024,
        permits: Callable[[str], bool] = lambda user: True,
        client_bytes: int = _UNBOUNDED,
        total_bytes: int = _UNBOUNDED,
        journal: Journal | None = None,
    ) -> None:
        self._journal = journal or Journal()
        self._cache = cache
        self._limits = limits
        self._pure = pure
        self._per_client = per_client
        self._permits = permits
        self._client_bytes = client_bytes
        self._total_bytes = total_bytes
        self._clients: dict[bytes | str, tuple[int, int]] = {}
        self._bytes = 0
        self._tokens = itertools.count(1)
        self._jobs: dict[Key, Job] = {}

    def take(
        self, route: Route, frames: Sequence[Frame], now_s: float, user: str = ANYBODY
    ) -> Job | list[Frame] | None:
        """Take a message in.

        Parameters
        ----------
        route : tuple of bytes
            Where its reply goes.
        frames : sequence of frames
            ``[header][array 0] …``; any bytes whatever.
        now_s : float
            Monotonic seconds.
        user : str
            The key that its sender has proven to own; empty where nobody has to.

        Returns
        -------
        Job, list of frames or None
            A new job; or the reply at once; or None when the same request is running already and
            its reply will go to this route too.
        """
        opened = open_request(frames, self._limits)
        if isinstance(opened, Rejected):
            return opened.reply
        request = opened.request
        if not self._permits(user):
            return opened.refuse(ErrorCode.UNAUTHORIZED, REVOKED)
        pure = self._pure(request.op)
        key: Key | None = (user, request.id)
        # An older version's id is made of its content here, and is no promise of the client's.
        size = len(frames[0]) if len(frames) == 1 else sum(map(len, frames))
        if opened.migrated or (pure and size > _REMEMBERED_BYTES):
            key = None
        client = user or route[0]
        under_way, waiting = self._clients.get(client, _NOTHING)
        if under_way >= self._per_client and not (key and self._cache.knows(key)):
            message = f"{self._per_client} requests of this client are under way already"
            return opened.refuse(ErrorCode.OVERLOADED, message, {"limit": self._per_client})
        if under_way and waiting + size > self._client_bytes:
            message = f"{waiting} bytes of this client's requests are under way already"
            return opened.refuse(ErrorCode.OVERLOADED, message, {"limit_bytes": self._client_bytes})
        if self._bytes and self._bytes + size > self._total_bytes:
            message = f"{self._bytes} bytes of requests are under way already"
            return opened.refuse(ErrorCode.OVERLOADED, message, {"limit_bytes": self._total_bytes})
        if key is not None:
            lookup = self._cache.start(key, frames)
            if lookup.known is not Known.NEW:
                return self._again(route, opened, key, lookup)
            if not pure:
                if self._journal.was_begun(key):
                    self._cache.forget(key)
                    return opened.refuse(ErrorCode.WORKER_LOST, _RESTARTED)
                self._journal.begin(key)
        job = Job(next(self._tokens), opened, key, pure, now_s, user, client, [route], size)
        self._clients[client] = under_way + 1, waiting + size
        self._bytes += size
        if key is not None:
            self._jobs[key] = job
        return job

    def _again(self, route: Route, opened: Opened, key: Key, lookup: Lookup) -> list[Frame] | None:
        """Answer a request whose id has come before; None when its reply is to come."""
        if lookup.known is Known.CONFLICT:
            return opened.refuse(
                ErrorCode.BAD_MESSAGE, f"another request has the id {key[1]!r} already"
            )
        if lookup.known is Known.RUNNING:
            routes = self._jobs[key].routes
            routes.append(route)
            del routes[:-_ROUTES_PER_JOB]
            return None
        if lookup.reply is not None:
            return list(lookup.reply)
        return opened.refuse(ErrorCode.TOO_LARGE, "it has run; its reply was too large to be kept")

    def finish(self, job: Job, reply: Sequence[Frame], *, ran: bool) -> list[Route]:
        """Note the reply of a job; it may be on its way already.

        Parameters
        ----------
        job : Job
            As it was taken in.
        reply : sequence of frames
            Its reply.
        ran : bool
            Whether its operation was called, or may have been. When it was not, the same request
            may come again and run.

        Returns
        -------
        list of routes
            Where the reply goes.
        """
        under_way, waiting = self._clients.pop(job.client)
        if under_way > 1:
            self._clients[job.client] = under_way - 1, waiting - job.size
        self._bytes -= job.size
        if job.key is not None:
            del self._jobs[job.key]
            if ran:
                self._cache.finish(job.key, reply, repeatable=job.pure)
            else:
                self._cache.forget(job.key)
        return job.routes
