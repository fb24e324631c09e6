"""Bytes that are held for peers have a bound, for each and for all of them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
import zmq
from conditions import await_read
from fault_helpers import WAIT_S, memory_bytes, server_process
from lpb_server.client import BridgeClient
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.frontend.reply_cache import ReplyCache
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.security.peer_bytes import PeerBytes
from lpb_server.service import Service
from lpb_server.settings.config import CacheLimits, ServerConfig, half_of_memory
from lpb_server.wire import Limits, Request, WireFormat, encode_message
from lpb_server.wire.arrays import encode_arrays
from test_attacks_names import raw_peer

Serve = Callable[..., AbstractContextManager[BridgeServer]]

FREE_PORT = "tcp://127.0.0.1:*"
MIB = 1 << 20
SMALL = ("--limits-array-bytes", str(8 * MIB), "--peer-bytes", str(4 * MIB))


def flood(peer: socket.socket, message: Callable[[int], bytes], taken: Callable[[], int]) -> None:
    """Send until the server ends the connection, or has taken a gigabyte and a half."""
    peer.settimeout(WAIT_S)
    number = 0
    while taken() < 1500 * MIB:
        peer.sendall(message(number))
        number += 1


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_message_that_never_ends_is_cut_off(workers: str) -> None:
    with (
        server_process("--workers", workers, *SMALL) as (child, endpoint),
        raw_peer(endpoint, b"") as peer,
    ):
        before = memory_bytes(child.pid)
        frame = b"\x03" + (1 << 16).to_bytes(8, "big") + bytes(1 << 16)
        with pytest.raises(ConnectionError):
            flood(peer, lambda number: frame, lambda: memory_bytes(child.pid) - before)
        with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
            client.ping()


def test_replies_that_are_not_read_are_bounded() -> None:
    array = np.zeros(MIB // 8)
    headers, frames = encode_arrays({"x": array})

    def request(number: int) -> bytes:
        header = encode_message(Request(f"{number:032d}", "echo", {}, headers), WireFormat.MSGPACK)[
            0
        ]
        return b"".join(
            [
                *(b"\x01", bytes([len(header)]), header),
                *(b"\x02", len(frames[0]).to_bytes(8, "big"), frames[0]),
            ]
        )

    with (
        server_process("--workers", "0", *SMALL) as (child, endpoint),
        raw_peer(endpoint, b"") as peer,
    ):
        before = memory_bytes(child.pid)
        with pytest.raises(ConnectionError):
            flood(peer, request, lambda: memory_bytes(child.pid) - before)
        assert memory_bytes(child.pid) - before < 200 * MIB
        with BridgeClient(endpoint, timeout_s=10, tries=2) as client:
            assert client.call("echo", arrays={"x": array}).arrays["x"].nbytes == MIB


def test_who_reads_gets_replies_of_any_size() -> None:
    array = np.zeros(6 * MIB // 8)
    with (
        server_process("--workers", "0", *SMALL) as (_, endpoint),
        BridgeClient(endpoint, timeout_s=10, tries=1, shared_memory=False) as client,
    ):
        for _ in range(20):
            assert client.call("echo", arrays={"x": array}).arrays["x"].nbytes == 6 * MIB


def test_requests_that_wait_are_bounded_in_bytes(serve: Serve) -> None:
    entered, leave = threading.Event(), threading.Event()

    @operation("wait", params={"type": "object"}, summary="Wait.", arrays=None)
    def wait(params: Any, arrays: Any) -> Outcome:
        entered.set()
        leave.wait(20)
        return Outcome({})

    registry = default_registry()
    registry.add(wait)
    config = ServerConfig(FREE_PORT, peer_bytes=3 * MIB)
    headers, frames = encode_arrays({"x": np.zeros(MIB // 8)})
    replies = []
    with (
        serve(config, Service(registry)) as server,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as peer,
    ):
        peer.linger = 0
        peer.sndhwm = 1  # So that all but the last two have gone when the last one is sent.
        peer.connect(server.endpoint)
        for number in range(8):
            request = Request(f"{number:032d}", "wait", {}, headers)
            peer.send_multipart(encode_message(request, WireFormat.JSON, frames))
        assert entered.wait(10)
        await_read(server.endpoint)  # The server looks again when the operation ends.
        leave.set()
        for _ in range(8):
            assert peer.poll(10_000)
            replies.append(peer.recv_multipart()[0])
    refused = [reply for reply in replies if b"overloaded" in reply]
    # Three may wait. The first one counts, too, for as long as its bytes are not given back.
    assert 2 <= len(refused) <= 7
    assert all(b"limit_bytes" in reply for reply in refused)


def test_what_is_held_is_counted() -> None:
    counts = {1: (0, 0), 2: (0, 0), 3: (0, 0)}
    held = PeerBytes(100, 50, 150, lambda descriptor: counts.get(descriptor))
    assert held.excess([1, 2, 3, 4]) == []
    counts.update({1: (0, 90), 2: (0, 101), 3: (0, 5)})
    assert held.excess([1, 2, 3, 4]) == [2]
    held.take(2)
    assert held.excess([1, 2, 3]) == []  # What came counts from its last whole message on.
    counts[3] = (0, 95)
    assert held.excess([1, 2, 3]) == [3]  # The most of what is too much together.
    assert held.may_send(1, 1000)  # One reply may be as large as it is.
    assert not held.may_send(1, 1)
    counts[1] = (970, 0)
    assert held.may_send(1, 20)
    assert not held.may_send(1, 1)
    held.forget(1)
    assert held.may_send(1, 1)
    assert held.may_send(4, 1000)  # Nothing is known of it.
    assert held.may_send(4, 1000)


def test_frames_of_kept_replies_are_counted() -> None:
    cache = ReplyCache(CacheLimits(total_bytes=MIB), time.monotonic)
    for number in range(100):
        key = "", str(number)
        cache.start(key, [b""] * 4000)
        cache.finish(key, [b"x"] * 4000, repeatable=False)
    assert len(cache) * 4000 * 60 <= MIB


def test_the_memory_that_there_is() -> None:
    assert 64 * MIB <= half_of_memory() < 1 << 50
    assert ServerConfig(limits=Limits()).total_bytes == half_of_memory()
