from __future__ import annotations

import subprocess
import sys

import pytest
from lpb_benchmarks.measure.machine import (
    describe_machine,
    describe_placement,
    machine_facts,
    placement,
)
from lpb_benchmarks.measure.usage import Meter

WORK = """
import sys, time
print("ready", flush=True)
sys.stdin.readline()
data = bytearray(48 << 20)
while time.process_time() < 0.3:
    pass
del data
print("done", flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process")
def test_cpu_time_and_peak_memory_of_another_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        meter = Meter(child.pid)
        before = meter.resident_bytes()
        meter.begin()
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        busy = meter.end()
        meter.begin()  # The peak is forgotten, and nothing happens now.
        idle = meter.end()
        child.stdin.close()
    assert before is not None
    assert busy.cpu_s is not None
    assert busy.peak_bytes is not None
    assert 0.1 < busy.cpu_s < 10
    assert 40 << 20 < busy.peak_bytes - before < 80 << 20
    assert idle.peak_bytes is not None
    assert idle.peak_bytes < busy.peak_bytes - (40 << 20)
    assert idle.cpu_s is not None
    assert idle.cpu_s < busy.cpu_s


def test_a_process_that_is_gone_has_no_usage() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    meter = Meter(child.pid)
    meter.begin()
    assert meter.end().cpu_s is None
    assert meter.end().peak_bytes is None


def test_the_two_ends_share_no_processor() -> None:
    placed = placement()
    if placed:
        assert not placed["server"] & placed["client"]
        assert "server on processor" in describe_placement(placed)
    assert placement(split=False) == {}
    assert "any processor" in describe_placement({})


def test_the_machine_is_described() -> None:
    facts = machine_facts()
    assert facts["packages"]["pyzmq"]
    assert f"{facts['processors']} × " in describe_machine(facts)
    assert facts["server"] in {"compiled", "interpreted"}
    assert f"server {facts['server']}" in describe_machine(facts)
