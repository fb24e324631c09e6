"""Peers that do what a server must not do, and one that encrypts, for the tests of the Lean client.

Which environment variable stands for which misbehaviour is said in ``lean/proofs/Tests.lean``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import zmq
from lpb_server.errors import ErrorCode
from lpb_server.wire.envelope import ErrorInfo, Reply
from lpb_server.wire.formats import WireFormat, decode_header, encode_header
from lpb_server.wire.values import ValueMap

__all__ = ["misbehaving_peers"]

Answer = Callable[[ValueMap, list[bytes]], list[bytes] | None]
"""Takes a request's header and its frames, and gives the frames of the reply, if there is one."""

_POLL_MS = 50


@contextmanager
def misbehaving_peers(server_endpoint: str) -> Iterator[dict[str, str]]:
    """Run all of them until the context ends. Gives each one's variable and endpoint.

    Parameters
    ----------
    server_endpoint
        An honest server, whose replies one of the peers falsifies.
    """
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def start(serve: Callable[[zmq.Socket[bytes]], None], secret_key: bytes | None = None) -> str:
        socket = context.socket(zmq.ROUTER)
        socket.linger = 0
        if secret_key is not None:
            socket.curve_server = True
            socket.curve_secretkey = secret_key
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        thread = threading.Thread(target=serve, args=(socket,), daemon=True)
        threads.append(thread)
        thread.start()
        return f"tcp://127.0.0.1:{port}"

    def answering(answer: Answer) -> Callable[[zmq.Socket[bytes]], None]:
        return lambda socket: _serve(socket, answer, stopping)

    server_key, server_secret_key = zmq.curve_keypair()
    with ExitStack() as stack:
        stack.callback(context.term)
        stack.callback(lambda: _join(threads))
        stack.callback(stopping.set)
        yield {
            "LPB_SILENT_ENDPOINT": start(answering(lambda header, frames: None)),
            "LPB_LATE_ENDPOINT": start(answering(_at_the_second_try())),
            "LPB_WRONG_ID_ENDPOINT": start(answering(lambda header, frames: _pong("another"))),
            "LPB_GARBAGE_ENDPOINT": start(
                answering(lambda header, frames: [b"\xc1\xff no header"])
            ),
            "LPB_HALF_ENDPOINT": start(answering(_without_its_array)),
            "LPB_ERROR_ENDPOINT": start(answering(_error_as_asked)),
            "LPB_LYING_ENDPOINT": start(answering(_falsifying(context, server_endpoint))),
            "LPB_RESTART_ENDPOINT": start(lambda socket: _restart(context, socket, stopping)),
            "LPB_CURVE_ENDPOINT": " ".join(
                [
                    start(answering(_pong_in_kind), server_secret_key),
                    *(key.decode() for key in (server_key, *zmq.curve_keypair())),
                ]
            ),
        }


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _serve(
    socket: zmq.Socket[bytes],
    answer: Answer,
    stopping: threading.Event,
    calls: int | None = None,
) -> None:
    answered = 0
    while not stopping.is_set() and answered != calls:
        if not socket.poll(_POLL_MS):
            continue
        route, *frames = socket.recv_multipart()
        reply = answer(decode_header(frames[0])[1], frames)
        if reply is not None:
            socket.send_multipart([route, *reply])
            answered += 1
    if calls is not None:
        socket.linger = 500  # what was answered last is still sent
    socket.close()


def _header(value: ValueMap) -> list[bytes]:
    return [encode_header(WireFormat.MSGPACK, value)]


def _pong(request_id: str) -> list[bytes]:
    return _header(Reply(request_id, result={"pong": True}).to_value())


def _pong_in_kind(header: ValueMap, frames: list[bytes]) -> list[bytes]:
    wire_format, value = decode_header(frames[0])
    return [encode_header(wire_format, Reply(str(value["id"]), result={"pong": True}).to_value())]


def _at_the_second_try() -> Answer:
    seen: set[object] = set()

    def answer(header: ValueMap, frames: list[bytes]) -> list[bytes] | None:
        if header["id"] in seen:
            return _pong(str(header["id"]))
        seen.add(header["id"])
        return None

    return answer


def _without_its_array(header: ValueMap, frames: list[bytes]) -> list[bytes]:
    array: ValueMap = {"name": "a", "dtype": "f8", "shape": [2], "frames": 1}
    value = Reply(str(header["id"]), result={}).to_value()
    return _header({**value, "arrays": [array]})


def _error_as_asked(header: ValueMap, frames: list[bytes]) -> list[bytes]:
    error = ErrorInfo(ErrorCode(str(header["op"])), "as asked for", {})
    return _header(Reply(str(header["id"]), error=error).to_value())


def _falsifying(context: zmq.Context[zmq.Socket[bytes]], server_endpoint: str) -> Answer:
    def answer(header: ValueMap, frames: list[bytes]) -> list[bytes] | None:
        with context.socket(zmq.DEALER) as server:
            server.linger = 0
            server.connect(server_endpoint)
            server.send_multipart(frames)
            if not server.poll(10_000):
                return None
            value = decode_header(server.recv_multipart()[0])[1]
        result = value["result"]
        assert isinstance(result, dict)
        assert isinstance(result["sum"], float)
        result["sum"] += 1000.0
        return _header(value)

    return answer


def _restart(
    context: zmq.Context[zmq.Socket[bytes]], socket: zmq.Socket[bytes], stopping: threading.Event
) -> None:
    """Answer once, be gone for a moment, and come back on the same port."""
    endpoint = socket.get_string(zmq.LAST_ENDPOINT)
    _serve(socket, lambda header, frames: _pong(str(header["id"])), stopping, calls=1)
    time.sleep(0.1)
    while not stopping.is_set():
        again = context.socket(zmq.ROUTER)
        again.linger = 0
        try:
            again.bind(endpoint)
        except zmq.ZMQError:  # the port is not free yet
            again.close()
            time.sleep(0.05)
            continue
        _serve(again, lambda header, frames: _pong(str(header["id"])), stopping)
