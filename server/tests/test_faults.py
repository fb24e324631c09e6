"""Broker and workers as real processes, and what is done to them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lpb_server
import pytest
from lpb_server.client import BridgeClient, new_id
from lpb_server.errors import BridgeError
from lpb_server.wire.values import ValueMap

WAIT_S = 60.0
CLIENTS = 3
KILLS = 5
PLUGIN = Path(__file__).parent / "plugin"
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(Path(lpb_server.__file__).parents[1]), str(PLUGIN)]),
}

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="the workers are found in /proc, as on Linux"
)


@contextmanager
def broker(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    child = subprocess.Popen(
        [
            *(sys.executable, "-W", "error", "-m", "lpb_server", "--endpoint"),
            *("tcp://127.0.0.1:*", "--log-level", "error", *arguments),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with child:
        try:
            assert child.stdout is not None
            yield child, json.loads(child.stdout.readline())["endpoint"]
        finally:
            child.kill()


def workers_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_killed_workers_under_load(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.touch()
    enough = threading.Event()
    outcomes: dict[str, str] = {}
    wrong: list[object] = []

    def load(endpoint: str, seed: int) -> None:
        source = random.Random(seed)
        try:
            with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
                while not enough.is_set():
                    if source.random() < 0.5:
                        number = source.randrange(1000)
                        result = client.call("double", {"number": number}).result
                        if result != {"double": 2 * number}:
                            wrong.append((number, result))
                    else:
                        line = new_id()
                        params: ValueMap = {"path": str(path), "line": line}
                        reply = client.exchange("append", params, request_id=line).reply
                        outcomes[line] = "ok" if reply.error is None else reply.error.code
        except BridgeError as error:
            wrong.append(error)

    with broker("--workers", "3", "--restarts-per-minute", "1000") as (child, endpoint):
        threads = [threading.Thread(target=load, args=(endpoint, seed)) for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        source = random.Random(7)
        for _ in range(KILLS):
            before = len(outcomes)
            wait_until(lambda before=before: len(outcomes) > before + 10 or bool(wrong))  # type: ignore[misc]
            os.kill(source.choice(workers_of(child.pid)), signal.SIGKILL)
        wait_until(lambda: len(workers_of(child.pid)) == 3 or bool(wrong))
        enough.set()
        for thread in threads:
            thread.join(WAIT_S)
        assert not any(thread.is_alive() for thread in threads)
    assert wrong == []
    lines = path.read_text().split()
    assert len(set(lines)) == len(lines)
    assert set(outcomes.values()) <= {"ok", "worker_lost"}
    assert {line for line, outcome in outcomes.items() if outcome == "ok"} <= set(lines)
    assert set(lines) <= set(outcomes)


def test_running_work_is_answered_before_the_end_and_waiting_work_refused(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    answers: dict[str, object] = {}

    def ask(endpoint: str, request_id: str, op: str) -> None:
        with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
            params: ValueMap = {"path": str(gate), "number": 1}
            reply = client.exchange(op, params, request_id=request_id).reply
            answers[request_id] = reply.status if reply.error is None else reply.error.code

    with broker("--workers", "1") as (child, endpoint):
        (worker,) = workers_of(child.pid)
        running = threading.Thread(target=ask, args=(endpoint, "running", "wait_for"))
        running.start()
        wait_until(Path(f"{gate}.entered").exists)
        waiting = threading.Thread(target=ask, args=(endpoint, "waiting", "double"))
        waiting.start()
        time.sleep(0.3)  # Only so that it is waiting already; arriving later it is refused too.
        child.send_signal(signal.SIGTERM)
        waiting.join(WAIT_S)
        assert answers == {"waiting": "overloaded"}
        assert not ended(worker)
        gate.touch()
        running.join(WAIT_S)
        assert answers["running"] == "ok"
        assert child.wait(WAIT_S) == 0
        wait_until(lambda: ended(worker))


@pytest.mark.parametrize("how", ["killed", "second signal"])
def test_no_worker_outlives_its_broker(tmp_path: Path, how: str) -> None:
    def ask(endpoint: str) -> None:
        with BridgeClient(endpoint, timeout_s=1, tries=1) as client, pytest.raises(BridgeError):
            client.call("wait_for", {"path": str(tmp_path / "never")})

    with broker("--workers", "2") as (child, endpoint):
        workers = workers_of(child.pid)
        assert len(workers) == 2
        ask(endpoint)  # One is busy; its work does not hold it back.
        if how == "killed":
            child.kill()
        else:
            child.terminate()
            time.sleep(0.3)
            assert child.poll() is None
            child.terminate()
        assert child.wait(WAIT_S) == -(signal.SIGKILL if how == "killed" else signal.SIGTERM)
        for worker in workers:
            wait_until(lambda worker=worker: ended(worker))  # type: ignore[misc]
