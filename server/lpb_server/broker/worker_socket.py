"""The socket that workers talk to: a ROUTER, on this machine and perhaps for others.

The broker's own workers reach it over a socket file that only this user can reach. Workers
elsewhere connect to an endpoint of their own, whose keys are on a list of their own: a client's key
lets nobody receive the requests of others.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import zmq

from lpb_server.errors import BindError
from lpb_server.security.access import check_bind, protection
from lpb_server.security.keys import Role
from lpb_server.security.zap_authenticator import ZapAuthenticator
from lpb_server.settings.config import PoolConfig, ServerConfig
from lpb_server.sockets.durations import milliseconds
from lpb_server.sockets.frames import Arrivals, send_frames, usable
from lpb_server.sockets.socket_files import (
    FOLDER_PREFIX,
    WORKERS_SOCKET,
    claimed,
    remove_left_folders,
)
from lpb_server.wire.values import Frame
from lpb_server.worker import messages as say

__all__ = ["Backend"]

_LOG = logging.getLogger(__name__)
_DOMAIN: Final = "workers"
_MOST_HEARD: Final = 1 << 12


class Backend:
    """Binds the endpoints for workers; it belongs to the thread that made it.

    Parameters
    ----------
    context : zmq.Context
        Where the socket is made.
    config : ServerConfig
        What protects it.
    pool : PoolConfig
        Where workers elsewhere connect to.
    authenticator : ZapAuthenticator
        The context's, not started yet.

    Raises
    ------
    MalformedEndpoint, InsecureBindError, BindError, KeyFileError
        As for clients.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        config: ServerConfig,
        pool: PoolConfig,
        authenticator: ZapAuthenticator,
    ) -> None:
        public = pool.workers_endpoint
        self._protection = None
        self._authenticator = authenticator
        self._heard: set[bytes] = set()
        self._files = ExitStack()
        if public:
            check_bind(public, insecure=config.insecure, curve=config.curve)
            self._protection = protection(config, Role.WORKER)
        self.socket: zmq.Socket[bytes] = context.socket(zmq.ROUTER)
        self._arrivals = Arrivals(self.socket)
        remove_left_folders()
        self._directory = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))  # Only this user's.
        try:
            self.socket.router_mandatory = True
            self.socket.router_handover = True  # A worker that connects again keeps its name.
            own = f"ipc://{self._directory}/{WORKERS_SOCKET}"
            self._files.enter_context(claimed(own))
            self.socket.bind(own)
            self.endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
            self.public_endpoint = ""
            if public:
                # What is set from here on holds for what is bound from here on.
                authenticator.guard(
                    self.socket,
                    _DOMAIN,
                    self._protection,
                    config.connections,
                    handshakes_per_s=config.handshakes_per_s,
                    names_peers=False,  # A worker that connects again keeps its name.
                )
                self.socket.handshake_ivl = milliseconds(config.handshake_s)
                self.socket.ipv6 = public.startswith("tcp://[")
                self._files.enter_context(claimed(public))
                self.socket.bind(public[:-1] + "*" if public.endswith(":0") else public)
                self.public_endpoint = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
                if self._protection is None and not public.startswith("ipc://"):
                    _LOG.warning(
                        "%s has no CURVE: whoever reaches it can take requests and answer them",
                        self.public_endpoint,
                    )
        except (zmq.ZMQError, OSError) as error:
            self.close()
            self.release()
            raise BindError(public or self._directory.name, error.strerror or str(error)) from None
        except BaseException:
            self.close()
            self.release()
            raise

    def close(self, linger_ms: int = 0) -> None:
        """Close the socket; what is still under way has that long."""
        self.socket.close(linger=linger_ms)

    def release(self) -> None:
        """Let go of the files, once the context has ended: ZeroMQ removes its own until then."""
        self._files.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def receive(self, *, ready: bool = False) -> Iterator[tuple[bytes, list[Frame]]]:
        """Yield what workers say: their name, and frames.

        Of a worker whose key is not allowed any more it yields the one word ``REVOKED``.

        Parameters
        ----------
        ready : bool
            Whether a poller has just seen something.
        """
        while parts := self._arrivals.take(ready=ready):
            ready = False
            worker = parts[0].bytes
            if worker not in self._heard:
                self._note(worker, parts[-1])
            if not self._permits(parts[-1]):
                _LOG.warning("worker %s: its key is not allowed any more", worker.hex())
                yield worker, [say.REVOKED]
            else:
                yield worker, list(map(usable, parts[1:]))

    def tell(self, worker: bytes, frames: list[Frame]) -> None:
        """Send to a worker; it is dropped when the worker is gone."""
        try:
            send_frames(self.socket, [worker, *frames])
        except zmq.ZMQError as error:
            # A connection that is gone; the worker's end, or its silence, will be noticed.
            _LOG.debug("message to worker %s dropped: %s", worker.hex(), error)

    def _note(self, worker: bytes, part: zmq.Frame) -> None:
        """Note that a worker speaks, here and at the authenticator."""
        if len(self._heard) >= _MOST_HEARD:
            self._heard.clear()
        self._heard.add(worker)
        self._authenticator.spoke(_DOMAIN, int(part.get(zmq.SRCFD)))

    def _permits(self, part: zmq.Frame) -> bool:
        if self._protection is None:
            return True
        try:
            user = str(part.get("User-Id"))
        except zmq.ZMQError:
            return True  # It came over the socket file.
        return self._protection.allowed.permits(user)
