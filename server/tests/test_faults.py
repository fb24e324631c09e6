"""Broker and workers as real processes, and what is done to them."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest
import zmq
from conditions import await_condition, await_connections, await_read, await_signal
from fault_helpers import (
    LONG,
    WAIT_S,
    ended,
    fork_server_of,
    server_process,
    threads,
    workers_of,
)
from lpb_server.client import BridgeClient, new_id
from lpb_server.errors import BridgeError, RemoteError
from lpb_server.wire.envelope import Request
from lpb_server.wire.formats import WireFormat
from lpb_server.wire.messages import decode_reply, encode_message
from lpb_server.wire.values import ValueMap

CLIENTS = 4
REQUESTS = 10_000 if LONG else 800
KILL_EVERY_S = 0.1

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="the workers are found in /proc, as on Linux"
)


class Load:
    """A client that counts every answer it gets; one request at a time."""

    def __init__(self, endpoint: str, path: Path, seed: int) -> None:
        self.endpoint = endpoint
        self.path = path
        self.source = random.Random(seed)
        self.outcomes: dict[str, str] = {}
        self.appended: dict[str, str] = {}
        self.problems: list[object] = []
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        context = zmq.Context()
        connection = context.socket(zmq.DEALER)
        connection.linger = 0
        connection.connect(self.endpoint)
        try:
            for _ in range(REQUESTS // CLIENTS):
                self.ask(connection)
            if connection.poll(200):
                self.problems.append("an answer too many")
        except Exception as error:
            self.problems.append(error)
        finally:
            connection.close()
            context.term()

    def ask(self, connection: zmq.Socket[bytes]) -> None:
        request_id = new_id()
        number = self.source.randrange(1000)
        appends = self.source.random() < 0.5
        params: ValueMap = {"path": str(self.path), "line": request_id, "number": number}
        request = Request(request_id, "append" if appends else "double", params)
        connection.send_multipart(encode_message(request, WireFormat.MSGPACK, []))
        assert connection.poll(int(WAIT_S * 1000)), "no answer"
        reply = decode_reply(list(connection.recv_multipart())).reply
        if reply.id != request_id:
            self.problems.append(f"{reply.id} answered, {request_id} asked")
        outcome = "ok" if reply.error is None else str(reply.error.code)
        if appends:
            self.appended[request_id] = outcome
        elif reply.result != {"double": 2 * number}:
            self.problems.append((number, reply))
        self.outcomes[request_id] = outcome


def test_a_worker_is_killed_every_100_ms_under_load(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.touch()
    source = random.Random(7)
    kills = 0
    with server_process("--workers", "3", "--restarts-per-minute", "100000") as (child, endpoint):
        loads = [Load(endpoint, path, seed) for seed in range(CLIENTS)]
        started_s = time.monotonic()
        for load in loads:
            load.thread.start()
        while any(load.thread.is_alive() for load in loads):
            time.sleep(KILL_EVERY_S)  # The time between two kills is what is tried here.
            workers = [pid for pid in workers_of(child.pid) if not ended(pid)]
            if workers:
                os.kill(source.choice(workers), signal.SIGKILL)
                kills += 1
        took_s = time.monotonic() - started_s
        assert child.poll() is None
        await_condition(lambda: len(workers_of(child.pid)) == 3)
    assert [problem for load in loads for problem in load.problems] == []
    assert sum(len(load.outcomes) for load in loads) == REQUESTS
    appended = {key: value for load in loads for key, value in load.appended.items()}
    lines = path.read_text().split()
    twice = len(lines) - len(set(lines))
    answered = {line for line, outcome in appended.items() if outcome == "ok"}
    lost = sum(outcome == "worker_lost" for outcome in appended.values())
    print(
        f"\n{REQUESTS} requests, {kills} kills in {took_s:.1f} s: {REQUESTS - len(appended)} pure, "
        f"all right; {len(appended)} with side effects: {len(answered)} ok, {lost} worker_lost, "
        f"{twice} run twice"
    )
    assert twice == 0
    assert set(appended.values()) <= {"ok", "worker_lost"}
    assert answered <= set(lines) <= set(appended)
    assert kills >= 3  # how many there is time for is the machine's affair


def test_a_killed_fork_server_is_replaced_and_its_workers_go_on(tmp_path: Path) -> None:
    with (
        server_process("--workers", "2", "--restarts-per-minute", "100") as (child, endpoint),
        BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client,
    ):
        await_condition(lambda: len(workers_of(child.pid)) == 2)
        before = workers_of(child.pid)
        first = fork_server_of(child.pid)
        assert first is not None
        assert threads(first) == 1
        os.kill(first, signal.SIGKILL)
        client.ping()
        await_condition(lambda: fork_server_of(child.pid) not in (None, first))
        assert not any(map(ended, before))
        for pid in before:  # What the killed one forked is still watched, and replaced.
            os.kill(pid, signal.SIGKILL)
        await_condition(lambda: all(map(ended, before)) and len(workers_of(child.pid)) == 2)
        client.ping()  # Sooner, it could go to one whose death has not been noticed yet.
        assert not set(workers_of(child.pid)) & set(before)
        second = fork_server_of(child.pid)
        assert second is not None
        after = [second, *workers_of(child.pid)]
        child.kill()
        await_condition(lambda: all(map(ended, after)))


def test_workers_are_started_from_nothing_where_forking_is_unsafe() -> None:
    with (
        server_process("--workers", "2", environment={"LPB_TEST_THREAD": "1"}) as (child, endpoint),
        BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client,
    ):
        client.ping()
        await_condition(lambda: len(workers_of(child.pid)) == 2)
        assert fork_server_of(child.pid) is None
        victim = workers_of(child.pid)[0]
        os.kill(victim, signal.SIGKILL)
        await_condition(lambda: len(workers_of(child.pid)) == 2 and ended(victim))
        client.ping()


def test_running_work_is_answered_before_the_end_and_waiting_work_refused(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    answers: dict[str, object] = {}

    def ask(endpoint: str, request_id: str, op: str) -> None:
        with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
            params: ValueMap = {"path": str(gate), "number": 1}
            reply = client.exchange(op, params, request_id=request_id).reply
            answers[request_id] = reply.status if reply.error is None else reply.error.code

    with server_process("--workers", "1") as (child, endpoint):
        (worker,) = workers_of(child.pid)
        running = threading.Thread(target=ask, args=(endpoint, "running", "wait_for"))
        running.start()
        await_condition(Path(f"{gate}.entered").exists)
        waiting = threading.Thread(target=ask, args=(endpoint, "waiting", "double"))
        waiting.start()
        # Only so that it is waiting already; arriving later it is refused too.
        await_connections(endpoint, 2)
        await_read(endpoint)
        child.send_signal(signal.SIGTERM)
        waiting.join(WAIT_S)
        assert answers == {"waiting": "overloaded"}
        assert not ended(worker)
        gate.touch()
        running.join(WAIT_S)
        assert answers["running"] == "ok"
        assert child.wait(WAIT_S) == 0
        await_condition(lambda: ended(worker))


def keep_a_worker_busy(endpoint: str, gate: Path) -> threading.Thread:
    """Have a worker wait until there is a file; return when it does."""

    def ask() -> None:
        with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
            client.call("wait_for", {"path": str(gate)})

    asking = threading.Thread(target=ask)
    asking.start()
    await_condition(Path(f"{gate}.entered").exists)
    return asking


def test_what_was_sent_to_a_busy_worker_runs_where_there_is_room(tmp_path: Path) -> None:
    with server_process("--workers", "2") as (child, endpoint):
        await_condition(lambda: len(workers_of(child.pid)) == 2)
        asking = [keep_a_worker_busy(endpoint, tmp_path / gate) for gate in ("first", "second")]
        with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
            opener = threading.Timer(0.3, (tmp_path / "second").touch)
            opener.start()
            # It is sent after the first, which began first and goes on; the second one ends.
            assert client.call("double", {"number": 21}).result == {"double": 42}
            opener.join()
        assert asking[0].is_alive()
        (tmp_path / "first").touch()
        for thread in asking:
            thread.join(WAIT_S)


def test_a_deadline_counts_the_time_at_a_busy_worker(tmp_path: Path) -> None:
    with server_process("--workers", "1") as (_, endpoint):
        asking = keep_a_worker_busy(endpoint, tmp_path / "gate")
        opener = threading.Timer(1.5, (tmp_path / "gate").touch)  # However long connecting takes.
        opener.start()
        with (
            BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client,
            pytest.raises(RemoteError, match="waited past its deadline of 100 ms"),
        ):
            client.call("double", {"number": 21}, deadline_ms=100)
        opener.join()
        asking.join(WAIT_S)


@pytest.mark.parametrize("how", ["killed", "second signal"])
def test_no_worker_outlives_its_broker(tmp_path: Path, how: str) -> None:
    def ask(endpoint: str) -> None:
        with BridgeClient(endpoint, timeout_s=1, tries=1) as client, pytest.raises(BridgeError):
            client.call("wait_for", {"path": str(tmp_path / "never")})

    with server_process("--workers", "2") as (child, endpoint):
        await_condition(lambda: len(workers_of(child.pid)) == 2)
        workers = workers_of(child.pid)
        ask(endpoint)  # One is busy; its work does not hold it back.
        if how == "killed":
            child.kill()
        else:
            child.terminate()
            await_signal(child.pid, signal.SIGTERM)
            assert child.poll() is None
            child.terminate()
        assert child.wait(WAIT_S) == -(signal.SIGKILL if how == "killed" else signal.SIGTERM)
        for worker in workers:
            await_condition(lambda worker=worker: ended(worker))  # type: ignore[misc]
