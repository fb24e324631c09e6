"""What the engine prints arrives whole, however late it is read; an exception is said."""

import fcntl
import json
import mmap
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path

import pytest
from conditions import await_condition
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_archive import engine_home
from lpb_cli.toolchain.engine_process import ENGINE_FOLDER
from lpb_cli.toolchain.node import find_node

ENGINE_TIMEOUT_S = 300
CHECKS = 800  # some 200 KB of messages: a pipe holds 64

THROWS = """\
module

@[expose] public section

def main (arguments : List String) : IO UInt32 := throw (IO.userError "no such luck")
"""


def is_full(pipe: int) -> bool:
    """Tell whether a pipe holds all that it can, but for what is left of its last pages."""
    held = int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
    return held > fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) - 2 * mmap.PAGESIZE


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_output_that_is_read_late_is_whole(engine_cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "Checks.lean"
    file.write_text("#check Nat.add_comm\n" * CHECKS)
    with subprocess.Popen(
        [find_node(), ENGINE_FOLDER / "engine.cjs", engine_home(engine_cache), tmp_path],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        assert json.loads(engine.stdout.readline()) == {"event": "ready"}
        engine.stdin.write(json.dumps({"file": str(file)}) + "\n")
        engine.stdin.close()
        await_condition(partial(is_full, engine.stdout.fileno()))
        *messages, done = (json.loads(line) for line in engine.stdout)
    assert [message["message"]["pos"]["line"] for message in messages] == [*range(1, CHECKS + 1)]
    assert (done["event"], done["status"]) == ("done", 0)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_an_exception_of_a_program_is_said(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    (tmp_path / "lean" / "proofs" / "Throws.lean").write_text(THROWS)
    result = own_toolchain.run_program("Throws", [], ENGINE_TIMEOUT_S)
    assert (result.status, result.stderr) == (1, "uncaught exception: no such luck")
