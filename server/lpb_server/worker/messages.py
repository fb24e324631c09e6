"""What broker and workers say to each other, as frames.

Worker to broker::

    [READY]
    [HEARTBEAT]
    [REPLY][token][ran][header][array 0] …
    [RETURNED][token]         it was called back in time
    [GOODBYE]

Broker to worker::

    [REQUEST][token][waited][header][array 0] …
    [RECALL][token]           give it back, unless it has begun
    [HEARTBEAT]
    [WHO]                     announce yourself: the broker does not know you
    [STOP]                    finish what is running, say goodbye, end

The token is a uint64, the time waited a float64 of seconds, both little endian; `ran` is one byte,
0 or 1, and after it the code of an error reply: who counts need not read it again.
"""

from __future__ import annotations

import struct
from typing import Final

from lpb_server.wire.refusal import Refusal
from lpb_server.wire.values import Frame

__all__ = [
    "GOODBYE",
    "HEARTBEAT",
    "READY",
    "RECALL",
    "REPLY",
    "REQUEST",
    "RETURNED",
    "REVOKED",
    "STOP",
    "WHO",
    "read_reply",
    "read_request",
    "read_token",
    "write_reply",
    "write_request",
    "write_token",
]

READY: Final = b"READY"
HEARTBEAT: Final = b"HEARTBEAT"
REQUEST: Final = b"REQUEST"
REPLY: Final = b"REPLY"
RECALL: Final = b"RECALL"
RETURNED: Final = b"RETURNED"
GOODBYE: Final = b"GOODBYE"
WHO: Final = b"WHO"
STOP: Final = b"STOP"

REVOKED: Final = b""
"""Said by no worker: what stands in place of the words of one whose key is not allowed any more."""

_TOKEN: Final = struct.Struct("<Q")
_SECONDS: Final = struct.Struct("<d")


def write_request(token: int, waited_s: float, frames: list[Frame]) -> list[Frame]:
    """Write a request to a worker."""
    return [REQUEST, _TOKEN.pack(token), _SECONDS.pack(waited_s), *frames]


def read_request(parts: list[Frame]) -> tuple[int, float, list[Frame]]:
    """Read token, seconds waited and frames of a request.

    Raises
    ------
    ValueError
        When it is none.
    """
    try:
        (token,), (waited_s,) = _TOKEN.unpack(parts[1]), _SECONDS.unpack(parts[2])
    except (struct.error, IndexError):
        raise ValueError("not a request to a worker") from None
    return token, waited_s, parts[3:]


def write_token(word: bytes, token: int) -> list[Frame]:
    """Write what is said of a request that was sent before."""
    return [word, _TOKEN.pack(token)]


def read_token(parts: list[Frame]) -> int:
    """Read which request something is said of.

    Raises
    ------
    ValueError
        When that is not said.
    """
    return _token_of(parts, "no token")


def write_reply(token: int, ran: bool, frames: list[Frame], code: str = "") -> list[Frame]:
    """Write a worker's reply."""
    return [REPLY, _TOKEN.pack(token), (b"\1" if ran else b"\0") + code.encode(), *frames]


def read_reply(parts: list[Frame]) -> tuple[int, bool, list[Frame]]:
    """Read token, whether the operation was called, and frames of a worker's reply.

    Raises
    ------
    ValueError
        When it is none.
    """
    if len(parts) < 4 or len(parts[2]) == 0:
        raise ValueError("not a worker's reply")
    token = _token_of(parts, "not a worker's reply")
    code = bytes(parts[2][1:]).decode("ascii", "replace")
    return token, parts[2][0] != 0, Refusal(parts[3:], code) if code else parts[3:]


def _token_of(parts: list[Frame], problem: str) -> int:
    try:
        (token,) = _TOKEN.unpack(parts[1])
    except (struct.error, IndexError):
        raise ValueError(problem) from None
    return int(token)
