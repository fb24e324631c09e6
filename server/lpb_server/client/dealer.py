"""The socket that every client speaks through, and how it reads what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zmq

from lpb_server.client.handshake import HandshakeWatch
from lpb_server.security.keys import ClientCurve
from lpb_server.sockets.send_buffer import bound_send_buffer
from lpb_server.wire.envelope import Reply
from lpb_server.wire.limits import Limits
from lpb_server.wire.messages import decode_reply
from lpb_server.wire.values import Frame

if TYPE_CHECKING:
    from lpb_server.wire.arrays import Array

__all__ = ["open_dealer", "read_reply"]


def open_dealer(
    context: zmq.Context[zmq.Socket[bytes]],
    endpoint: str,
    limits: Limits,
    curve: ClientCurve | None,
    heartbeat_ms: int = 0,
) -> tuple[zmq.Socket[bytes], HandshakeWatch]:
    """Open a DEALER socket that connects, and what watches its handshakes.

    Parameters
    ----------
    context : zmq.Context
        Whose socket it is.
    endpoint : str
        Where to connect.
    limits : Limits
        What a reply may cost.
    curve : ClientCurve, optional
        For a server that wants it.
    heartbeat_ms : int
        How often a silent peer is asked for a sign of life; 0 never.

    Raises
    ------
    zmq.ZMQError, OSError
        When it cannot be opened, or the endpoint cannot be used.
    """
    connection = context.socket(zmq.DEALER)
    watch: HandshakeWatch | None = None
    try:
        connection.linger = 0
        bound_send_buffer(connection, endpoint)
        connection.maxmsgsize = limits.frame_bytes
        connection.ipv6 = endpoint.startswith("tcp://[")
        if heartbeat_ms:
            connection.heartbeat_ivl = heartbeat_ms
        if curve is not None:
            curve.apply(connection)
        watch = HandshakeWatch(connection, curve=curve is not None)
        connection.connect(endpoint)
    except BaseException:
        if watch is not None:
            watch.close()
        connection.close(linger=0)  # Otherwise the end of its context would wait for it.
        raise
    return connection, watch


def read_reply(
    received: list[Frame], limits: Limits
) -> tuple[Reply, list[Frame], dict[str, Array]]:
    """Return the reply that a message holds, its frames and its arrays.

    Parameters
    ----------
    received : list of frames
        As they came; what belongs to no reply is taken out of it.
    limits : Limits
        What a reply may cost.

    Raises
    ------
    WireError
        When it is none.
    """
    if len(received) > 1 and len(received[0]) == 0:
        del received[0]  # A REP or REQ-minded peer keeps the delimiter.
    message = decode_reply(received, limits)
    return message.reply, received, message.arrays
