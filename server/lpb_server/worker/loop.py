"""A worker: takes requests from a broker and runs them, one after the other.

One thread talks to the broker, so that heartbeats keep their own time; another one computes. The
worker says READY, and again when the broker does not know it. When the broker is silent for too
long, it opens a new connection, with growing waits. It ends when the broker says STOP, or when the
pipe from the process that started it closes.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec
import zmq

from lpb_server.process.memory import ReturnsMemory
from lpb_server.security.keys import ClientCurve
from lpb_server.service import Service
from lpb_server.settings.config import PoolConfig
from lpb_server.sockets.backoff import Backoff
from lpb_server.sockets.durations import milliseconds
from lpb_server.sockets.frames import receive_parts, usable
from lpb_server.sockets.waker import Waker
from lpb_server.wire.intake import Rejected
from lpb_server.wire.refusal import code_of
from lpb_server.wire.values import Frame
from lpb_server.worker import messages as say

__all__ = ["RECONNECT_BACKOFF", "Worker"]

_LOG = logging.getLogger(__name__)

RECONNECT_BACKOFF: Final = Backoff(first_s=0.1, factor=2.0, limit_s=10.0)
_FLUSH_MS: Final = 1000
_ORPHANED: Final = 1


class _Request(msgspec.Struct):
    token: int
    waited_s: float
    frames: list[Frame]
    came_s: float


class Worker:
    """Runs requests of one broker.

    Parameters
    ----------
    service : Service
        Runs them.
    endpoint : str
        The broker's endpoint for workers.
    identity : bytes
        Names this worker; unique.
    pool : PoolConfig
        Heartbeat and liveness, the same as the broker's.
    parent_pipe : int, optional
        A file descriptor that closes when the parent is gone; the process then ends at once.
    curve : ClientCurve, optional
        For a broker that wants it.
    """

    def __init__(
        self,
        service: Service,
        endpoint: str,
        identity: bytes,
        pool: PoolConfig,
        parent_pipe: int | None = None,
        curve: ClientCurve | None = None,
    ) -> None:
        self._curve = curve
        self._service = service
        self._endpoint = endpoint
        self._identity = identity
        self._pool = pool
        self._parent_pipe = parent_pipe
        self._inbox: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[list[Frame]] = queue.SimpleQueue()
        self._under_way = 0
        self._bytes_in = 0
        self._leaving = False
        self._said_goodbye = False
        self._silences = 0
        self.failed = False
        self._waker = Waker()

    @property
    def wake_descriptor(self) -> int:
        """A file descriptor that wakes `run` when a byte is written to it."""
        return self._waker.sender_descriptor

    def leave(self) -> None:
        """Make `run` return once the broker has let go; from a signal handler, too."""
        self._leaving = True
        self._waker.wake()

    def run(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Work until told to stop, or until nothing computes any more: `failed` is then true."""
        computing = threading.Thread(target=self._compute, name="computing", daemon=True)
        computing.start()
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            while not self._connect_once(context):
                if self.failed:
                    return
                self._silences += 1
                wait_s = RECONNECT_BACKOFF.wait_s(self._silences, random.random())
                _LOG.warning("no word from the broker; connecting again in %.1f s", wait_s)
                if self._leaving:
                    return
                sleep(wait_s)
        finally:
            self._inbox.put(None)
            context.term()
            self._waker.close()

    def _connect_once(self, context: zmq.Context[zmq.Socket[bytes]]) -> bool:
        try:
            return self._stay_connected(context)
        except zmq.Again:  # Refused: the socket has nobody to send to, and would wait for ever.
            return False

    def _stay_connected(self, context: zmq.Context[zmq.Socket[bytes]]) -> bool:
        """Work over one connection; tell whether that was all, rather than the broker silent."""
        with context.socket(zmq.DEALER) as connection:
            connection.identity = self._identity
            connection.linger = _FLUSH_MS
            connection.sndtimeo = 0
            connection.ipv6 = self._endpoint.startswith("tcp://[")
            if self._curve is not None:
                self._curve.apply(connection)
            connection.connect(self._endpoint)
            poller = zmq.Poller()
            poller.register(connection, zmq.POLLIN)
            poller.register(self._waker.descriptor, zmq.POLLIN)
            if self._parent_pipe is not None:
                poller.register(self._parent_pipe, zmq.POLLIN)
            self._said_goodbye = False
            connection.send(say.HEARTBEAT if self._under_way else say.READY)
            heard_s = time.monotonic()
            beat_s = heard_s + self._pool.heartbeat_s
            while True:
                wait_s = min(beat_s, heard_s + self._pool.liveness_s) - time.monotonic()
                events = dict(poller.poll(milliseconds(wait_s)))
                if self._parent_pipe in events and not os.read(self._parent_pipe or 0, 4096):
                    os._exit(_ORPHANED)  # Whatever is computing: nobody waits for it any more.
                if self._waker.descriptor in events:
                    self._waker.clear()
                self._send_replies(connection)
                if self.failed:
                    return True  # The broker sees its end, or hears no more, and counts it lost.
                if connection in events:
                    heard_s, self._silences = time.monotonic(), 0
                    if self._hear(connection):
                        return True
                now_s = time.monotonic()
                if self._leaving and not self._said_goodbye:
                    connection.send(say.GOODBYE)
                    self._said_goodbye = True
                if now_s >= beat_s:
                    connection.send(say.HEARTBEAT)
                    beat_s = now_s + self._pool.heartbeat_s
                if now_s - heard_s > self._pool.liveness_s:
                    connection.linger = 0
                    return False

    def _hear(self, connection: zmq.Socket[bytes]) -> bool:
        """Take what the broker sent; tell whether it said STOP."""
        while True:
            try:
                parts = list(map(usable, receive_parts(connection)))
            except zmq.Again:
                return False
            word = bytes(parts[0])
            if word == say.STOP:
                return True
            if word == say.WHO and not self._under_way and not self._leaving:
                connection.send(say.READY)
            elif word == say.REQUEST:
                self._under_way += 1
                self._inbox.put(_Request(*say.read_request(parts), time.monotonic()))
            elif word == say.RECALL:
                token = say.read_token(parts)
                if self._take_back(token):
                    self._under_way -= 1
                    connection.send_multipart(say.write_token(say.RETURNED, token))

    def _take_back(self, token: int) -> bool:
        """Take a request out of those that wait; tell whether it still was among them."""
        waiting: list[_Request | None] = []
        with suppress(queue.Empty):
            while True:
                waiting.append(self._inbox.get_nowait())
        kept = [item for item in waiting if item is None or item.token != token]
        for item in kept:
            self._inbox.put(item)
        return len(kept) < len(waiting)

    def _send_replies(self, connection: zmq.Socket[bytes]) -> None:
        while not self._outbox.empty():
            self._under_way -= 1
            connection.send_multipart(self._outbox.get(), copy=False)

    def _compute(self) -> None:
        memory = ReturnsMemory()
        try:
            while self._compute_next():
                memory.after(self._bytes_in)
        except BaseException:  # Whatever it is: without this thread, nothing is answered any more.
            _LOG.critical("the computing thread has failed; this worker ends", exc_info=True)
            self.failed = True
            self._waker.wake()

    def _compute_next(self) -> bool:
        """Run the next request; tell whether there was one.

        A function of its own, so that the last request is gone when the next one comes.
        """
        request = self._inbox.get()
        if request is None:
            return False
        self._bytes_in += sum(map(len, request.frames))
        opened = self._service.open(request.frames)
        if isinstance(opened, Rejected):  # The broker lets none through that it would reject.
            ran, reply = False, opened.reply
        else:
            waited_s = request.waited_s + time.monotonic() - request.came_s
            handled = self._service.run(opened, waited_s)
            ran, reply = handled.ran, handled.reply
        self._outbox.put(say.write_reply(request.token, ran, reply, code_of(reply)))
        self._waker.wake()
        return True
