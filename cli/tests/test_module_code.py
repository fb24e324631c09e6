"""The machine code that engines keep: it is used when it is whole, and missed when it is not."""

import json
import subprocess
from pathlib import Path

import pytest
from lpb_cli.errors import CommandFailedError
from lpb_cli.toolchain import engine_process
from lpb_cli.toolchain.engine_process import EngineProcess
from lpb_cli.toolchain.node import find_node

MODULE_CODE = engine_process.ENGINE_FOLDER / "module_code.cjs"

# A function that adds up the numbers below its argument, often enough that V8 compiles it well.
LOOP = bytes.fromhex("03402001200041016b22006a210120000d000b20010b")
BODY = b"\x01\x01\x7f" + LOOP
BINARY = b"".join(
    [
        b"\0asm\x01\0\0\0",
        b"\x01\x06\x01\x60\x01\x7f\x01\x7f",
        b"\x03\x02\x01\x00",
        b"\x07\x07\x01\x03sum\x00\x00",
        bytes([10, len(BODY) + 2, 1, len(BODY)]) + BODY,
    ]
)
SUM = 49_995_000
SCRIPT = f"""
const moduleCode = require({json.dumps(str(MODULE_CODE))});
const [home, seconds] = process.argv.slice(1);
const module = moduleCode.load(home);
const {{ sum }} = new WebAssembly.Instance(module).exports;
const keep = moduleCode.keeper(home, module);
const wellCompiled = new Function("f", "return %IsTurboFanFunction(f)")(sum);
let total = 0;
for (let i = 0; i < 3000; i++) total = sum(10000);
const wait = (rounds) => {{
  if (rounds > 0) return setTimeout(wait, 20, rounds - 1); // V8 compiles in the background
  keep(Number(seconds));
  console.log(JSON.stringify([total, wellCompiled]));
}};
wait(Number(seconds) > 0 ? 10 : 0);
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "lean.wasm").write_bytes(BINARY)
    return tmp_path


def run(home: Path, seconds: float) -> list[object]:
    """Give the sum, and whether the function was well compiled before it was first called."""
    argv = [str(find_node()), "-e", SCRIPT, str(home), str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    result: list[object] = json.loads(done.stdout)
    return result


def kept(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.name != "lean.wasm"]


def test_code_is_kept_after_enough_work_and_used(home: Path) -> None:
    assert run(home, 60) == [SUM, False]
    (code,) = kept(home)
    before = code.read_bytes()
    assert run(home, 60) == [SUM, True]
    assert code.read_bytes() == before, "code that has not grown is not written again"


def test_little_work_keeps_nothing(home: Path) -> None:
    assert run(home, 1) == [SUM, False]
    assert kept(home) == []


@pytest.mark.parametrize("damage", ["cut short", "empty", "altered"])
def test_damaged_code_is_not_used(home: Path, damage: str) -> None:
    run(home, 60)
    (code,) = kept(home)
    whole = code.read_bytes()
    damaged = {"cut short": whole[:-9], "empty": b"", "altered": whole[:90] + b"?" + whole[91:]}
    code.write_bytes(damaged[damage])
    assert run(home, 0) == [SUM, False]


def test_code_that_cannot_be_written_is_no_fault(home: Path) -> None:
    run(home, 60)
    (code,) = kept(home)
    code.unlink()
    code.mkdir()
    assert run(home, 60) == [SUM, False]


@pytest.mark.parametrize(("end", "left"), [("SIGSEGV", 0), ("SIGTERM", 1)])
def test_an_engine_that_faults_takes_the_code_with_it(home: Path, end: str, left: int) -> None:
    (home / "lean.js").write_text(f'process.kill(process.pid, "{end}");\n')
    (home / "code-some-version.bin").write_bytes(b"whatever")
    with EngineProcess(home, [home]) as engine, pytest.raises(CommandFailedError):
        engine.wait_until_ready()
    assert len(list(home.glob("code-*.bin"))) == left
