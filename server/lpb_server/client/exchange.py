"""What a call of the Python client gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from lpb_server.wire.envelope import Reply, Request, Timing
from lpb_server.wire.formats import WireFormat

if TYPE_CHECKING:
    from rich.table import Table

    from lpb_server.wire.arrays import Array

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
    op : str
        The operation that was called.
    checked : bool
        Whether Python's checker has accepted the certificate, here.

    Notes
    -----
    Notebooks show it as a table, and so does rich's ``print``.
    """

    result: dict[str, Any]
    arrays: dict[str, Array]
    certificate: dict[str, Any] | None
    timing: Timing | None
    certificate_arrays: dict[str, Array] = {}
    op: str = ""
    checked: bool = False

    def _repr_html_(self) -> str:
        from lpb_server.client.showing import as_html  # Few calls are shown.

        return as_html(self)

    def __rich__(self) -> Table:
        from lpb_server.client.showing import as_table

        return as_table(self)
