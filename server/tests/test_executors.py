"""Operations run by a real local Dask cluster."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conditions import await_condition
from fault_helpers import ENVIRONMENT, server_process
from lpb_server.client import BridgeClient, new_id
from lpb_server.errors import RemoteError

pytest.importorskip("distributed", reason="Dask is in the extras dev and dask")
pytestmark = pytest.mark.timeout(600)

WAIT_S = 240.0  # Dask takes seconds to start, and more on a busy machine.
SILENT = {**ENVIRONMENT, "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def dask_process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
        env=SILENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def dask_worker(port: int) -> tuple[str, ...]:
    return (
        *("dask_worker", f"tcp://127.0.0.1:{port}", "--no-nanny", "--no-dashboard"),
        *("--nthreads", "1", "--host", "127.0.0.1"),
    )


@pytest.fixture(scope="module")
def scheduler() -> Iterator[int]:
    port = free_port()
    with (
        dask_process(
            *("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        ),
        dask_process(*dask_worker(port)),
    ):
        await_condition(lambda: accepts(port), WAIT_S)
        yield port


@pytest.fixture(scope="module")
def endpoint(scheduler: int) -> Iterator[tuple[int, str]]:
    with server_process("--executor", f"dask://127.0.0.1:{scheduler}") as (child, endpoint):
        yield child.pid, endpoint


def test_answers_are_those_of_any_server(endpoint: tuple[int, str]) -> None:
    with BridgeClient(endpoint[1], timeout_s=WAIT_S, tries=1) as client:
        client.ping()
        array = np.arange(100_000.0)
        assert np.array_equal(client.call("echo", arrays={"x": array}).arrays["x"], array)
        total = client.matrix_sum(np.ones((3, 3)), certify=True)
        assert total.result == {"sum": 9.0}
        assert total.certificate is not None
        for op, code in (("matrix_sum", "invalid_params"), ("unheard-of", "unknown_operation")):
            with pytest.raises(RemoteError) as caught:
                client.call(op)
            assert caught.value.code == code
        with pytest.raises(RemoteError) as caught:
            client.call("fail")
        assert caught.value.code == "internal"


def test_pure_operations_run_in_the_cluster_and_others_here(
    endpoint: tuple[int, str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    lines = tmp_path / "lines"
    pid, address = endpoint
    with BridgeClient(address, timeout_s=WAIT_S, tries=1) as client:
        assert client.call("wait_for", {"path": str(gate)}).result["pid"] != pid
        request_id = new_id()
        for _ in range(2):  # The second is answered from the cache.
            client.exchange(
                "append", {"path": str(lines), "line": "1", "pid": 1}, request_id=request_id
            )
    assert lines.read_text() == f"1 {pid}\n"


def test_a_dead_worker_of_the_cluster(scheduler: int, tmp_path: Path) -> None:
    """Its pure work is run by another."""
    gate = tmp_path / "gate"
    port = free_port()
    answers: list[object] = []
    with dask_process(
        *("dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    ):
        await_condition(lambda: accepts(port), WAIT_S)
        with server_process("--executor", f"dask://127.0.0.1:{port}") as (_, endpoint):

            def ask() -> None:
                with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
                    answers.append(client.call("wait_for", {"path": str(gate)}).result["pid"])

            asking = threading.Thread(target=ask)
            with dask_process(*dask_worker(port)) as first:
                asking.start()
                await_condition(Path(f"{gate}.entered").exists, WAIT_S)
                with dask_process(*dask_worker(port)) as second:
                    os.kill(first.pid, signal.SIGKILL)
                    gate.touch()
                    asking.join(WAIT_S)
                    assert answers == [second.pid]


def test_running_work_is_answered_before_the_end(scheduler: int, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    answers: list[object] = []
    with server_process("--executor", f"dask://127.0.0.1:{scheduler}") as (child, endpoint):

        def ask() -> None:
            with BridgeClient(endpoint, timeout_s=WAIT_S, tries=1) as client:
                answers.append(client.call("wait_for", {"path": str(gate)}).result)

        asking = threading.Thread(target=ask)
        asking.start()
        await_condition(Path(f"{gate}.entered").exists, WAIT_S)
        child.send_signal(signal.SIGTERM)
        gate.touch()
        asking.join(WAIT_S)
        assert len(answers) == 1
        assert child.wait(WAIT_S) == 0


@pytest.mark.parametrize(
    ("executor", "code"), [("dask://127.0.0.1:1", 3), ("dask://nonsense", 2), ("threads", 2)]
)
def test_no_such_executor_is_one_line(executor: str, code: int) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-m", "lpb_server", "--log-level", "error"),
            *("--endpoint", "tcp://127.0.0.1:*", "--executor", executor),
        ],
        env=SILENT,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
