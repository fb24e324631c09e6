"""LeanZMQ.c against Lean's real runtime library."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from lpb_cli.toolchain.lean_runtime import HEADERS

TESTS = Path(__file__).parent
FFI = TESTS.parent
PROGRAM = TESTS / "runtime" / "lean_zmq_test.c"
CASES = re.findall(r'^        \{"(\w+)", \w+\},$', PROGRAM.read_text(), re.MULTILINE)
WRAPPED = ["lpb_socket_free", "lpb_context_release", "lpb_socket_send"]

Compile = Callable[[Sequence[str | Path]], None]


@pytest.fixture(scope="module")
def ran(
    compile_c: Compile,
    zmq_flags: list[str],
    lean_runtime: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> subprocess.CompletedProcess[str]:
    program = tmp_path_factory.mktemp("runtime") / "lean_zmq_test"
    strict = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    include = [f"-I{HEADERS}", f"-I{FFI}"]
    wrap = [f"-Wl,--wrap={name}" for name in WRAPPED]
    sources = [PROGRAM, FFI / "LeanZMQ.c", FFI / "bridge_socket.c"]
    lean = [f"-L{lean_runtime}", "-lleanshared", f"-Wl,-rpath,{lean_runtime}"]
    compile_c([*strict, *include, *sources, *wrap, "-o", program, *lean, *zmq_flags, "-lpthread"])
    return subprocess.run(
        [program], capture_output=True, text=True, timeout=120, check=False, cwd=program.parent
    )


def test_all_cases_are_known() -> None:
    assert len(CASES) > 5


@pytest.mark.parametrize("case", CASES)
def test_case(ran: subprocess.CompletedProcess[str], case: str) -> None:
    assert f"ok {case}" in ran.stdout.splitlines(), ran.stdout + ran.stderr


def test_the_program_ends_well(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stdout + ran.stderr
