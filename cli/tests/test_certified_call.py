"""`Bridge.certified` asks every certified operation there is, a user's own among them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import zmq
from conftest import PROJECT
from lpb_cli.commands.new import new_operation
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.verify.checkers import with_checkers
from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lean_messages import lean_question
from lpb_cli.verify.lies import exchange_of, tell_lies
from lpb_server.operations import Operation, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.wire.formats import decode_header, encode_header
from native_support import package_with

ENGINE_TIMEOUT_S = 900
OWN = "root_of_test"
LIMIT_BYTES = 4096
"""Larger questions are left out: each is written into the program."""

PARTS = 3
"""So many programs: one of all operations takes more memory to compile than the engine has."""

PROGRAM = """\
module

public import PythonIntegration
{imports}

@[expose] public section

open LeanPythonBridge

namespace Ask

def report {{α : Type}} (number : Nat) (result : Except Client.Error α) : IO Unit :=
  IO.println (toString number ++ " " ++ match result with
    | .ok _ => "proven"
    | .error error => error.failure.kind ++ " " ++ toString error)

def config : Retry.Config := {{ timeoutMs := 20000, maxTries_pos := by decide }}

{calls}

def all (asks : List (Bridge → IO Unit)) (bridge : Bridge) : IO (Except Client.Error Unit) := do
  for ask in asks do ask bridge
  return .ok ()

def honest : List (Bridge → IO Unit) := [{honest}]

def lies : List (Bridge → IO Unit) := [{lies}]

end Ask

def main (arguments : List String) : IO UInt32 := do
  match arguments with
  | [server, liar] =>
    Ask.report 0 (← withBridge server (Ask.all Ask.honest) Ask.config)
    Ask.report 0 (← withBridge liar (Ask.all Ask.lies) Ask.config)
    return 0
  | _ => return 2
"""


def program_text(honest: Sequence[LiveExchange], lies: Sequence[LiveExchange]) -> str:
    """Write a program that asks one server the first questions, and another the others."""
    exchanges = [*honest, *lies]
    imports = sorted({exchange.planned.checker for exchange in exchanges})
    calls = [
        f"def ask{number} (bridge : Bridge) : IO Unit := do\n"
        f"  let question : Question := {lean_question(exchange.exchange)}\n"
        f"  report {number} (← bridge.certified {exchange.planned.checker}.operation question"
        f" (certify := {str(exchange.planned.certify).lower()}))"
        for number, exchange in enumerate(exchanges)
    ]
    asks = [f"ask{number}" for number in range(len(exchanges))]
    return PROGRAM.format(
        imports="\n".join(f"public import {name}" for name in imports),
        calls="\n\n".join(calls),
        honest=", ".join(asks[: len(honest)]),
        lies=", ".join(asks[len(honest) :]),
    )


def asked_here(operations: Sequence[Operation]) -> list[LiveExchange]:
    """Give the examples of operations that are small enough, answered without a server."""
    found = []
    for operation in operations:
        assert operation.examples is not None
        for example in operation.examples(np.random.default_rng(3), 2):
            answer = answer_here(operation, example.question)
            exchange = exchange_of(operation, example.name, example.question, answer)
            if sum(map(len, exchange.exchange.request_frames)) <= LIMIT_BYTES:
                found.append(exchange)
    return found


@contextmanager
def answering_with(exchanges: Sequence[LiveExchange]) -> Iterator[str]:
    """Run a peer that answers the first request as the first exchange says, and so on."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.linger = 500
    port = socket.bind_to_random_port("tcp://127.0.0.1")

    stopping = threading.Event()

    def serve() -> None:
        for exchange in exchanges:
            while not socket.poll(50):
                if stopping.is_set():
                    return
            route, asked, *_ = socket.recv_multipart()
            wire_format, header = decode_header(asked)
            reply, *frames = exchange.exchange.reply_frames
            told = encode_header(wire_format, {**decode_header(reply)[1], "id": header["id"]})
            socket.send_multipart([route, told, *frames])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        stopping.set()
        thread.join()
        socket.close()
        context.term()


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_operation_is_asked_and_no_lie_is_believed(
    settings: Settings, engine_cache: Path, tmp_path: Path, part: int
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    new_operation(OWN, own)
    source = str(own / f"{OWN}.py")
    operations = [item for item in default_registry(source) if item.checker is not None]
    assert {OWN, "matrix_sum", "echo"} <= {item.name for item in operations}
    operations = operations[part::PARTS]
    honest = asked_here(operations)
    assert {item.planned.op for item in honest} == {item.name for item in operations}
    lies, failed = tell_lies(operations, 5)
    assert failed == []
    lies = [lie for lie in lies if sum(map(len, lie.exchange.request_frames)) <= LIMIT_BYTES]
    assert {lie.planned.op for lie in lies} == {o.name for o in operations if o.certified}

    program = tmp_path / "Ask.lean"
    program.write_text(program_text(honest, lies))
    with (
        package_with(
            with_checkers(settings, operations), tmp_path / "package", program
        ) as programs,
        ServerSupervisor(PROJECT, sources=source) as server,
        answering_with(lies) as liar,
    ):
        said = programs.run_program("Ask", [server.endpoint, liar], ENGINE_TIMEOUT_S)
    assert said.status == 0, said.stderr
    lines = said.stdout.splitlines()
    assert lines[: len(honest)] == [f"{number} proven" for number in range(len(honest))]
    assert lines[len(honest)] == lines[-1] == "0 proven"
    refused = lines[len(honest) + 1 : -1]
    assert len(refused) == len(lies)
    assert [line for line in refused if " certificate " not in line] == []


def test_the_documentation_shows_the_call_that_lpb_verify_makes() -> None:
    text = (PROJECT / "lean" / "proofs" / "ExampleCall.lean").read_text("utf-8")
    shown, titles = re.subn(r"\n/-!.*?-/\n", "", text, count=1, flags=re.S)
    assert titles == 1
    assert f"```lean\n{shown}```\n" in (PROJECT / "docs" / "lean.md").read_text("utf-8")
    tests = (PROJECT / "lean" / "proofs" / "Tests.lean").read_text("utf-8")
    assert "askForSum bridge.endpoint" in tests
