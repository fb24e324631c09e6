"""Arrays by reference, between a client and a server."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from conditions import await_condition
from lpb_server.client import BridgeClient, FormatName
from lpb_server.client.shared_memory import SHARED_FROM_BYTES, SharedArrays
from lpb_server.errors import WireError
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.service import Service
from lpb_server.wire import (
    ErrorInfo,
    Reply,
)
from lpb_server.wire.shared_memory import (
    REFERENCE_BYTES,
    Segments,
)
from shared_memory_support import LARGE, LOCAL, Recorder, Serve, numbers, placed_in


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
        await_condition(lambda: not len(service.segments))
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
