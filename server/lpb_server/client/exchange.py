"""What a call of the Python client gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from lpb_server.wire.arrays import Array
from lpb_server.wire.envelope import Reply, Request, Timing
from lpb_server.wire.formats import WireFormat

__all__ = ["CallResult", "Exchange"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its reply, with the exact bytes of both.

    Parameters
    ----------
    request, reply : Request, Reply
        As they were understood; the reply may be an error.
    request_frames, reply_frames : tuple of bytes
        ``[header][array 0] …``, without routing frames.
    arrays : dict of str to ndarray
        The arrays of the reply.
    wire_format : WireFormat
        The format of the request's header.
    tries : int
        How many times the request was sent.
    """

    request: Request
    reply: Reply
    request_frames: tuple[bytes, ...]
    reply_frames: tuple[bytes, ...]
    arrays: dict[str, Array]
    wire_format: WireFormat
    tries: int


class CallResult(msgspec.Struct):
    """What a call gave back.

    Parameters
    ----------
    result : dict
        The operation's result.
    arrays : dict of str to ndarray
        Its arrays, read-only.
    certificate : dict or None
        What a checker needs; None unless it was asked for.
    timing : Timing or None
        How long the server took; None for a certified reply.
    certificate_arrays : dict of str to ndarray
        The arrays of the certificate, read-only.
    """

    result: dict[str, Any]
    arrays: dict[str, Array]
    certificate: dict[str, Any] | None
    timing: Timing | None
    certificate_arrays: dict[str, Array] = {}
