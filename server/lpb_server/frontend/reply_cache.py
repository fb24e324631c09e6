"""At most once: replies kept by correlation id, so that a repeated request does not run again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from lpb_server.settings.config import CacheLimits
from lpb_server.wire.values import Frame

__all__ = ["Key", "Known", "Lookup", "ReplyCache", "fingerprint"]

_JOINED_BYTES: Final = 4 << 10
"""Up to this size a message is put together to be hashed: a call for each piece costs more."""

_FEW_FRAMES: Final = 8
_FRAME_BYTES: Final = 96
"""What a frame takes beside its bytes; of the request's, only the sizes are kept."""

Fingerprint: TypeAlias = tuple[bytes, tuple[int, ...]]
"""The digest of a message, and where each of its frames ends."""

Key: TypeAlias = tuple[str, str]
"""The authenticated user, empty for anybody, and the correlation id."""


class Known(Enum):
    """What the cache knows of a request."""

    NEW = "never seen, or forgotten"
    RUNNING = "running"
    DONE = "done"
    CONFLICT = "another request has this id"


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is known, and the reply when it is done; None when that was too large to keep."""

    known: Known
    reply: tuple[bytes, ...] | None = None


class _Done(msgspec.Struct):
    digest: Fingerprint
    reply: tuple[bytes, ...] | None
    size_bytes: int
    finished_s: float


_NEW: Final = Lookup(Known.NEW)


class ReplyCache:
    """Which requests are running, and the replies of those that are done.

    What is running is not bounded here but by the queue it waits in.

    Parameters
    ----------
    limits : CacheLimits
        What it may hold.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, limits: CacheLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._running: dict[Key, Sequence[Frame]] = {}
        self._done: OrderedDict[Key, _Done] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._done)

    @property
    def size_bytes(self) -> int:
        """The bytes of the replies that are kept."""
        return self._bytes

    def knows(self, key: Key) -> bool:
        """Tell whether a request of this id is running or done."""
        return key in self._running or key in self._done

    def start(self, key: Key, frames: Sequence[Frame]) -> Lookup:
        """Say what is known of a request; when that is nothing, it counts as running from now.

        Parameters
        ----------
        key : tuple of str
            User and correlation id.
        frames : sequence of frames
            The request, which is kept until it has run: hashing it can wait for that.
        """
        running = self._running.get(key)
        if running is not None:
            same = fingerprint(running) == fingerprint(frames)
            return Lookup(Known.RUNNING if same else Known.CONFLICT)
        if key in self._done:
            self._evict(self._clock())  # It may be too old.
        done = self._done.get(key)
        if done is not None:
            if done.digest != fingerprint(frames):
                return Lookup(Known.CONFLICT)
            return Lookup(Known.DONE, done.reply)
        self._running[key] = frames
        return _NEW

    def finish(self, key: Key, reply: Sequence[Frame], *, repeatable: bool) -> None:
        """Keep the reply of a request that was running.

        Parameters
        ----------
        key : tuple of str
            As it was started.
        reply : sequence of frames
            Copied.
        repeatable : bool
            Whether the request may run again. One that may is forgotten when its reply is too
            large to keep; of one that may not, it is remembered that it is done.
        """
        request = self._running.pop(key)
        size_bytes = sum(map(len, reply))
        if max(len(reply), len(request)) > _FEW_FRAMES:  # Of fewer, the count of replies tells.
            size_bytes += _FRAME_BYTES * (len(reply) + len(request))
        if size_bytes > self._limits.reply_bytes:
            if repeatable:
                return
            kept, size_bytes = None, size_bytes - sum(map(len, reply))
        else:
            kept = tuple(map(bytes, reply))
        now_s = self._clock()
        self._done[key] = _Done(fingerprint(request), kept, size_bytes, now_s)
        self._bytes += size_bytes
        self._evict(now_s)

    def forget(self, key: Key) -> None:
        """Forget a request that was running and has not run: it may come again."""
        del self._running[key]

    def _evict(self, now_s: float) -> None:
        limits = self._limits
        oldest_s = now_s - limits.age_s
        while self._done:
            first = self._done[next(iter(self._done))]
            if (
                len(self._done) <= limits.count
                and self._bytes <= limits.total_bytes
                and first.finished_s > oldest_s
            ):
                return
            self._bytes -= self._done.popitem(last=False)[1].size_bytes


def fingerprint(frames: Sequence[Frame]) -> Fingerprint:
    """Return what tells a message from any other."""
    sizes = tuple(map(len, frames))
    if sum(sizes) <= _JOINED_BYTES:
        return hashlib.sha256(b"".join(frames)).digest(), sizes
    whole = hashlib.sha256()
    for frame in frames:
        whole.update(frame)
    return whole.digest(), sizes
