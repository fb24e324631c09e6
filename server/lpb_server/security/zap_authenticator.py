"""The ZAP authenticator: decides who may finish a handshake, in a thread of its own.

It is ZeroMQ's authenticator (ZAP, RFC 27) for all sockets of a context: it looks a CURVE key up in
the list of its domain, as that is at this moment, and counts the connections there are. A peer that
is refused learns that, and nothing else.

It also keeps peers from ending the process by the names that they claim (`routing_names`): under
CURVE it names them, and without CURVE it bounds how fast handshakes follow each other, and how many
peers stay connected that never say a word.
"""

from __future__ import annotations

import heapq
import logging
import math
import threading
import time
from typing import Final

import zmq
from zmq.utils import z85

from lpb_server.security.access import Protection
from lpb_server.security.connections import ConnectionLimiter
from lpb_server.security.handshake_rate import HandshakeRate
from lpb_server.security.peer_bytes import PeerBytes
from lpb_server.sockets.descriptors import room_for_connections
from lpb_server.sockets.routing_names import draw_first_names, drawn_name
from lpb_server.sockets.waker import Waker

__all__ = ["ZapAuthenticator"]

_LOG = logging.getLogger(__name__)

_ZAP: Final = "inproc://zeromq.zap.01"
_ZAP_PARTS: Final = 7
_REFUSED: Final = b"400"
_FULL: Final = b"500"  # A 3xx would leave the peer waiting in silence.
_LET_IN: Final = b"200"


class ZapAuthenticator:
    """Guards sockets of one context.

    Parameters
    ----------
    context : zmq.Context
        Whose sockets; a context has one authenticator.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        draw_first_names()
        self._context = context
        self._zap: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self._zap.linger = 0
        self._zap.bind(_ZAP)
        self._limiters: dict[bytes, ConnectionLimiter] = {}
        self._late: list[tuple[float, int, list[bytes]]] = []
        self._count_of_late = 0
        self._waker = Waker()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="authenticator", daemon=True)
        self.refused = 0

    @property
    def connections(self) -> int:
        """How many peers are connected, those still at their handshake included."""
        return sum(map(len, list(self._limiters.values())))

    def guard(
        self,
        socket: zmq.Socket[bytes],
        domain: str,
        protection: Protection | None,
        connections: int,
        *,
        handshakes_per_s: float,
        names_peers: bool = True,
        held: PeerBytes | None = None,
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
        handshakes_per_s : float
            How many peers of one address may come in a second, without CURVE; `connections` of
            them may come at once.
        names_peers : bool
            Whether the socket may know peers by other names than they claim, under CURVE.
        held : PeerBytes, optional
            Says which peers hold too much; they are cut off.
        """
        connections = room_for_connections(connections)
        socket.zap_domain = domain.encode()
        if protection is not None:
            socket.curve_server = True
            socket.curve_secretkey = protection.pair.secret.encode()
        address = f"inproc://authenticator-{domain}"
        socket.monitor(address, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        monitor: zmq.Socket[bytes] = self._context.socket(zmq.PAIR)
        monitor.linger = 0
        monitor.connect(address)
        rate = HandshakeRate(connections, handshakes_per_s) if protection is None else None
        self._limiters[domain.encode()] = ConnectionLimiter(
            monitor,
            protection,
            connections,
            rate,
            held,
            names_peers=names_peers and protection is not None,
        )

    def since(self, domain: str, descriptor: int) -> float:
        """Return what tells a connection from later ones with the same descriptor."""
        limiter = self._limiters.get(domain.encode())
        return 0.0 if limiter is None else limiter.since(descriptor)

    def spoke(self, domain: str, descriptor: int) -> None:
        """Note that the peer behind a descriptor has sent a message; from any thread."""
        limiter = self._limiters.get(domain.encode())
        if limiter is not None:
            limiter.spoke(descriptor)

    def start(self) -> None:
        """Let peers in from now on."""
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._closing = True
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join()
        for socket in (self._zap, *(limiter.monitor for limiter in self._limiters.values())):
            socket.close(linger=0)
        self._waker.close()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        poller.register(self._waker.descriptor, zmq.POLLIN)
        for limiter in self._limiters.values():
            poller.register(limiter.monitor, zmq.POLLIN)
        while not self._closing:
            try:
                events = dict(poller.poll(self._wait_ms()))
                if self._waker.descriptor in events:
                    self._waker.clear()
                self._count()
                self._answer()
                self._answer_late()
                for limiter in self._limiters.values():
                    limiter.look(time.monotonic())
            except zmq.ContextTerminated:
                return
            except Exception:  # Without the authenticator nobody gets in.
                _LOG.exception("the authenticator failed at a handshake")

    def _count(self) -> None:
        for limiter in self._limiters.values():
            limiter.count()

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
            origin = address.decode("ascii", "replace")
            code, text, wait_s = self._decide(domain, key, origin)
            user, name = b"", b""
            if code == _LET_IN:
                user = key.encode()
                name = drawn_name() if self._limiters[domain].names_peers else b""
            else:
                self.refused += 1
                _LOG.info("handshake of %s refused: %s %s", origin, text, key)
            reply = [peer, empty, version, number, code, text.encode(), user, name]
            if wait_s:
                self._count_of_late += 1
                due_s = time.monotonic() + wait_s
                heapq.heappush(self._late, (due_s, self._count_of_late, reply))
            else:
                self._zap.send_multipart(reply)

    def _answer_late(self) -> None:
        """Answer the peers whose time has come; those that have gone meanwhile are not there."""
        while self._late and self._late[0][0] <= time.monotonic():
            self._zap.send_multipart(heapq.heappop(self._late)[2])

    def _wait_ms(self) -> int | None:
        """Return how long nothing has to be done, in milliseconds; None for ever."""
        due_s = [item[0] for item in self._late[:1]]
        for limiter in self._limiters.values():
            due_s += limiter.due_s()
        if not due_s:
            return None
        return max(1, math.ceil((min(due_s) - time.monotonic()) * 1000))

    def _decide(self, domain: bytes, key: str, origin: str) -> tuple[bytes, str, float]:
        """Return code and text of the answer to a peer, and how many seconds it has to wait."""
        limiter = self._limiters.get(domain)
        if limiter is None:
            return _REFUSED, "no such domain", 0.0
        if limiter.protection is not None and not limiter.protection.allowed.permits(key):
            return _REFUSED, "the key is not allowed", 0.0
        if limiter.is_full:
            return _FULL, "too many connections", 0.0
        wait_s = limiter.rate.wait_s(origin, time.monotonic()) if limiter.rate is not None else 0.0
        if wait_s is None:
            return _FULL, "too many new connections from there", 0.0
        return _LET_IN, "", wait_s
