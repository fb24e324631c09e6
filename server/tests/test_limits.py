"""Each limit at its edge: what just fits is accepted, one more is refused, and by which code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import lpb_server
import numpy as np
import pytest
import zmq
from conditions import await_read
from lpb_server.client import BridgeClient
from lpb_server.errors import BridgeTimeout, RemoteError
from lpb_server.frontend.in_process_server import BridgeServer
from lpb_server.operations import Outcome, default_registry, operation
from lpb_server.service import Service
from lpb_server.settings.config import ServerConfig
from lpb_server.wire import Limits, Request, WireFormat, encode_message

Serve = Callable[..., AbstractContextManager[BridgeServer]]
FREE_PORT = "tcp://127.0.0.1:*"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(lpb_server.__file__).parents[1])}


def nested(depth: int) -> Any:
    """A value that nests so deep, in a header whose params hold it under a key."""
    value: Any = 1
    for _ in range(depth - 1):
        value = [value]
    return value


def fits_and_one_more(limit: str) -> tuple[int, Any, Any]:
    """The limit's value, arguments of `echo` that just fit it, and some that pass it by one."""
    cases: dict[str, tuple[int, Any, Any]] = {
        "header_bytes": (400, 400, 401),
        "frame_bytes": (1000, {"x": np.zeros(1000, "?")}, {"x": np.zeros(1001, "?")}),
        "frames": (3, dict.fromkeys("ab", np.zeros(1)), dict.fromkeys("abc", np.zeros(1))),
        "array_bytes": (80, {"x": np.zeros(10)}, {"x": np.zeros(11)}),
        "elements": (10, {"x": np.zeros((2, 5), "f4")}, {"x": np.zeros((11, 1), "f4")}),
        "depth": (7, {"x": nested(5)}, {"x": nested(6)}),
        "string_bytes": (50, {"x": "é" * 25}, {"x": "é" * 25 + "a"}),
    }
    return cases[limit]


def arguments(limit: str, case: Any, wire_format: WireFormat) -> tuple[Any, Any]:
    if limit == "header_bytes":
        bare = Request("0" * 32, "echo", {"x": "a" * 260})
        spare = case - len(encode_message(bare, wire_format)[0])
        return {"x": "a" * (260 + spare)}, None
    return (case, None) if limit in ("depth", "string_bytes") else (None, case)


LIMITS = ["header_bytes", "frame_bytes", "frames", "array_bytes", "elements", "depth"]
LIMITS.append("string_bytes")


def check_edge(endpoint: str, limit: str, wire_format: WireFormat) -> None:
    _, fits, more = fits_and_one_more(limit)
    with BridgeClient(endpoint, format=wire_format.value, timeout_s=20, tries=1) as client:
        params, arrays = arguments(limit, fits, wire_format)
        back = client.exchange("echo", params, arrays, request_id=limit.ljust(32, "0")).reply
        assert back.error is None, back.error
        assert back.result == (params or {})
    with BridgeClient(endpoint, format=wire_format.value, timeout_s=0.5, tries=1) as client:
        params, arrays = arguments(limit, more, wire_format)
        if limit == "frame_bytes":  # ZeroMQ drops the connection before it takes the memory.
            with pytest.raises(BridgeTimeout):
                client.exchange("echo", params, arrays, request_id=limit.ljust(32, "1"))
            return
        client.timeout_s = 20
        if limit == "header_bytes":
            frames = encode_message(Request("1" * 32, "echo", params or {}), wire_format)
            reply = client.call_raw(frames, "?")
            assert b"too_large" in reply[0]
            return
        if limit == "frames":
            headers = [{"name": n, "dtype": "b1", "shape": [1], "frames": 1} for n in "abc"]
            header = {"schema_version": 2, "id": "f", "op": "echo", "params": {}}
            frame = json.dumps({**header, "arrays": headers}).encode()
            assert b"too_large" in client.call_raw([frame, b"\0", b"\0", b"\0"], "?")[0]
            return
        error = client.exchange("echo", params, arrays, request_id=limit.ljust(32, "1")).reply.error
        assert error is not None
        assert error.code == "too_large"


@pytest.mark.parametrize("wire_format", WireFormat)
@pytest.mark.parametrize("limit", LIMITS)
def test_the_edge_of_each_limit(serve: Serve, limit: str, wire_format: WireFormat) -> None:
    limits = Limits(**{limit: fits_and_one_more(limit)[0]})
    with serve(ServerConfig(FREE_PORT, limits=limits)) as server:
        check_edge(server.endpoint, limit, wire_format)


@contextmanager
def process(*flags: str) -> Iterator[str]:
    command = [sys.executable, "-m", "lpb_server", "--no-config", "--endpoint", FREE_PORT, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())["endpoint"]
        finally:
            child.terminate()


@pytest.mark.parametrize("workers", [0, 1])
def test_limits_given_by_flags_hold_in_workers_too(workers: int) -> None:
    # The broker reads headers alone: arrays are looked at where the operation runs.
    limits = ["array_bytes", "elements", "depth", "string_bytes"]
    values = [f"--limits-{name.replace('_', '-')}={fits_and_one_more(name)[0]}" for name in limits]
    with process("--workers", str(workers), *values) as endpoint:
        for limit in limits:
            check_edge(endpoint, limit, WireFormat.MSGPACK)


@contextmanager
def waiting_service() -> Iterator[tuple[Service, threading.Event, threading.Event]]:
    entered, leave = threading.Event(), threading.Event()

    @operation("wait", params={"type": "object"}, summary="Wait.")
    def wait(params: Any, arrays: Any) -> Outcome:
        entered.set()
        assert leave.wait(10)
        return Outcome({})

    registry = default_registry()
    registry.add(wait)
    try:
        yield Service(registry), entered, leave
    finally:
        leave.set()


def test_requests_in_flight_are_counted_for_each_client(serve: Serve) -> None:
    config = ServerConfig(FREE_PORT, requests_per_client=3)
    with (
        waiting_service() as (service, entered, leave),
        serve(config, service) as server,
        zmq.Context() as context,
        context.socket(zmq.DEALER) as greedy,
    ):
        greedy.linger = 0
        greedy.connect(server.endpoint)

        def send(request_id: str, op: str = "ping") -> None:
            header = {"schema_version": 2, "id": request_id, "op": op, "params": {}}
            greedy.send(json.dumps(header).encode())

        send("w", "wait")
        assert entered.wait(10)
        for number in range(4):
            send(str(number))
        send("0")  # The same request once more is no more work.
        await_read(server.endpoint)  # All are with the server before it looks again.
        with BridgeClient(server.endpoint, timeout_s=20, tries=1) as modest:
            leave.set()
            modest.ping()  # Another client's requests are not counted with them.
        replies = []
        for _ in range(6):
            assert greedy.poll(10_000)
            replies.append(json.loads(greedy.recv()))
        refused = [reply for reply in replies if reply["status"] == "error"]
        assert [(reply["id"], reply["error"]["code"]) for reply in refused] == [("3", "overloaded")]
        send("3")  # What was refused may come again, once there is room.
        assert greedy.poll(10_000)
        assert json.loads(greedy.recv())["status"] == "ok"


def test_depth_beyond_the_protocol_stays_a_bad_message(endpoint: str) -> None:
    header = b'{"schema_version":2,"id":"d","op":"echo","params":{"x":%s}}'
    with BridgeClient(endpoint, timeout_s=20, tries=1) as client:
        fits = header % (b"[" * 61 + b"1" + b"]" * 61)
        assert b'"ok"' in client.call_raw([fits], "d")[0]
        more = header % (b"[" * 62 + b"1" + b"]" * 62)
        assert b"bad_message" in client.call_raw([more], "?")[0]


def test_the_client_s_error_names_the_limit(serve: Serve) -> None:
    config = ServerConfig(FREE_PORT, limits=Limits(elements=3))
    with (
        serve(config) as server,
        BridgeClient(server.endpoint) as client,
        pytest.raises(RemoteError, match="more than 3 elements") as caught,
    ):
        client.call("echo", arrays={"x": np.zeros(4)})
    assert caught.value.details == {"limit_elements": 3}
