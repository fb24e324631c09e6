"""The bridge does not copy large arrays: neither by address nor by the server's peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lpb_server
import numpy as np
import pytest
from lpb_server.client import BridgeClient
from lpb_server.process.memory import ReturnsMemory

MIB = 1 << 20
ARRAY_MIB = 256

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc, as on Linux"
)


@contextmanager
def server_process() -> Iterator[tuple[int, str]]:
    root = str(Path(lpb_server.__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-m", "lpb_server", "--workers", "0", "--endpoint", "tcp://127.0.0.1:*"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    with child:
        try:
            assert child.stdout is not None
            yield child.pid, json.loads(child.stdout.readline())["endpoint"]
        finally:
            child.kill()


def memory_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


@pytest.mark.parametrize(("certify", "shared"), [(False, False), (True, False), (False, True)])
def test_the_servers_peak_memory_grows_by_the_array_alone(certify: bool, shared: bool) -> None:
    matrix = np.ones((ARRAY_MIB * MIB // 8 // 1024, 1024))
    with (
        server_process() as (pid, endpoint),
        BridgeClient(endpoint, timeout_s=120, shared_memory=shared) as client,
    ):
        # A small call first, so that what is loaded once does not count.
        client.matrix_sum(np.ones((8, 8)), certify=certify)
        before = memory_bytes(pid, "VmRSS")
        for _ in range(2):  # The second time: the first message must be gone when that comes.
            total = client.matrix_sum(matrix, certify=certify)
        growth = memory_bytes(pid, "VmHWM") - before
    assert total.result == {"sum": float(matrix.size)}
    assert growth < (1.3 if certify else 1.1) * matrix.nbytes


@pytest.mark.parametrize("shared", [False, True])
def test_an_echoed_array_is_not_copied_by_the_server(shared: bool) -> None:
    source = np.arange(ARRAY_MIB * MIB // 8, dtype=np.int64)
    with (
        server_process() as (pid, endpoint),
        BridgeClient(endpoint, timeout_s=120, shared_memory=shared) as client,
    ):
        client.call("echo", arrays={"x": np.zeros(8)})
        before = memory_bytes(pid, "VmRSS")
        back = client.call("echo", arrays={"x": source}).arrays["x"]
        growth = memory_bytes(pid, "VmHWM") - before
    assert np.array_equal(back, source)
    assert growth < 1.1 * source.nbytes


def page_faults(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7])


def test_an_array_finds_the_memory_of_the_last_one() -> None:
    middle = np.ones((64 * MIB // 8 // 1024, 1024))
    with (
        server_process() as (pid, endpoint),
        BridgeClient(endpoint, timeout_s=120, shared_memory=False) as client,
    ):
        faults = []
        for _ in range(6):
            client.matrix_sum(middle[::8])  # Memory of another size in between.
            before = page_faults(pid)
            client.matrix_sum(middle)
            faults.append(page_faults(pid) - before)
    pages = middle.nbytes // os.sysconf("SC_PAGE_SIZE")
    assert faults[0] > pages / 2, "these are not the pages of the array"
    assert max(faults[3:]) < pages / 2


def test_memory_kept_for_middle_sized_arrays_is_given_back_after_a_large_one() -> None:
    middle = np.ones((64 * MIB // 8 // 1024, 1024))
    large = np.ones((ARRAY_MIB * MIB // 8 // 1024, 1024))
    with (
        server_process() as (pid, endpoint),
        BridgeClient(endpoint, timeout_s=120, shared_memory=False) as client,
    ):
        client.matrix_sum(np.ones((8, 8)))
        before = memory_bytes(pid, "VmRSS")
        for _ in range(2):
            client.matrix_sum(middle)
        kept = memory_bytes(pid, "VmRSS") - before
        client.matrix_sum(large)
        client.ping()
        left = memory_bytes(pid, "VmRSS") - before
    assert kept > 32 * MIB, "nothing was kept: this test says nothing"
    assert left < 16 * MIB


def test_memory_is_given_back_after_large_messages_only() -> None:
    given: list[int] = []
    total = 0
    memory = ReturnsMemory(lambda: given.append(total))
    for size in (1 * MIB, 100 * MIB, 100 * MIB, 129 * MIB, 5, 129 * MIB):
        total += size
        memory.after(total)
    assert given == [330 * MIB, 459 * MIB + 5]
