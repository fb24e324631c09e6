"""The client against servers that are silent, late, or send garbage: the Lazy Pirate."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import zmq
from client_support import (
    NOWHERE,
    ScriptedTransport,
    ServeScript,
    honest,
    impatient,
    raising,
    reply_with,
    scripted,
)
from lpb_server.client import (
    BridgeClient,
)
from lpb_server.client.transport import EndpointUnusable, TransportError
from lpb_server.errors import (
    BridgeTimeout,
    EndpointError,
    HandshakeError,
    ProtocolError,
)
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.wire import (
    ArrayHeader,
    ErrorInfo,
    Reply,
)
from lpb_server.wire.envelope import readable_id
from lpb_server.wire.formats import decode_header


def test_a_silent_server_is_tried_and_named(serve_script: ServeScript) -> None:
    seen: list[list[bytes]] = []

    def silent(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames)
        return []

    with (
        serve_script(silent) as endpoint,
        impatient(endpoint) as client,
        raising(BridgeTimeout, endpoint),
    ):
        client.matrix_sum([[1.0]])
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]  # The same id and the same bytes.


def test_between_tries_it_waits_and_drops_the_connection() -> None:
    transport, waits = ScriptedTransport(lambda number, frames: []), list[float]()
    client = BridgeClient(NOWHERE, tries=4, transport=transport, sleep=waits.append)
    with raising(BridgeTimeout, NOWHERE, 4):
        client.ping()
    assert len(transport.seen) == transport.resets == 4
    assert len(waits) == 3
    assert all(wait > 0 for wait in waits)


def test_a_refusal_that_is_final_ends_the_tries() -> None:
    transport = ScriptedTransport(lambda number, frames: [])
    transport.refusal, transport.final = "the key is unknown", True
    client = BridgeClient(NOWHERE, transport=transport)
    with raising(HandshakeError, NOWHERE, 1):
        client.ping()
    assert len(transport.seen) == 1


@pytest.mark.parametrize("failure", [TransportError("full"), EndpointUnusable("no such host")])
def test_what_a_transport_cannot_do_is_said(failure: TransportError) -> None:
    def fail(number: int, frames: list[bytes]) -> list[list[bytes]]:
        raise failure

    unusable = isinstance(failure, EndpointUnusable)
    client = scripted(fail)
    with raising(
        EndpointError if unusable else BridgeTimeout, NOWHERE, 1 if unusable else 3
    ) as caught:
        client.ping()
    assert caught.value.cause == str(failure)


def test_nobody_listens() -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as probe:
        port = probe.bind_to_random_port("tcp://127.0.0.1")
    endpoint = f"tcp://127.0.0.1:{port}"
    with impatient(endpoint) as client, raising(BridgeTimeout, endpoint):
        client.ping()


def test_an_answer_to_a_later_try_is_taken() -> None:
    def third_time(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [honest(frames)] if number == 2 else []

    with scripted(third_time) as client:
        assert client.exchange("ping").tries == 3


@pytest.mark.parametrize(
    "garbage",
    [
        [b""],
        [b"", b""],
        [b"garbage"],
        [b"{"],
        [b"\x80"],
        [b"\x08\x02"],
        [b'{"schema_version":1}'],
        [b"{}", b"x", b"y"],
    ],
    ids=[*"01234567"],
)
def test_garbage_is_a_failed_try_with_its_cause(garbage: list[bytes]) -> None:
    with (
        scripted(lambda number, frames: [garbage]) as client,
        raising(ProtocolError, NOWHERE) as caught,
    ):
        client.ping()
    assert caught.value.cause


def test_garbage_then_an_answer() -> None:
    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [[b"garbage"], honest(frames)] if number == 0 else [honest(frames)]

    with scripted(script) as client:
        assert client.exchange("ping").tries == 2
        assert client.exchange("ping").tries == 1


def test_half_a_message() -> None:
    def half(number: int, frames: list[bytes]) -> list[list[bytes]]:
        name = readable_id(decode_header(frames[0])[1])
        return [reply_with(Reply(name, {}, (ArrayHeader("x", "f8", (2,)),)), [b"12345678"])]

    with (
        scripted(half) as client,
        raising(ProtocolError, NOWHERE) as caught,
    ):
        client.call("echo")
    assert "16 bytes" in caught.value.cause


def test_another_id_is_dropped_and_waiting_goes_on() -> None:
    def stammer(number: int, frames: list[bytes]) -> list[list[bytes]]:
        return [reply_with(Reply("other", {"pong": False})), honest(frames)]

    with scripted(stammer) as client:
        exchange = client.exchange("ping")
        assert exchange.tries == 1
        assert exchange.reply.result == {"pong": True}


def test_only_other_ids_is_a_timeout_that_says_so() -> None:
    with (
        scripted(lambda number, frames: [reply_with(Reply("other", {}))]) as client,
        raising(BridgeTimeout, NOWHERE) as caught,
    ):
        client.ping()
    assert "other" in caught.value.cause


def test_an_error_without_an_id_is_a_failed_try() -> None:
    answer = reply_with(Reply("?", error=ErrorInfo("bad_message", "what?")))
    with (
        scripted(lambda number, frames: [answer]) as client,
        raising(ProtocolError, NOWHERE) as caught,
    ):
        client.ping()
    assert caught.value.cause == "bad_message: what?"


def test_a_late_reply_is_not_taken_for_the_next_call(serve_script: ServeScript) -> None:
    late: list[list[bytes]] = []

    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        if number == 0:
            late.append(honest(frames))
            return []
        return [*late, honest(frames)]

    with serve_script(script) as endpoint, impatient(endpoint, tries=1) as client:
        with raising(BridgeTimeout, endpoint, 1):
            client.call("echo", {"call": 1})
        client.timeout_s = 10
        assert client.call("echo", {"call": 2}).result == {"call": 2}


def test_a_doubled_reply_does_not_disturb_the_next_call() -> None:
    with (
        scripted(lambda number, frames: [honest(frames)] * 2) as client,
    ):
        for number in range(5):
            assert client.call("echo", {"n": number}).result == {"n": number}


def test_a_server_that_comes_back_is_found(serve: Any) -> None:
    failed = threading.Event()
    with serve() as server:
        endpoint = server.endpoint
        client = BridgeClient(endpoint, timeout_s=0.5, tries=20, sleep=lambda _: failed.set())
        client.ping()
    restarted: list[BridgeServer] = []
    ready = threading.Event()

    def restart() -> None:
        assert failed.wait(10)  # One try has found nobody.
        with serve(type(server._config)(endpoint)) as again:
            restarted.append(again)
            ready.wait(10)

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        with client:
            assert client.exchange("ping").reply.result == {"pong": True}
    finally:
        ready.set()
        thread.join(10)
