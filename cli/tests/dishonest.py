"""Servers that lie: the real service, with something altered in its replies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zmq
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.wire.envelope import Reply
from lpb_server.wire.formats import decode_header
from lpb_server.wire.messages import encode_message
from lpb_server.wire.values import ValueMap

Alter = Callable[[bytes], bytes]
"""Takes the header of an honest reply and gives the one that is sent."""


@contextmanager
def dishonest_server(alter: Alter) -> Iterator[str]:
    """Serve on a free loopback port until the context ends. Gives the endpoint."""
    service = Service(default_registry())
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.linger = 0
    port = router.bind_to_random_port("tcp://127.0.0.1")
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            if not router.poll(50):
                continue
            route, *frames = router.recv_multipart()
            delimiter = [frames.pop(0)] if frames and not frames[0] else []
            header, *arrays = (bytes(frame) for frame in service.handle(frames))
            router.send_multipart([route, *delimiter, alter(header), *arrays])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        stopping.set()
        thread.join()
        router.close()
        context.term()


def altering_reply(change: Callable[[ValueMap], None]) -> Alter:
    """Alter the meaning of certified replies to `matrix_sum`, written as an honest server would."""

    def alter(header: bytes) -> bytes:
        wire_format, value = decode_header(header)
        result = value.get("result")
        if isinstance(result, dict) and "sum" in result and "certificate" in value:
            change(value)
        return bytes(encode_message(Reply.from_value(value), wire_format)[0])

    return alter


def part_of(value: ValueMap, key: str) -> dict[str, object]:
    part = value[key]
    assert isinstance(part, dict)
    return part  # type: ignore[return-value]


def number(value: object) -> float:
    assert isinstance(value, float)
    return value


def off_by_twice_the_bound(value: ValueMap) -> None:
    """Shift the sum by twice its bound, and state the error of the shifted sum truthfully."""
    result, certificate = part_of(value, "result"), part_of(value, "certificate")
    shift = 2 * number(certificate["error_bound"])
    shifted = number(result["sum"]) + shift
    certificate["error"] = number(certificate["error"]) + (shifted - number(result["sum"]))
    result["sum"] = shifted
