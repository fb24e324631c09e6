"""Compiled Lean code leaves nothing behind: resident memory after 1,000 calls and after 16,000."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from native_support import SOURCES, package_with

ENGINE_TIMEOUT_S = 900
FEW, MANY = 1_000, 16_000
BYTES_PER_CALL = 24
"""Less than any object takes with its header: what is less than that is no object a call."""


@pytest.fixture(scope="module")
def program(
    settings: Settings, engine_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    with package_with(
        settings, tmp_path_factory.mktemp("memory"), SOURCES / "Memory.lean"
    ) as programs:
        yield programs.build("Memory").path


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    with ServerSupervisor(settings.project) as supervisor:
        yield supervisor.endpoint


def resident_bytes(program: Path, *arguments: str) -> int:
    """Run the program and give what is resident of it when it has made its calls."""
    with subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "done\n"
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.stdin.close()
        assert process.wait() == 0
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def grown(program: Path, endpoint: str, *mode: str) -> float:
    """Bytes that each further call left behind."""
    few, many = (resident_bytes(program, endpoint, str(n), *mode) for n in (FEW, MANY))
    return (many - few) / (MANY - FEW)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_calls_leave_nothing_behind(program: Path, server: str) -> None:
    assert grown(program, server) < BYTES_PER_CALL


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_one_string_a_call_would_be_seen(program: Path, server: str) -> None:
    assert grown(program, server, "leave") > 2 * BYTES_PER_CALL
