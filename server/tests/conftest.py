"""Fixtures: a real server on a free port, and servers that misbehave in a scripted way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest
import zmq
from hypothesis import HealthCheck, settings
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig

# How fast examples come says how busy the machine is, and nothing about the code.
settings.register_profile(
    "bridge", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("bridge")

FREE_PORT = "tcp://127.0.0.1:*"
JOIN_TIMEOUT_S = 10.0

Script = Callable[[int, list[bytes]], Sequence[Sequence[bytes]]]
"""From the number of the request (from 0) and its frames to the messages that answer it."""


@contextmanager
def running_server(
    config: ServerConfig | None = None, service: Service | None = None
) -> Iterator[BridgeServer]:
    """Run a real server in a thread of its own; yield it when it is bound."""
    config = config or ServerConfig(endpoint=FREE_PORT)
    server = BridgeServer(service or Service(default_registry(), config.limits), config)
    bound = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with server:
                bound.set()
                server.serve()
        except BaseException as error:
            failures.append(error)
            bound.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert bound.wait(JOIN_TIMEOUT_S)
        if failures:
            raise failures[0]
        yield server
    finally:
        server.stop()
        thread.join(JOIN_TIMEOUT_S)
    assert not thread.is_alive()
    assert not failures


@contextmanager
def scripted_server(script: Script) -> Iterator[str]:
    """Run a ROUTER that answers as a script says; yield its endpoint."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.linger = 0
    router.bind(FREE_PORT)
    control = context.socket(zmq.PAIR)
    control.bind("inproc://stop")
    stopper = context.socket(zmq.PAIR)
    stopper.connect("inproc://stop")
    failures: list[BaseException] = []

    def run() -> None:
        number = 0
        poller = zmq.Poller()
        poller.register(router, zmq.POLLIN)
        poller.register(control, zmq.POLLIN)
        try:
            while True:
                events = dict(poller.poll())
                if control in events:
                    return
                identity, *frames = router.recv_multipart()
                for reply in script(number, frames):
                    router.send_multipart([identity, *reply])
                number += 1
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield router.getsockopt_string(zmq.LAST_ENDPOINT)
    finally:
        stopper.send(b"")
        thread.join(JOIN_TIMEOUT_S)
        for item in (stopper, control, router):
            item.close(linger=0)
        context.term()
    assert not failures, failures


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The endpoint of a real server."""
    with running_server() as server:
        yield server.endpoint


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[BridgeServer]]:
    """Start a real server with a configuration or a service."""
    return running_server


@pytest.fixture
def serve_script() -> Callable[[Script], AbstractContextManager[str]]:
    """Start a server that misbehaves."""
    return scripted_server
