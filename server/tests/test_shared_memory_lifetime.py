"""How long segments live: after forks, hostile references, restarts and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import lpb_server
import numpy as np
import pytest
from conditions import await_condition
from fault_helpers import server_process
from lpb_server.client import BridgeClient
from lpb_server.client.shared_memory import SHARED_FROM_BYTES, SharedArrays
from lpb_server.errors import BridgeTimeout, RemoteError
from lpb_server.operations import default_registry
from lpb_server.service import Service
from lpb_server.wire import (
    ArrayHeader,
    Limits,
    Reply,
    Request,
    WireFormat,
    decode_reply,
    encode_message,
)
from lpb_server.wire.shared_memory import (
    LABEL,
    MAGIC,
    REFERENCE_BYTES,
    Reference,
    Segments,
)
from shared_memory_support import (
    LARGE,
    LOCAL,
    SIZE,
    WAIT_S,
    Recorder,
    Serve,
    numbers,
    placed_in,
    reference,
    segment,
)

CLIENT = """
import sys, numpy
from lpb_server.client import BridgeClient
client = BridgeClient(sys.argv[1])
print(client.matrix_sum(numpy.ones((1, 1 << 18))).result["sum"], flush=True)
sys.stdin.read()
"""


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


ServeScript = Callable[..., AbstractContextManager[str]]


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
        await_condition(lambda: not len(service.segments))


def test_mappings_are_bounded() -> None:
    segments = Segments()
    for number in range(70):
        secret = number.to_bytes(32, "little")
        with segment(label=LABEL.pack(MAGIC, secret, 7)) as descriptor:
            assert segments.read(reference(descriptor, secret=secret), SIZE) is not None
    assert len(segments) <= 64
