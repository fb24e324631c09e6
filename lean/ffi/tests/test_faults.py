"""The fault cases of ``native/faults.c`` under the sanitizers and under valgrind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

NATIVE = Path(__file__).parent / "native"
FFI = Path(__file__).parent.parent
SOURCE = (NATIVE / "faults.c").read_text()
CASES = re.findall(r'^    \{"(\w+)", \w+\},$', SOURCE, re.MULTILINE)
WRAPPED = re.findall(r"^WRAP(?:_ALLOCATOR)?\(\s*[^,]+,\s*(\w+),", SOURCE, re.MULTILINE)
STRICT = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]
SANITIZERS = [
    "-fno-omit-frame-pointer",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]
LEAKS = ["definite", "indirect", "possible"]

Compile = Callable[[Sequence[str | Path]], None]
Need = Callable[[str, object, str], None]


def build(compile_c: Compile, zmq_flags: list[str], folder: Path, *flags: str) -> Path:
    program = folder / "faults"
    wrap = [f"-Wl,--wrap={name}" for name in WRAPPED]
    sources = [FFI / "bridge_socket.c", NATIVE / "faults.c"]
    compile_c(
        [*STRICT, *flags, f"-I{FFI}", *sources, *wrap, "-o", program, *zmq_flags, "-lpthread"]
    )
    return program


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0"}
    return subprocess.run(
        [*map(str, command)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def sanitized(
    compile_c: Compile, zmq_flags: list[str], tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("sanitized")
    return run([build(compile_c, zmq_flags, folder, *SANITIZERS)])


@pytest.fixture(scope="module")
def valgrinded(
    need: Need, compile_c: Compile, zmq_flags: list[str], tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    need("valgrind", shutil.which("valgrind"), "Install it: apt install valgrind libc6-dbg")
    program = build(compile_c, zmq_flags, tmp_path_factory.mktemp("valgrind"))
    kinds = ",".join(LEAKS)
    return run(
        ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", f"--show-leak-kinds={kinds}",
         f"--errors-for-leak-kinds={kinds}", f"--suppressions={NATIVE / 'valgrind.supp'}", program]
    )  # fmt: skip


def test_all_cases_are_known() -> None:
    assert len(CASES) > 12
    assert len(WRAPPED) > 10


@pytest.mark.parametrize("case", CASES)
def test_case_under_the_sanitizers(sanitized: subprocess.CompletedProcess[str], case: str) -> None:
    assert f"ok {case}" in sanitized.stdout.splitlines(), sanitized.stdout


def test_the_sanitizers_found_nothing(sanitized: subprocess.CompletedProcess[str]) -> None:
    assert sanitized.returncode == 0, sanitized.stdout


@pytest.mark.parametrize("case", CASES)
def test_case_under_valgrind(valgrinded: subprocess.CompletedProcess[str], case: str) -> None:
    assert f"ok {case}" in valgrinded.stdout.splitlines(), valgrinded.stdout


def test_valgrind_found_nothing(valgrinded: subprocess.CompletedProcess[str]) -> None:
    assert valgrinded.returncode == 0, valgrinded.stdout
    assert "==" not in valgrinded.stdout, valgrinded.stdout


LEAKY = """
#include "bridge_socket.h"
#include <stdlib.h>
int main(void) {
    lpb_context *context;
    lpb_socket *socket;
    if (lpb_context_new(1, &context) || lpb_socket_new(context, LPB_REQ, &socket))
        return 1;
    lpb_socket_close(socket); /* and never freed */
    socket = NULL;
    lpb_context_release(context);
    return 0;
}
"""


def test_a_leak_would_be_found(compile_c: Compile, zmq_flags: list[str], tmp_path: Path) -> None:
    source, program = tmp_path / "leaky.c", tmp_path / "leaky"
    source.write_text(LEAKY)
    files = [source, FFI / "bridge_socket.c"]
    compile_c([*STRICT, "-O0", *SANITIZERS, f"-I{FFI}", *files, "-o", program, *zmq_flags])
    done = run([program])
    assert done.returncode != 0
    assert "LeakSanitizer" in done.stdout
