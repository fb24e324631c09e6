"""Mutated messages: at every decoder, and by the thousand at a live server."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
import zmq
from conditions import await_condition
from fault_helpers import LONG, WAIT_S, descriptors, memory_bytes, server_process, workers_of
from fault_mutations import corpus, mutate
from hypothesis import given, settings
from hypothesis import strategies as st
from lpb_server.client import BridgeClient
from lpb_server.errors import WireError
from lpb_server.wire import json_format, msgpack_format, protobuf_format
from lpb_server.wire.formats import decode_header
from lpb_server.wire.intake import open_request
from lpb_server.wire.messages import decode_reply
from lpb_server.wire.values import Frame
from lpb_server.worker import messages as say

MESSAGES = 1_000_000 if LONG else 20_000
EXAMPLES = 5000 if LONG else 200
BATCH = 200
GROWTH = 1.02

Connection: TypeAlias = zmq.Socket[bytes]
CORPUS = corpus()
mutants = st.builds(
    lambda seed: mutate(CORPUS[seed % len(CORPUS)], random.Random(seed), CORPUS),
    st.integers(0, 2**64 - 1),
)
frames = mutants | st.lists(st.binary(max_size=100), max_size=4)


def decode_request(parts: Sequence[Frame]) -> Any:
    """Open a request; a refusal must be a reply that can be read."""
    opened = open_request(parts)
    return decode_reply(opened.reply) if hasattr(opened, "reply") else opened


@pytest.mark.parametrize(
    "decode",
    [
        decode_request,
        decode_reply,
        lambda parts: json_format.decode(parts[0]),
        lambda parts: msgpack_format.decode(parts[0]),
        lambda parts: protobuf_format.decode_value(parts[0]),
        lambda parts: protobuf_format.decode_header(parts[0]),
        lambda parts: decode_header(parts[0]),
    ],
    ids=["request", "reply", "json", "msgpack", "protobuf", "protobuf header", "header"],
)
@given(parts=frames)
@settings(max_examples=EXAMPLES)
def test_a_decoder_raises_nothing_but_the_protocols_errors(
    decode: Callable[[Sequence[Frame]], Any], parts: list[bytes]
) -> None:
    with suppress(WireError):
        decode(parts or [b""])


@given(st.lists(st.binary(max_size=20), max_size=6))
@settings(max_examples=EXAMPLES)
def test_what_broker_and_workers_say(parts: list[bytes]) -> None:
    for read in (say.read_request, say.read_reply):
        with suppress(ValueError):
            read(list(parts))


class Pings:
    """A client that pings all the time."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.enough = threading.Event()
        self.slowest_s = 0.0
        self.count = 0
        self.problems: list[BaseException] = []
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            with BridgeClient(self.endpoint, timeout_s=WAIT_S, tries=1) as client:
                while not self.enough.wait(0.1):
                    started_s = time.monotonic()
                    client.ping()
                    self.slowest_s = max(self.slowest_s, time.monotonic() - started_s)
                    self.count += 1
        except BaseException as error:
            self.problems.append(error)


def send_batch(
    connection: zmq.Socket[bytes], batch: list[list[bytes]], codes: Counter[str]
) -> None:
    for message in batch:
        connection.send_multipart(message, zmq.NOBLOCK)
    for _ in batch:
        assert connection.poll(int(WAIT_S * 1000)), "a message was not answered"
        parts = connection.recv_multipart()
        if not parts[0]:  # It began with an empty frame, as those of a REQ do.
            del parts[0]
        error = decode_reply(list(parts)).reply.error
        codes["ok" if error is None else str(error.code)] += 1


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("workers", ["0", "2"])
def test_mutated_messages_at_a_live_server(workers: str) -> None:
    source = random.Random(17)
    codes: Counter[str] = Counter()
    count = MESSAGES // 2
    with server_process("--workers", workers, "--cache-count", "500") as (child, endpoint):
        context = zmq.Context()
        connection = context.socket(zmq.DEALER)
        connection.linger = 0
        connection.connect(endpoint)
        pings = Pings(endpoint)
        pings.thread.start()
        before: tuple[int, int] = (0, 0)
        started_s = time.monotonic()
        # Its connection counts among the descriptors from the beginning.
        await_condition(lambda: pings.count)
        try:
            for number in range(0, count, BATCH):
                batch = [mutate(source.choice(CORPUS), source, CORPUS) for _ in range(BATCH)]
                send_batch(connection, batch, codes)
                if number <= count // 5 < number + BATCH:
                    processes = [child.pid, *workers_of(child.pid)]
                    before = memory(processes)
            took_s = time.monotonic() - started_s
            assert connection.poll(300) == 0, "an answer too many"
            after = memory(processes)
            files = descriptors(child.pid)
        finally:
            pings.enough.set()
            pings.thread.join(2 * WAIT_S)
            connection.close()
            context.term()
        assert child.poll() is None
        assert workers_of(child.pid) == processes[1:], "a worker has ended"
    print(
        f"\n{count} mutated messages, {workers} workers, {took_s:.0f} s: {dict(codes)}; resident "
        f"{before[0]} KiB at a fifth, {after[0]} KiB at the end; {files} descriptors; "
        f"{pings.count} pings, the slowest {pings.slowest_s * 1000:.0f} ms"
    )
    assert not pings.problems
    assert pings.count
    assert "internal" not in codes
    assert sum(codes.values()) == count
    assert after[0] < before[0] * GROWTH + 1024
    assert after[1] <= before[1]


def memory(pids: list[int]) -> tuple[int, int]:
    """Return resident KiB and descriptors of processes."""
    return sum(map(memory_bytes, pids)) // 1024, sum(map(descriptors, pids))
