"""Segments of shared memory: which references are followed, and which are refused."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conditions import await_condition
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.client.shared_memory import SharedArrays
from lpb_server.errors import WireError
from lpb_server.wire import (
    ArrayHeader,
    Limits,
)
from lpb_server.wire.arrays import decode_arrays
from lpb_server.wire.shared_memory import (
    LABEL,
    LABEL_BYTES,
    MAGIC,
    REFERENCE_BYTES,
    SEGMENT_NAME,
    Reference,
    Segments,
)
from lpb_server.wire.values import Frame
from shared_memory_support import LOCAL, SECRET, SIZE, numbers, reference, segment


def test_a_segment_is_read_where_it_lies() -> None:
    segments = Segments()
    with segment() as descriptor:
        frame = reference(descriptor)
        assert len(frame) == REFERENCE_BYTES
        header = ArrayHeader("x", "f8", (10, 100), 1)
        array = decode_arrays([header], [frame], segments=segments)["x"]
        assert np.array_equal(array, np.arange(1000.0).reshape(10, 100))
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
        os.pwrite(descriptor, np.array([-1.0]).tobytes(), LABEL_BYTES)
        assert array[0, 0] == -1  # The memory is the client's own.
        again = decode_arrays([header], [frame], segments=segments)["x"]
        assert again.ctypes.data == array.ctypes.data  # And is mapped once.
    await_condition(lambda: not len(segments))
    assert array[0, 1] == 1.0  # Whoever still reads can.


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": bytes(32)},
        {"turn": 6},
        {"turn": 8},
        {"process": 0},
        {"process": 2**32 - 1},
        {"offset": 0},
        {"offset": LABEL_BYTES - 64},
        {"offset": LABEL_BYTES + 8},
        {"offset": LABEL_BYTES + 64},
        {"offset": 1 << 40},
        {"offset": (1 << 64) - 64},
    ],
)
def test_references_that_are_not_followed(changes: dict[str, Any]) -> None:
    with segment() as descriptor:
        for segments in (Segments(), used := Segments()):
            if segments is used:  # What is mapped already is checked as well.
                assert segments.read(reference(descriptor), SIZE) is not None
            assert segments.read(reference(descriptor, **changes), SIZE) is None


@given(
    process=st.sampled_from([os.getpid(), 1]) | st.integers(0, (1 << 32) - 1),
    descriptor=st.integers(0, 40) | st.integers(0, (1 << 32) - 1),
    turn=st.integers(0, (1 << 64) - 1),
    offset=st.integers(0, (1 << 64) - 1) | st.integers(60, 70).map(lambda count: count * 64),
    size=st.integers(0, 1 << 40),
    cut=st.integers(1, 2 * REFERENCE_BYTES),
)
def test_any_reference_is_refused(
    process: int, descriptor: int, turn: int, offset: int, size: int, cut: int
) -> None:
    segments = Segments()
    with segment():
        frame = Reference(bytes(32), turn, process, descriptor, offset).encode()
        assert segments.read(frame, size) is None
        assert segments.read((frame * 2)[:cut], size) is None
        assert segments.read(bytearray(frame), size) is None


@pytest.mark.parametrize(
    "options",
    [
        {"seals": 0},
        {"seals": fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL},
        {"name": "another"},
        {"name": SEGMENT_NAME + " "},
        {"label": LABEL.pack(MAGIC, bytes(32), 7)},
        {"label": LABEL.pack(bytes(16), SECRET, 7)},
        {"label": b""},
        {"length": LABEL_BYTES},
        {"length": LABEL_BYTES + SIZE - 1},
        {"length": 0},
        {"length": LABEL_BYTES + 10 * SIZE},
    ],
)
def test_segments_that_are_not_read(options: dict[str, Any]) -> None:
    with segment(**options) as descriptor:
        segments = Segments(Limits(array_bytes=2 * SIZE))
        assert segments.read(reference(descriptor), SIZE) is None
        assert len(segments) == 0


def test_a_segment_of_another_user_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with segment() as descriptor:
        user = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: user + 1)
        assert Segments().read(reference(descriptor), SIZE) is None


def test_huge_pages_are_not_read() -> None:
    """They are sealed and of the right name, and reading one that is not there is a SIGBUS."""
    with segment(flags=os.MFD_HUGETLB, length=1 << 30) as descriptor:
        assert Segments().read(reference(descriptor), SIZE) is None


def test_nothing_else_is_opened(tmp_path: Path) -> None:
    """Neither a file of that name, nor what would block or be changed by opening it."""
    file = tmp_path / f"memfd:{SEGMENT_NAME} (deleted)"
    file.write_bytes(LABEL.pack(MAGIC, SECRET, 7) + bytes(LABEL_BYTES + SIZE))
    os.mkfifo(tmp_path / "fifo")
    ends = socket.socketpair()
    pipe = os.pipe()
    opened = [
        os.open(file, os.O_RDWR),
        os.open(tmp_path, os.O_RDONLY),
        os.open(tmp_path / "fifo", os.O_RDWR),
        os.open("/dev/zero", os.O_RDONLY),
        *pipe,
    ]
    try:
        for descriptor in (*opened, ends[0].fileno()):
            assert Segments().read(reference(descriptor), SIZE) is None
    finally:
        for descriptor in opened:
            os.close(descriptor)
        for end in ends:
            end.close()


def test_what_is_sealed_cannot_be_cut_off() -> None:
    shared = SharedArrays(LOCAL)
    placed = shared.place({"x": numbers()})
    assert placed is not None
    target = Reference.decode(placed[1][0])
    assert target is not None
    with pytest.raises(PermissionError):
        os.ftruncate(target.descriptor, 0)
    link = os.readlink(f"/proc/self/fd/{target.descriptor}")
    assert link == f"/memfd:{SEGMENT_NAME} (deleted)"  # Nothing to be left over by a kill.
    assert not os.get_inheritable(target.descriptor)
    shared.close()


@pytest.mark.parametrize(
    ("dtype", "shape", "frames"),
    [
        ("b1", (SIZE,), 1),
        ("f8", (1000,), 2),
        ("f8", (9,), 1),  # An array may have as many bytes as a reference: these are its own.
        ("f8", (0,), 1),
        ("f8", (1001,), 1),
    ],
)
def test_where_no_reference_can_stand(dtype: str, shape: tuple[int, ...], frames: int) -> None:
    with segment() as descriptor:
        frame = reference(descriptor)
        header = ArrayHeader("x", dtype, shape, frames)
        pieces: Sequence[Frame] = [frame, b""][:frames]
        if shape == (9,):
            array = decode_arrays([header], pieces, segments=Segments())["x"]
            assert array.tobytes() == frame
            return
        with pytest.raises(WireError) as caught:
            decode_arrays([header], pieces, segments=Segments())
        assert caught.value.details["received_bytes"] == REFERENCE_BYTES


def test_limits_hold_for_references() -> None:
    with segment() as descriptor:
        for limits in (Limits(array_bytes=SIZE - 1), Limits(elements=999)):
            header = ArrayHeader("x", "f8", (1000,), 1)
            with pytest.raises(WireError) as caught:
                decode_arrays([header], [reference(descriptor)], limits, Segments())
            assert caught.value.code == "too_large"
