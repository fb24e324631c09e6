"""Shared memory: arrays arrive by reference, hostile references do not, and frames always work."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import lpb_server
import numpy as np
import pytest
from fault_helpers import server_process
from hypothesis import given
from hypothesis import strategies as st
from lpb_server.client import BridgeClient, FormatName
from lpb_server.client.shared_memory import SHARED_FROM_BYTES, SharedArrays
from lpb_server.errors import BridgeTimeout, RemoteError, WireError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.service import Handled, Service
from lpb_server.wire import (
    ArrayHeader,
    ErrorInfo,
    Limits,
    Reply,
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.arrays import decode_arrays
from lpb_server.wire.intake import Opened
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

Serve = Callable[..., AbstractContextManager[BridgeServer]]
ServeScript = Callable[..., AbstractContextManager[str]]
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


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


# A segment of the tests' own, to be made wrong in every way.


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
    wait_until(lambda: not len(segments))
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


# Client and server.


@pytest.mark.parametrize("format", ["json", "msgpack", "protobuf"])
def test_large_arrays_go_by_reference(serve: Serve, format: FormatName) -> None:
    service = Recorder()
    arrays = {
        "small": np.arange(4),
        "large": numbers(),
        "bools": np.arange(2 * SHARED_FROM_BYTES) % 3 == 0,
        "turned": np.arange(2 * LARGE, dtype=">i8").reshape(2, LARGE).T,
        "floats": numbers().astype("f4").repeat(2, 0),
    }
    with serve(service=service) as server:
        with BridgeClient(server.endpoint, format=format) as client:
            back = client.call("echo", arrays=arrays).arrays
            assert client.matrix_sum(np.ones((2, LARGE))).result == {"sum": 2.0 * LARGE}
            assert list(back) == list(arrays)
            for name, array in arrays.items():
                assert np.array_equal(back[name], array)
            assert len(service.segments) == 1  # It has grown; the mapping is not a second one.
        wait_until(lambda: not len(service.segments))
    sizes = [32, REFERENCE_BYTES, 2 * SHARED_FROM_BYTES, REFERENCE_BYTES, REFERENCE_BYTES]
    assert [seen for _, seen in service.seen] == [sizes, [REFERENCE_BYTES]]


def test_an_array_that_was_made_for_it_is_not_copied(serve: Serve) -> None:
    service = Recorder()
    with serve(service=service) as server, BridgeClient(server.endpoint) as client:
        made = client.shared_zeros((4, LARGE))
        assert made.shape == (4, LARGE)
        assert not made.any()
        made[:] = numbers()
        assert client.matrix_sum(made).result["sum"] == pytest.approx(made.sum())
        assert client._shared is not None
        assert client._shared._segment is None  # There was nothing to be copied.
        for view in (made[1:], made.T, made[::-1], made.view("i8"), made.astype("f4")):
            for arrays in ({"x": view}, {"x": view, "y": numbers(), "z": np.ones(3)}):
                back = client.call("echo", arrays=arrays).arrays
                assert {name: array.tobytes() for name, array in back.items()} == {
                    name: array.tobytes() for name, array in arrays.items()
                }
        descriptor = placed_in(client._shared, made).descriptor
        os.fstat(descriptor)
        del made, view, arrays
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    assert all(REFERENCE_BYTES in sizes for _, sizes in service.seen)


def test_an_array_made_where_nothing_is_shared() -> None:
    with BridgeClient(LOCAL, shared_memory=False) as client:
        assert client.shared_zeros((2, LARGE)).base is None
    shared = SharedArrays(LOCAL)
    for shape, dtype in (((2, LARGE), ">i4"), ((3,), "f8"), ((LARGE,), "c16"), ((LARGE * 8,), "?")):
        made = shared.zeros(shape, dtype)
        assert (made.shape, made.itemsize) == (shape, np.dtype(dtype).itemsize)
        assert not made.any()


def test_every_call_has_its_own_contents(serve: Serve) -> None:
    service = Recorder()
    with serve(service=service) as server, BridgeClient(server.endpoint) as client:
        for number in range(5):
            matrix = np.full((1, LARGE * (1 + number % 2)), float(number))
            answer = client.matrix_sum(matrix, certify=number == 4)
            assert answer.result == {"sum": float(matrix.sum())}
        assert answer.certificate is not None
        assert len(service.segments) == 1
    assert all(sizes == [REFERENCE_BYTES] for _, sizes in service.seen)


def test_a_transcript_has_the_bytes_themselves(serve: Serve) -> None:
    with serve(service=Recorder()) as server, BridgeClient(server.endpoint) as client:
        matrix = numbers()
        exchange = client.exchange("matrix_sum", arrays={"matrix": matrix}, certify=True)
        assert b"".join(exchange.request_frames[1:]) == matrix.tobytes()


@pytest.mark.parametrize("server_shares", [True, False])
@pytest.mark.parametrize("client_shares", [True, False])
def test_either_side_can_refuse(serve: Serve, server_shares: bool, client_shares: bool) -> None:
    service = Recorder(shared=server_shares)
    with (
        serve(service=service) as server,
        BridgeClient(server.endpoint, shared_memory=client_shares) as client,
    ):
        for _ in range(2):
            assert client.matrix_sum(np.ones((1, LARGE))).result == {"sum": float(LARGE)}
    frames = (SHARED_FROM_BYTES,)
    if not client_shares:
        expected = [frames, frames]
    elif server_shares:
        expected = [(REFERENCE_BYTES,)] * 2
    else:  # Asked once; the request was sent again under the same id.
        expected = [(REFERENCE_BYTES,), frames, frames]
        assert service.seen[0][0] == service.seen[1][0] != service.seen[2][0]
    assert [tuple(sizes) for _, sizes in service.seen] == expected


def test_what_has_side_effects_runs_once(serve: Serve) -> None:
    ran: list[float] = []

    @operation("note", params={"type": "object"}, summary="Note.", arrays=("x",), pure=False)
    def note(params: Any, arrays: Any) -> Outcome:
        ran.append(float(arrays["x"].sum()))
        return Outcome({})

    registry = default_registry()
    registry.add(note)
    for segments in (None, Segments()):
        ran.clear()
        with (
            serve(service=Service(registry, segments=segments)) as server,
            BridgeClient(server.endpoint) as client,
        ):
            client.call("note", arrays={"x": np.ones(LARGE)})
            client.call("note", arrays={"x": np.ones(LARGE) * 2})
        assert ran == [LARGE, 2.0 * LARGE]


def test_a_refused_server_is_asked_again_later() -> None:
    now_s = 0.0
    shared = SharedArrays(LOCAL, lambda: now_s)
    refusal = Reply("1", error=ErrorInfo("bad_message", "", {"received_bytes": REFERENCE_BYTES}))
    arrays = {"x": numbers()}
    assert shared.place(arrays) is not None
    assert not shared.settle(refusal, 1)
    now_s = 59.0
    assert shared.place(arrays) is None
    now_s = 61.0
    assert shared.place(arrays) is not None
    assert shared.settle(Reply("1", error=ErrorInfo("bad_message", "")), 1)
    assert shared.settle(Reply("1", error=ErrorInfo("too_large", "")), 1)
    shared.close()


def test_which_arrays_and_which_servers() -> None:
    large, small = {"x": numbers()}, {"x": numbers(LARGE - 1)}
    for endpoint in (LOCAL, "ipc:///run/x", "tcp://[::1]:1", "tcp://localhost:1"):
        shared = SharedArrays(endpoint)
        assert shared.place(large) is not None
        assert shared.place(small) is None
        assert shared.place({}) is None
        with pytest.raises(WireError):
            shared.place({"x": np.ones(LARGE, complex)})
        shared.close()
    for endpoint in ("tcp://192.0.2.1:1", "tcp://example.org:1"):
        assert SharedArrays(endpoint).place(large) is None


def test_without_memory_there_are_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no memory")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    assert SharedArrays(LOCAL).place({"x": numbers()}) is None
    monkeypatch.setattr(os, "memfd_create", fail)
    assert SharedArrays(LOCAL).place({"x": numbers()}) is None


def placed_in(shared: SharedArrays, array: Any = None) -> Reference:
    placed = shared.place({"x": numbers() if array is None else array})
    assert placed is not None
    found = Reference.decode(placed[1][0])
    assert found is not None
    return found


def test_a_segment_that_may_still_be_read_is_not_written_again() -> None:
    shared = SharedArrays(LOCAL)
    first = placed_in(shared)
    assert shared.settle(Reply("1", result={}), 1)
    second = placed_in(shared)
    assert (second.secret, second.turn) == (first.secret, first.turn + 1)
    assert shared.settle(Reply("1", result={}), 2)  # The first try may still wait somewhere.
    assert placed_in(shared).secret != first.secret
    shared.close()


def test_a_call_without_a_reply_leaves_its_segment_alone(serve_script: ServeScript) -> None:
    seen: list[bytes] = []

    def script(number: int, frames: list[bytes]) -> list[list[bytes]]:
        seen.append(frames[1])
        reply = Reply(json.loads(frames[0])["id"], result={"sum": 1.0})
        frame = bytes(encode_message(reply, WireFormat.JSON)[0])
        return [[frame]] if number else []

    with (
        serve_script(script) as endpoint,
        BridgeClient(endpoint, format="json", timeout_s=0.3, tries=1) as client,
    ):
        with pytest.raises(BridgeTimeout):
            client.matrix_sum(numbers())
        client.matrix_sum(numbers(seed=1))
    first, second = (Reference.decode(frame) for frame in seen)
    assert first is not None
    assert second is not None
    assert first.secret != second.secret


def test_a_fork_has_a_segment_of_its_own() -> None:
    shared = SharedArrays(LOCAL)
    mine = placed_in(shared)
    child = os.fork()
    if child == 0:
        theirs = placed_in(shared)
        os._exit(0 if theirs.secret != mine.secret and theirs.process == os.getpid() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert Segments().read(mine.encode(), SHARED_FROM_BYTES) is not None
    shared.close()


def test_a_hostile_reference_is_an_error_reply_and_nothing_more(serve: Serve) -> None:
    with (
        serve(service=Recorder()) as server,
        BridgeClient(server.endpoint, format="json") as client,
        segment(seals=0) as descriptor,
    ):
        header = ArrayHeader("matrix", "f8", (1, 1000), 1)
        for number, frame in enumerate((reference(descriptor), MAGIC + bytes(56), bytes(72))):
            request = Request(str(number), "matrix_sum", arrays=(header,))
            frames = encode_message(request, WireFormat.JSON, [frame])
            reply = decode_reply(client.call_raw(frames, request.id)).reply
            assert reply.error is not None
            assert reply.error.code == "bad_message"
            # Whoever asks does not learn why: what other processes have open is not theirs to know.
            assert reply.error.details == {
                "expected_bytes": SIZE, "received_bytes": REFERENCE_BYTES
            }  # fmt: skip
        client.ping()


def test_errors_of_the_server_are_the_caller_s(serve: Serve) -> None:
    limits = Limits(array_bytes=SHARED_FROM_BYTES)
    service = Service(default_registry(), limits, segments=Segments(limits))
    with serve(service=service) as server, BridgeClient(server.endpoint) as client:
        with pytest.raises(RemoteError, match="too_large"):
            client.matrix_sum(numbers(LARGE + 1))
        assert client.matrix_sum(np.ones((1, LARGE))).result == {"sum": float(LARGE)}


# Processes.


def refusals(client: BridgeClient, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each reply to a reference was a refusal."""
    found: list[bool] = []
    assert client._shared is not None
    settle = client._shared.settle

    def settled(reply: Reply, tries: int) -> bool:
        found.append(not settle(reply, tries))
        return not found[-1]

    monkeypatch.setattr(client._shared, "settle", settled)
    return found


@pytest.mark.parametrize(
    ("flags", "refused"),
    [
        (("--workers", "0"), False),
        (("--workers", "1"), False),
        (("--workers", "0", "--no-shared-memory"), True),
        (("--workers", "1", "--no-shared-memory"), True),
    ],
)
def test_server_and_workers_follow_references_unless_told_otherwise(
    flags: tuple[str, ...], refused: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (
        server_process("--no-config", *flags, endpoint=f"ipc://{tmp_path}/socket") as (_, endpoint),
        BridgeClient(endpoint, timeout_s=WAIT_S) as client,
    ):
        found = refusals(client, monkeypatch)
        assert client.matrix_sum(np.ones((1, LARGE))).result == {"sum": float(LARGE)}
    assert found == [refused]


def test_a_server_that_was_started_anew_follows_the_old_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"ipc://{tmp_path}/socket"
    with BridgeClient(address, timeout_s=WAIT_S) as client:
        found = refusals(client, monkeypatch)
        for number in (1.0, 2.0):
            with server_process("--no-config", "--workers", "0", endpoint=address) as (child, _):
                matrix = np.full((1, LARGE), number)
                assert client.matrix_sum(matrix).result == {"sum": number * LARGE}
                child.send_signal(signal.SIGKILL)
    assert found == [False, False]


CLIENT = """
import sys, numpy
from lpb_server.client import BridgeClient
client = BridgeClient(sys.argv[1])
print(client.matrix_sum(numpy.ones((1, 1 << 18))).result["sum"], flush=True)
sys.stdin.read()
"""


def test_the_memory_of_a_killed_client_is_let_go(serve: Serve) -> None:
    service = Recorder()
    with serve(service=service) as server:
        root = str(Path(lpb_server.__file__).parents[1])
        with subprocess.Popen(
            [sys.executable, "-c", CLIENT, server.endpoint],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == f"{float(1 << 18)}\n"
            assert len(service.segments) == 1
            child.send_signal(signal.SIGKILL)
        wait_until(lambda: not len(service.segments))


def test_mappings_are_bounded() -> None:
    segments = Segments()
    for number in range(70):
        secret = number.to_bytes(32, "little")
        with segment(label=LABEL.pack(MAGIC, secret, 7)) as descriptor:
            assert segments.read(reference(descriptor, secret=secret), SIZE) is not None
    assert len(segments) <= 64
