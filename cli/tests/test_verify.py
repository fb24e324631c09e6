"""`lpb verify` with the real engine: an honest server, dishonest ones, bad proofs, Ctrl-C."""

import json
import math
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb, lpb_command
from dishonest import Alter, altering_reply, dishonest_server
from lpb_cli.report import Check, Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.diagnostics import ModuleStatus, ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest, plan_requests, send_requests
from lpb_cli.verify.transcript import render_transcript
from lpb_server.wire.values import ValueMap

ENGINE_TIMEOUT_S = 900


def planned(name: str) -> PlannedRequest:
    return next(request for request in plan_requests(1, 0) if request.name == name)


def converse(alter: Alter, *requests: PlannedRequest) -> tuple[list[LiveExchange], list[Check]]:
    with dishonest_server(alter) as endpoint:
        return send_requests(endpoint, list(requests), lambda i, n: None, timeout_s=0.3)


def rejected(toolchain: EmbeddedToolchain, exchanges: list[LiveExchange], folder: Path) -> set[str]:
    """Names of the exchanges that the kernel does not accept."""
    transcript = render_transcript(exchanges, "A test.")
    file = folder / "LiveTranscript.lean"
    file.write_text(transcript.source)
    result = toolchain.check_file(file, ENGINE_TIMEOUT_S)
    return {transcript.exchange_at(d.line) for d in result.diagnostics if d.severity == "error"}


def named(exchange: LiveExchange, name: str) -> LiveExchange:
    return replace(exchange, planned=replace(exchange.planned, name=name))


def part_of(value: ValueMap, key: str) -> dict[str, object]:
    part = value[key]
    assert isinstance(part, dict)
    return part  # type: ignore[return-value]


def number(value: object) -> float:
    assert isinstance(value, float)
    return value


def off_by_twice_the_bound(value: ValueMap) -> None:
    """Shift the sum by twice its bound, and state the error of the shifted sum truthfully."""
    result, certificate = part_of(value, "result"), part_of(value, "certificate")
    shift = 2 * number(certificate["error_bound"])
    shifted = number(result["sum"]) + shift
    certificate["error"] = number(certificate["error"]) + (shifted - number(result["sum"]))
    result["sum"] = shifted


def with_certificate(key: str, change: object) -> Alter:
    def alter(value: ValueMap) -> None:
        certificate = part_of(value, "certificate")
        old = certificate[key]
        certificate[key] = change(old) if callable(change) else change

    return altering_reply(alter)


def without_certificate(value: ValueMap) -> None:
    value["certificate"] = {}


def next_double(value: ValueMap) -> None:
    result = part_of(value, "result")
    result["sum"] = math.nextafter(number(result["sum"]), math.inf)


LIES: dict[str, Alter] = {
    "sum off by twice the bound": altering_reply(off_by_twice_the_bound),
    "sum off by one unit in the last place": altering_reply(next_double),
    "count": with_certificate("count", lambda n: n + 1),
    "error": with_certificate("error", lambda e: math.nextafter(e, math.inf)),
    "bound too large": with_certificate("error_bound", lambda b: math.nextafter(b, math.inf)),
    "bound too small": with_certificate("error_bound", lambda b: math.nextafter(b, 0.0)),
    "sign": with_certificate("nonnegative", lambda claim: not claim),
    "kind": with_certificate("kind", "trust_me"),
    "no certificate": altering_reply(without_certificate),
}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_no_lie_is_accepted(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    honest, _ = converse(lambda header: header, planned("one column, msgpack, inline"))
    exchanges = [named(honest[0], "honest")]
    for name, alter in LIES.items():
        lied, checks = converse(alter, planned("one column, msgpack, inline"))
        assert [check.status for check in checks] == [Status.PASSED], checks
        exchanges.append(named(lied[0], name))
    assert rejected(toolchain, exchanges, tmp_path) == set(LIES)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
@pytest.mark.parametrize("format_name", ["json", "msgpack"])
def test_no_altered_byte_is_accepted(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path, format_name: str
) -> None:
    """Every byte of a reply is altered in turn: the client or the kernel notices each time."""
    request = planned(f"one column, {format_name}, inline")
    honest, _ = converse(lambda header: header, request)
    length = len(honest[0].exchange.reply_frames[0])
    read: list[LiveExchange] = []
    for position in range(length):
        step = 0x20 if format_name == "json" else 0x01

        def alter(header: bytes, position: int = position, step: int = step) -> bytes:
            if position >= len(header):
                return header
            return header[:position] + bytes([header[position] ^ step]) + header[position + 1 :]

        lived, checks = converse_once(alter, request)
        if lived and checks[0].status is Status.PASSED:
            read.append(named(lived[0], f"byte {position}"))
    names = {live.name for live in read}
    assert names, "no altered reply could be read: the kernel was not asked anything"
    assert rejected(toolchain, read, tmp_path) == names


def converse_once(alter: Alter, request: PlannedRequest) -> tuple[list[LiveExchange], list[Check]]:
    with dishonest_server(alter) as endpoint:
        return send_requests(endpoint, [request], lambda i, n: None, timeout_s=0.1, tries=1)


def test_an_altered_id_is_no_answer() -> None:
    def alter(value: ValueMap) -> None:
        value["id"] = str(value["id"]) + "x"

    lived, checks = converse(altering_reply(alter), planned("one row, json, inline"))
    assert lived == []
    assert checks[0].status is Status.FAILED
    assert checks[0].name == "one row, json, inline"


BAD_MODULES = {
    "TypeError": "def a : Nat := true",
    "FailedProof": "theorem t : 1 + 1 = 3 := by decide",
    "Sorry": "theorem t : 1 + 1 = 3 := sorry",
    "Axiom": "axiom t : False",
    "NativeDecide": "theorem t : 1 + 1 = 2 := by native_decide",
    "Unfinished": "theorem t : 1 + 1 =",
}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_bad_proofs_are_shown_where_they_stand(
    settings: Settings, engine_cache: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lean" / "proofs"
    folder.mkdir(parents=True)
    header = "module\n\n@[expose] public section\n\n"
    for name, body in BAD_MODULES.items():
        (folder / f"{name}.lean").write_text(header + body + "\n")
    (folder / "Good.lean").write_text(header + "theorem good : 1 + 1 = 2 := by decide\n")
    (folder / "AfterBad.lean").write_text("module\npublic import Sorry\n" + header[8:])
    toolchain = EmbeddedToolchain(replace(settings, project=tmp_path))
    try:
        report = toolchain.check_proofs(lambda result, i, n: None)
        again = toolchain.check_proofs(lambda result, i, n: None)
    finally:
        toolchain.close()
    results = {module.name: module for module in report.modules}
    assert not report.ok
    for name in BAD_MODULES:
        errors = [d for d in results[name].diagnostics if d.severity == "error"]
        assert results[name].status is ModuleStatus.FAILED, name
        assert errors[0].line >= 5, name
        assert errors[0].file == folder / f"{name}.lean"
    assert results["Good"].status is ModuleStatus.CHECKED
    assert results["AfterBad"].status is ModuleStatus.NOT_REACHED
    status = {module.name: module.status for module in again.modules}
    assert status["Good"] is ModuleStatus.UNCHANGED
    assert status["Axiom"] is ModuleStatus.FAILED


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_verify_from_the_command_line(
    run_lpb: RunLpb, proofs: ProofReport, engine_cache: Path
) -> None:
    result = run_lpb(
        "verify", "--engine", "embedded", "--seed", "5", "--requests", "2", "--json",
        timeout_s=ENGINE_TIMEOUT_S,
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert result.returncode == 0, result.stdout
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert {stage["status"] for stage in report["stages"]} == {"passed"}
    assert stages["proofs"]["data"]["unchanged"] == stages["proofs"]["data"]["modules"]
    assert len(stages["transcript"]["checks"]) == len(stages["live"]["checks"])
    assert report["seed"] == 5
    for name in ("report.json", "junit.xml", "LiveTranscript.lean"):
        assert (PROJECT / ".lpb" / name).is_file()


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_verify_with_a_dishonest_server_is_code_1_and_names_the_exchange(
    run_lpb: RunLpb, proofs: ProofReport, engine_cache: Path
) -> None:
    with dishonest_server(LIES["sum off by twice the bound"]) as endpoint:
        result = run_lpb(
            "verify", "--engine", "embedded", "--requests", "0", "--endpoint", endpoint,
            timeout_s=ENGINE_TIMEOUT_S,
        )  # fmt: skip
    assert result.returncode == 1
    assert "one row, json, inline" in result.stdout
    assert "the kernel does not accept this exchange" in result.stdout


def test_verify_without_the_server_it_is_told_to_use(
    run_lpb: RunLpb, proofs: ProofReport, engine_cache: Path
) -> None:
    result = run_lpb(
        "verify", "--engine", "embedded", "--endpoint", "tcp://127.0.0.1:9", "--json",
        timeout_s=120,
    )  # fmt: skip
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert {stage["name"]: stage["status"] for stage in report["stages"]}["serve"] == "failed"


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 2.5, 6.0])
def test_ctrl_c_leaves_no_child_and_a_partial_report(
    proofs: ProofReport, engine_cache: Path, delay_s: float
) -> None:
    process = subprocess.Popen(
        lpb_command("verify", "--engine", "embedded", "--json"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LPB_TEST_MARK": f"ctrl-c-{os.getpid()}-{delay_s}"},
    )
    await_library(process, "zmq")  # now it is in the midst of its imports
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    if output:  # it came as far as the first stage
        report = json.loads(output)
        assert report["status"] == "interrupted"
    assert children_with(f"ctrl-c-{os.getpid()}-{delay_s}") == []


def await_library(process: subprocess.Popen[str], name: str, within_s: float = 60) -> None:
    """Wait until the process has loaded a shared library whose path holds `name`."""
    deadline = time.monotonic() + within_s
    while name not in Path(f"/proc/{process.pid}/maps").read_text():
        assert time.monotonic() < deadline, f"{name} was never loaded"
        time.sleep(0.005)


def children_with(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
