"""Messages that are almost requests."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from lpb_server.conformance.vectors import load_vectors
from lpb_server.wire.arrays import encode_arrays
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import encode_message
from lpb_server.wire.values import ValueMap

__all__ = ["corpus", "mutate"]

_ID = "i" * 8
"""A fresh id takes its place: a repeated one would be refused before anything else is read."""
_REQUESTS_FOR_A_VECTOR = 20

_BYTES = (0x00, 0x01, 0x7F, 0x80, 0xC0, 0xC1, 0xDB, 0xDD, 0xDF, 0xFF, 0x7B, 0x5B, 0x22)


def corpus() -> list[list[bytes]]:
    """Return what to mutate: requests in every format, and the conformance vectors."""
    messages: list[list[bytes]] = []
    plain: list[tuple[str, ValueMap, dict[str, np.ndarray]]] = [
        ("ping", {}, {}),
        ("echo", {"a": [1, 2.5, None, True, {"b": "ü"}], "long": "x" * 300}, {}),
        ("echo", {}, {"x": np.arange(6.0).reshape(2, 3), "y": np.array([True, False])}),
        ("matrix_sum", {"matrix": [[1.0, 2.0], [3.0, -4.5]]}, {}),
        ("matrix_sum", {}, {"matrix": np.ones((3, 3))}),
        ("operations", {}, {}),
    ]
    for op, params, arrays in plain:
        headers, frames = encode_arrays(arrays)
        for wire_format in WireFormat:
            for certify in (False, True):
                request = Request(_ID, op, params, headers, 60_000, certify)
                message = encode_message(request, wire_format, frames)
                messages.append([bytes(frame) for frame in message])
    messages *= _REQUESTS_FOR_A_VECTOR
    vectors = load_vectors()
    for section in ("requests", "replies", "values"):
        for vector in vectors[section]:
            messages += [[bytes.fromhex(vector[str(f)])] for f in WireFormat if str(f) in vector]
    for section in ("accepted", "invalid"):
        messages += [[bytes.fromhex(vector["bytes"])] for vector in vectors[section]]
    return [message for message in messages if sum(map(len, message)) < 4096]


def mutate(message: list[bytes], source: random.Random, others: list[list[bytes]]) -> list[bytes]:
    """Return a damaged copy."""
    frames = list(message)
    frames[0] = frames[0].replace(_ID.encode(), source.randbytes(4).hex().encode())
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        if source.random() < 0.15:
            _rearrange(frames, source, others)
        else:
            place = source.randrange(len(frames))
            frames[place] = source.choice(_DAMAGES)(frames[place], source)
    return frames


def _rearrange(frames: list[bytes], source: random.Random, others: list[list[bytes]]) -> None:
    place = source.randrange(len(frames))
    choice = source.randrange(4)
    if choice == 0:
        frames.insert(place, frames[source.randrange(len(frames))])
    elif choice == 1 and len(frames) > 1:
        del frames[place]
    elif choice == 2:
        frames[place] = source.choice(source.choice(others))
    else:
        frames.append(source.randbytes(source.randrange(20)))


def _flip(data: bytes, source: random.Random) -> bytes:
    if not data:
        return b"\0"
    place = source.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << source.randrange(8))]) + data[place + 1 :]


def _set(data: bytes, source: random.Random) -> bytes:
    if not data:
        return b"\xff"
    place = source.randrange(len(data))
    return data[:place] + bytes([source.choice(_BYTES)]) + data[place + 1 :]


def _insert(data: bytes, source: random.Random) -> bytes:
    place = source.randrange(len(data) + 1)
    return data[:place] + source.randbytes(source.randint(1, 8)) + data[place:]


def _delete(data: bytes, source: random.Random) -> bytes:
    place = source.randrange(len(data) + 1)
    return data[:place] + data[place + source.randint(1, 8) :]


def _truncate(data: bytes, source: random.Random) -> bytes:
    return data[: source.randrange(len(data) + 1)]


def _repeat(data: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(data) + 1)
    end = source.randrange(start, len(data) + 1)
    return data[:end] + data[start:end] * source.randint(1, 3) + data[end:]


_DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _set,
    _insert,
    _delete,
    _truncate,
    _repeat,
)
