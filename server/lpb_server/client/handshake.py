"""Watches a client's handshake: without that, a refused client sees nothing but silence."""

from __future__ import annotations

from typing import Final

import zmq

from lpb_server.sockets.monitor import read_event

__all__ = ["HandshakeWatch"]

_EVENTS: Final = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
_NOT_ALLOWED: Final = 400
_MECHANISM_MISMATCH: Final = 0x11000002  # ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH


class HandshakeWatch:
    """What becomes of the handshakes of a socket that is about to connect.

    Parameters
    ----------
    connection : zmq.Socket
        A client's.
    curve : bool
        Whether it speaks CURVE.
    """

    def __init__(self, connection: zmq.Socket[bytes], *, curve: bool) -> None:
        self._curve = curve
        self.socket: zmq.Socket[bytes] = connection.get_monitor_socket(_EVENTS)
        self._connection = connection
        self.succeeded = False
        self.final = False
        self.failure = ""

    def look(self) -> None:
        """Take note of what has happened; `failure` says why the last handshake failed."""
        while self.socket.poll(0):
            self._note(*read_event(self.socket))

    def _note(self, event: int, value: int) -> None:
        if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.succeeded, self.failure = True, ""
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH and value == _NOT_ALLOWED:
            self.final = True
            self.failure = (
                "the server refused this client's key: check that its administrator has allowed it "
                "(lpb keys allow) and has not revoked it"
                if self._curve
                else "the server refused this client"
            )
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self.failure = "the server has too many connections, or cannot tell who may come in"
        elif event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL and value == _MECHANISM_MISMATCH:
            self.final = True
            self.failure = (
                "the server does not speak CURVE: check the endpoint, or use no key"
                if self._curve
                else "the server wants CURVE: give a key of yours and the server's public key"
            )
        elif not self.failure:
            # Of two ends that speak differently, the one that sees it first hangs up, and the
            # other may see no more than that.
            self.failure = (
                "the server ended the handshake: check that its public key is the one given here, "
                "and that it speaks CURVE"
                if self._curve
                else "the server ended the handshake: check that it is a bridge server, and "
                "whether it wants CURVE"
            )

    def close(self) -> None:
        """Watch no longer."""
        self._connection.disable_monitor()
        self.socket.close(linger=0)
