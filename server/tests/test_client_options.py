"""The client's options, waits and certificates."""

from __future__ import annotations

import errno
import math
import subprocess
import sys
import threading
from itertools import pairwise
from typing import Any

import pytest
import zmq
from client_support import ServeScript, raising, reply_with
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.client import (
    Backoff,
    BridgeClient,
    new_id,
)
from lpb_server.errors import (
    CertificateMissing,
    ClientClosed,
    EndpointError,
    MalformedEndpoint,
    ProtocolError,
)
from lpb_server.wire import (
    Reply,
    WireFormat,
    decode_request,
    encode_message,
)


@pytest.mark.parametrize(
    "endpoint", ["nonsense", "tcp://", "tcp://127.0.0.1", "smtp://x:1", "tcp://127.0.0.1:70991"]
)
def test_an_endpoint_that_is_none(endpoint: str) -> None:
    with pytest.raises(MalformedEndpoint, match="is no endpoint") as caught:
        BridgeClient(endpoint)
    assert isinstance(caught.value, ValueError)


def test_an_endpoint_that_cannot_be_used_here(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = zmq.Socket.connect

    def fail(self: zmq.Socket[bytes], address: str) -> object:
        if address.startswith("tcp:"):
            raise zmq.ZMQError(errno.EMFILE)
        return connect(self, address)

    monkeypatch.setattr(zmq.Socket, "connect", fail)
    endpoint = "tcp://127.0.0.1:5555"
    with BridgeClient(endpoint) as client, raising(EndpointError, endpoint, 1) as caught:
        client.ping()
    assert caught.value.cause


@pytest.mark.parametrize("timeout_s", [math.inf, 1e300, 2.0**31, 1e10])
def test_any_time_out_however_long(endpoint: str, timeout_s: float) -> None:
    with BridgeClient(endpoint, timeout_s=timeout_s) as client:
        for _ in range(2):
            client.ping()


def test_no_limit_is_none_after_the_longest_wait_of_a_c_int(
    serve_script: ServeScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lpb_server.sockets.durations.MOST_MS", 1)  # 24.8 days, cut short.
    ready = threading.Event()

    def late(number: int, frames: list[bytes]) -> list[list[bytes]]:
        ready.wait(0.05)
        message = decode_request(frames)[0]
        return [encode_message(Reply(message.id, {"pong": True}), WireFormat.JSON)]  # type: ignore[list-item]

    with (
        serve_script(late) as endpoint,
        BridgeClient(endpoint, timeout_s=math.inf, tries=1) as client,
    ):
        client.ping()
        client.ping()


@pytest.mark.parametrize(
    "options",
    [{"first_s": math.nan}, {"limit_s": math.inf}, {"factor": 1e300}, {"jitter": 2}, {"factor": 0}],
)
def test_waits_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        Backoff(**options)


def test_waits_grow_and_are_bounded(serve_script: ServeScript) -> None:
    waits: list[float] = []
    backoff = Backoff(first_s=1.0, factor=2.0, limit_s=3.0, jitter=0.0)
    with (
        serve_script(lambda number, frames: [[b"x"]]) as endpoint,
        BridgeClient(endpoint, tries=5, backoff=backoff, sleep=waits.append) as client,
        raising(ProtocolError, endpoint, 5),
    ):
        client.ping()
    assert waits == [1.0, 2.0, 3.0, 3.0]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_stays_within_its_bounds(failures: int, uniform: float) -> None:
    backoff = Backoff()
    full = min(backoff.first_s * backoff.factor ** min(failures - 1, 60), backoff.limit_s)
    wait = backoff.wait_s(failures, uniform)
    assert full * (1 - backoff.jitter) <= wait <= full


@pytest.mark.parametrize(
    "options", [{"tries": 0}, *({"timeout_s": value} for value in (0.0, -1.0, math.nan))]
)
def test_settings_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        BridgeClient("tcp://127.0.0.1:1", **options)


def test_ids_have_128_random_bits() -> None:
    drawn = {new_id() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(bytes.fromhex(name)) == 16 for name in drawn)
    assert all(left != right for left, right in pairwise(sorted(drawn)))


def test_a_closed_client_stays_closed(endpoint: str) -> None:
    client = BridgeClient(endpoint)
    client.ping()
    client.close()
    client.close()
    with raising(ClientClosed, endpoint, 0) as caught:
        client.ping()
    assert "the client is closed" in str(caught.value)
    with raising(ClientClosed, endpoint, 0):
        client.exchange("ping")


def test_an_unclosed_client_is_warned_of(endpoint: str) -> None:
    program = f"from lpb_server.client import BridgeClient\nBridgeClient({endpoint!r}).ping()\n"
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "ResourceWarning: Unclosed" in ended.stderr


def test_a_certificate_that_was_asked_for_must_come(serve_script: ServeScript) -> None:
    def without(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [reply_with(Reply(decode_request(frames)[0].id, {"sum": 1.0}))]

    with (
        serve_script(without) as endpoint,
        BridgeClient(endpoint) as client,
        raising(CertificateMissing, endpoint, 1),
    ):
        client.matrix_sum([[1.0]], certify=True)


def test_a_certificate_that_nobody_asked_for_is_left_aside(serve_script: ServeScript) -> None:
    def unasked(number: int, frames: list[bytes]) -> list[list[bytes]]:
        name = decode_request(frames)[0].id
        return [reply_with(Reply(name, {"sum": 1.0}, certificate={"bound": 0.0}))]

    with serve_script(unasked) as endpoint, BridgeClient(endpoint) as client:
        assert client.matrix_sum([[1.0]]).certificate is None
