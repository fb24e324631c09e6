"""The gate: decides who may finish a handshake, in a thread of its own.

It is ZeroMQ's authenticator (ZAP, RFC 27) for all sockets of a context: it looks a CURVE key up in
the list of its domain, as that is at this moment, and counts the connections there are. A peer that
is refused learns that, and nothing else.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Final

import zmq
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

from lpb_server.security import Protection
from lpb_server.transport.waker import Waker

__all__ = ["Gate"]

_LOG = logging.getLogger(__name__)

_ZAP: Final = "inproc://zeromq.zap.01"
_ZAP_PARTS: Final = 7
_REFUSED: Final = b"400"
_FULL: Final = b"500"  # A 3xx would leave the peer waiting in silence.
_LET_IN: Final = b"200"


@dataclass(slots=True)
class _Door:
    monitor: zmq.Socket[bytes]
    protection: Protection | None
    connections: int
    accepted: set[int] = field(default_factory=set)


class Gate:
    """Guards sockets of one context.

    Parameters
    ----------
    context : zmq.Context
        Whose sockets; a context has one gate.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._context = context
        self._zap: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self._zap.linger = 0
        self._zap.bind(_ZAP)
        self._doors: dict[bytes, _Door] = {}
        self._waker = Waker()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)
        self.refused = 0

    @property
    def connections(self) -> int:
        """How many peers are connected, those still at their handshake included."""
        return sum(len(door.accepted) for door in list(self._doors.values()))

    def guard(
        self,
        socket: zmq.Socket[bytes],
        domain: str,
        protection: Protection | None,
        connections: int,
    ) -> None:
        """Guard what a socket binds after this; before `start`.

        Parameters
        ----------
        socket : zmq.Socket
            Of this context.
        domain : str
            Tells it from the other sockets.
        protection : Protection or None
            CURVE; None lets everybody in, up to the number of connections.
        connections : int
            How many peers may be connected at most.
        """
        socket.zap_domain = domain.encode()
        if protection is not None:
            socket.curve_server = True
            socket.curve_secretkey = protection.pair.secret.encode()
        address = f"inproc://gate-{domain}"
        socket.monitor(address, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        monitor: zmq.Socket[bytes] = self._context.socket(zmq.PAIR)
        monitor.linger = 0
        monitor.connect(address)
        self._doors[domain.encode()] = _Door(monitor, protection, connections)

    def start(self) -> None:
        """Let peers in from now on."""
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._closing = True
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join()
        for socket in (self._zap, *(door.monitor for door in self._doors.values())):
            socket.close(linger=0)
        self._waker.close()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        poller.register(self._waker.descriptor, zmq.POLLIN)
        for door in self._doors.values():
            poller.register(door.monitor, zmq.POLLIN)
        while not self._closing:
            try:
                events = dict(poller.poll())
                if self._waker.descriptor in events:
                    self._waker.clear()
                self._count()
                self._answer()
            except zmq.ContextTerminated:
                return
            except Exception:  # Without the gate nobody gets in.
                _LOG.exception("the gate failed at a handshake")

    def _count(self) -> None:
        for door in self._doors.values():
            while door.monitor.poll(0):
                event = recv_monitor_message(door.monitor, zmq.NOBLOCK)
                if event["event"] == zmq.EVENT_ACCEPTED:
                    door.accepted.add(event["value"])
                elif event["event"] == zmq.EVENT_DISCONNECTED:
                    door.accepted.discard(event["value"])

    def _answer(self) -> None:
        while True:
            try:
                parts = self._zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) < _ZAP_PARTS + 1:
                continue
            peer, empty, version, number, domain, address, _, mechanism, *credentials = parts
            self._count()  # The connection that asks is among those accepted by now.
            key = ""
            if mechanism == b"CURVE" and credentials:
                key = z85.encode(credentials[0]).decode()
            code, text = self._decide(domain, key)
            if code != _LET_IN:
                self.refused += 1
                _LOG.info("handshake of %s refused: %s %s", address.decode(), text, key)
            user = key.encode() if code == _LET_IN else b""
            reply = [peer, empty, version, number, code, text.encode(), user, b""]
            self._zap.send_multipart(reply)

    def _decide(self, domain: bytes, key: str) -> tuple[bytes, str]:
        door = self._doors.get(domain)
        if door is None:
            return _REFUSED, "no such domain"
        if door.protection is not None and not door.protection.allowed.permits(key):
            return _REFUSED, "the key is not allowed"
        if len(door.accepted) > door.connections:
            return _FULL, "too many connections"
        return _LET_IN, ""
