"""What the tests of shared memory share: segments, references and a service that records."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from lpb_server.client.shared_memory import SHARED_FROM_BYTES, SharedArrays
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import default_registry
from lpb_server.service import Handled, Service
from lpb_server.wire.intake import Opened
from lpb_server.wire.shared_memory import (
    LABEL,
    LABEL_BYTES,
    MAGIC,
    SEGMENT_NAME,
    Reference,
    Segments,
)

Serve = Callable[..., AbstractContextManager[BridgeServer]]


LOCAL = "tcp://127.0.0.1:5555"


LARGE = SHARED_FROM_BYTES // 8


WAIT_S = 20.0


SIZE = 8000


SECRET = secrets.token_bytes(32)


class Recorder(Service):
    """Keeps the sizes of the frames of what it runs."""

    def __init__(self, *, shared: bool = True) -> None:
        self.segments = Segments()
        self.seen: list[tuple[str, list[int]]] = []
        super().__init__(default_registry(), segments=self.segments if shared else None)

    def run(self, opened: Opened, queued_s: float = 0.0) -> Handled:
        self.seen.append((opened.request.id, [len(frame) for frame in opened.frames[1:]]))
        return super().run(opened, queued_s)


def numbers(count: int = LARGE, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(seed).random((1, count))


@contextmanager
def segment(
    *,
    name: str = SEGMENT_NAME,
    seals: int = fcntl.F_SEAL_SHRINK,
    label: bytes = LABEL.pack(MAGIC, SECRET, 7),
    flags: int = 0,
    length: int = LABEL_BYTES + SIZE,
) -> Iterator[int]:
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | flags)
    try:
        if not flags:
            os.pwrite(descriptor, label, 0)
            os.pwrite(descriptor, np.arange(SIZE // 8.0).tobytes(), LABEL_BYTES)
        os.ftruncate(descriptor, length)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        yield descriptor
    finally:
        os.close(descriptor)


def reference(descriptor: int, **changes: Any) -> bytes:
    fields = {"secret": SECRET, "turn": 7, "process": os.getpid(), "offset": LABEL_BYTES}
    return Reference(descriptor=descriptor, **{**fields, **changes}).encode()


def placed_in(shared: SharedArrays, array: Any = None) -> Reference:
    placed = shared.place({"x": numbers() if array is None else array})
    assert placed is not None
    found = Reference.decode(placed[1][0])
    assert found is not None
    return found
