"""Networks that misbehave: a proxy that harms connections, a link that is dropped."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conditions import await_condition
from fault_helpers import ENVIRONMENT, LONG, WAIT_S, server_process
from fault_proxy import FATES, running_proxy
from lpb_server.client import Backoff, BridgeClient, new_id
from lpb_server.errors import BridgeError
from lpb_server.wire.values import ValueMap

CLIENTS = 4
CALLS = 1000 if LONG else 60
TRY_S = 0.4
TRIES = 6
BACKOFF = Backoff(first_s=0.01, limit_s=0.1)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_hostile_network(tmp_path: Path, workers: str) -> None:
    path = tmp_path / "lines"
    path.touch()
    counts = {"right": 0, "timeout or other typed error": 0}
    appended: dict[str, bool] = {}
    problems: list[object] = []
    lock = threading.Lock()

    def call(client: BridgeClient, source: random.Random) -> None:
        kind, number = source.randrange(3), source.randrange(1000)
        request_id = new_id()
        try:
            if kind == 0:
                answer = client.call("double", {"number": number})
                right = answer.result == {"double": 2 * number}
            elif kind == 1:
                array = np.full(source.randrange(1, 20_000), float(number))
                right = bool(
                    np.array_equal(client.call("echo", arrays={"x": array}).arrays["x"], array)
                )
            else:
                appended[request_id] = False
                params: ValueMap = {"path": str(path), "line": request_id}
                reply = client.exchange("append", params, request_id=request_id).reply
                right = appended[request_id] = reply.error is None
        except BridgeError:
            with lock:
                counts["timeout or other typed error"] += 1
            return
        with lock:
            counts["right"] += right
        if not right:
            problems.append((kind, number))

    def load(port: int, seed: int) -> None:
        source = random.Random(seed)
        endpoint = f"tcp://127.0.0.1:{port}"
        try:
            for _ in range(CALLS // CLIENTS):
                # A connection a call, or a fate would be drawn only now and then.
                with BridgeClient(
                    endpoint, timeout_s=TRY_S, tries=source.randint(1, TRIES), backoff=BACKOFF
                ) as client:
                    started_s = time.monotonic()
                    call(client, source)
                    if time.monotonic() - started_s > TRIES * (TRY_S + 0.1) + WAIT_S:
                        problems.append("a call took too long")
        except Exception as error:
            problems.append(error)

    with server_process("--workers", workers) as (child, endpoint):
        with running_proxy(int(endpoint.rpartition(":")[2]), seed=11) as proxy:
            threads = [
                threading.Thread(target=load, args=(proxy.port, seed)) for seed in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30 * WAIT_S if LONG else WAIT_S)
                assert not thread.is_alive(), "a call hangs"
        assert child.poll() is None
        with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
            client.ping()
    print(f"\n{CALLS} calls with {workers} workers: {counts}, connections: {dict(proxy.fates)}")
    assert problems == []
    assert sum(counts.values()) == CALLS
    assert counts["right"] > CALLS / 2
    assert set(proxy.fates) == set(FATES)
    lines = path.read_text().split()
    assert len(lines) == len(set(lines)), "an operation with side effects ran twice"
    assert {line for line, answered in appended.items() if answered} <= set(lines) <= set(appended)


NEAR, FAR = "10.203.17.1", "10.203.17.2"
CLIENT = """
import json, sys
from lpb_server.client import BridgeClient
from lpb_server.errors import ClientError
number = 0
with BridgeClient(sys.argv[1], timeout_s=0.3, tries=2) as client:
    for _ in sys.stdin:
        number += 1
        try:
            outcome = client.call("double", {"number": number}).result["double"] == 2 * number
        except ClientError as error:
            outcome = type(error).__name__
        print(json.dumps(outcome), flush=True)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@contextmanager
def two_namespaces() -> Iterator[tuple[str, str]]:
    """Make two network namespaces with a link between them, or skip."""
    near, far = (f"lpb-{os.getpid()}-{side}" for side in ("near", "far"))
    made: list[str] = []
    try:
        try:
            for name in (near, far):
                ip("netns", "add", name)
                made.append(name)
            ip("link", "add", "lpb0", "netns", near, "type", "veth", "peer", "lpb0", "netns", far)
            for name, address in ((near, NEAR), (far, FAR)):
                ip("-n", name, "addr", "add", f"{address}/24", "dev", "lpb0")
                ip("-n", name, "link", "set", "lpb0", "up")
                ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"network namespaces are not to be had here: {error}")
        yield near, far
    finally:
        for name in made:
            ip("netns", "del", name)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_dropped_link_between_two_namespaces(workers: str) -> None:
    with two_namespaces() as (near, far):
        inside = ["ip", "netns", "exec"]
        python = [sys.executable, "-W", "error"]
        server = subprocess.Popen(
            [
                *(*inside, far, *python, "-m", "lpb_server", "--insecure", "--workers", workers),
                *("--endpoint", f"tcp://{FAR}:5555", "--log-level", "error"),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        client = subprocess.Popen(
            [*inside, near, *python, "-c", CLIENT, f"tcp://{FAR}:5555"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        with server, client:
            try:
                assert server.stdout is not None
                assert client.stdin is not None
                assert client.stdout is not None
                asked, answers = client.stdin, client.stdout
                assert json.loads(server.stdout.readline())["event"] == "ready"

                def call() -> object:
                    asked.write("\n")
                    asked.flush()
                    return json.loads(answers.readline())

                for _ in range(3):
                    assert call() is True
                    ip("-n", far, "link", "set", "lpb0", "down")
                    assert [call(), call()] == ["BridgeTimeout", "BridgeTimeout"]
                    ip("-n", far, "link", "set", "lpb0", "up")
                    await_condition(lambda: call() is True)
                assert server.poll() is None
            finally:
                client.kill()
                server.kill()
