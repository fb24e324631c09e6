"""A log that nobody reads, or that no disk has room for, holds nothing up."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fault_helpers import ENVIRONMENT, interpreted_only
from lpb_server.client import BridgeClient
from lpb_server.observability.logs import _Repeats, _Unhurried

_NOISY = """
import sys, logging
from lpb_server.frontend import client_socket as frontend
send = frontend.Frontend.send
def noisy(self, route, reply):
    for number in range(200):
        logging.getLogger("n").warning("%s dropped " * 50, *[number] * 50)
        logging.getLogger("n").info("a line of information " * 50)
    send(self, route, reply)
frontend.Frontend.send = noisy
from lpb_server.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@interpreted_only
def test_a_pipe_that_nobody_reads_does_not_freeze_the_server(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/x"
    flags = ["--workers", "0", "--endpoint", endpoint, "--log-level", "info"]
    with subprocess.Popen(
        [sys.executable, "-c", _NOISY, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline()
            with BridgeClient(endpoint, timeout_s=20, tries=1) as client:
                for _ in range(5):
                    client.ping()
            assert child.stderr is not None
            os.set_blocking(child.stderr.fileno(), False)
            while child.stderr.read(1 << 16):
                pass
            with BridgeClient(endpoint, timeout_s=20, tries=1) as client:
                client.ping()
            assert b"lines of the log were dropped" in child.stderr.read(1 << 16)
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_does_not_end_the_server(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/x"
    command = [sys.executable, "-m", "lpb_server", "--workers", "0", "--endpoint", endpoint]
    with (
        open("/dev/full", "w") as full,
        subprocess.Popen(command, stdout=full, stderr=full, env=ENVIRONMENT) as child,
    ):
        try:
            with BridgeClient(endpoint, timeout_s=5, tries=8) as client:
                client.ping()
            child.send_signal(signal.SIGTERM)
            assert child.wait(20) == 0
        finally:
            child.kill()


def record(text: str, *arguments: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("x", level, "", 0, text, arguments, None)


def test_warnings_that_repeat_are_bounded() -> None:
    now_s = 0.0
    repeats = _Repeats(lambda: now_s)
    assert [repeats.filter(record("peer %s", n)) for n in range(100)].count(True) == 20
    assert repeats.filter(record("another"))
    assert all(repeats.filter(record("peer %s", n, level=logging.INFO)) for n in range(100))
    now_s = 1.5
    later = record("peer %s", 7)
    assert repeats.filter(later)
    assert later.getMessage() == "peer 7 (80 more of these before)"


def test_lines_are_whole_or_dropped_and_counted() -> None:
    reader, writer = os.pipe()
    try:
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
        handler = _Unhurried(writer)
        for number in range(100):
            handler.emit(record("%04d" + "x" * 1000, number))
        first = os.read(reader, 1 << 16)
        lines = first.decode().splitlines()
        assert [line[:4] for line in lines] == [f"{number:04d}" for number in range(len(lines))]
        handler.emit(record("after"))
        said = os.read(reader, 1 << 16).decode().splitlines()
        assert said == [f"{100 - len(lines)} lines of the log were dropped", "after"]
    finally:
        os.close(reader)
        os.close(writer)
