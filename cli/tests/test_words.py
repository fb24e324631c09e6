"""What `lpb` says when something is wrong or goes on: one line, and the next step."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, RunLpb, lpb_command
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.provenance import provenance
from lpb_cli.output.report import Report, Stage, Status, write_report
from lpb_cli.output.terminal import LineReporter
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.settings import Settings
from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus, ProofReport
from lpb_cli.verify.stages.proofs import check_proofs
from lpb_server.client import BridgeClient
from rich.console import Console


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ServerSupervisor(PROJECT) as server:
        yield server.endpoint


@pytest.fixture
def nobody() -> Iterator[str]:
    """An endpoint that nobody listens at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"tcp://127.0.0.1:{unused.getsockname()[1]}"


def test_an_unknown_operation_comes_with_those_there_are(run_lpb: RunLpb, endpoint: str) -> None:
    result = run_lpb("call", "matrixsum", "--endpoint", endpoint)
    assert result.returncode == 1
    assert "There are: " in result.stderr
    assert "matrix_sum" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("call", "ping", "--timeout", "0.2", "--tries", "1"),
        ("verify",),
        ("certify", "matrix_sum", "--param", "matrix=[[1]]"),
    ],
)
def test_a_server_that_is_not_there(run_lpb: RunLpb, nobody: str, command: tuple[str, ...]) -> None:
    result = run_lpb(*command, "--endpoint", nobody)
    assert result.returncode == 3
    assert nobody in result.stderr
    assert "`lpb serve`" in result.stderr


@pytest.mark.parametrize(
    "command", [("call", "ping"), ("verify",), ("serve",), ("certify", "matrix_sum")]
)
def test_a_wrong_endpoint_is_wrong_usage_in_one_line(
    run_lpb: RunLpb, command: tuple[str, ...]
) -> None:
    result = run_lpb(*command, "--endpoint", "somewhere")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "'somewhere' is no endpoint" in result.stderr


@pytest.mark.parametrize("command", ["serve", "worker", "config"])
def test_a_wrong_flag_is_one_line(run_lpb: RunLpb, command: str) -> None:
    result = run_lpb(command, "--nope")
    assert result.returncode == 2
    assert result.stderr == (f"error: unrecognized arguments: --nope; see lpb {command} --help\n")


def test_top_names_the_port_that_was_asked_for(run_lpb: RunLpb, nobody: str) -> None:
    port = nobody.rpartition(":")[2]
    result = run_lpb("top", "--once", "--port", port)
    assert result.returncode == 3
    assert f"`lpb serve --metrics-port {port}`" in result.stderr


def test_revoking_a_name_that_is_not_there_says_so(run_lpb: RunLpb, tmp_path: Path) -> None:
    folder = ("--keys", str(tmp_path / "keys"))
    assert run_lpb("keys", "new", "alice", *folder).returncode == 0
    result = run_lpb("keys", "revoke", "bob", *folder)
    assert result.returncode == 1
    assert "'bob' is not on the list of clients" in result.stderr
    assert "Nobody is on it" in result.stderr
    assert run_lpb("keys", "allow", "alice", *folder).returncode == 0
    assert "There are: alice." in run_lpb("keys", "revoke", "bob", *folder).stderr
    assert "1 key revoked" in run_lpb("keys", "revoke", "alice", *folder).stdout


def test_call_shows_what_is_in_the_arrays(run_lpb: RunLpb, endpoint: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(100.0)[::-1])
    arguments = ("call", "sort", "--array", f"values={tmp_path}/x.npy", "--endpoint", endpoint)
    shown = run_lpb(*arguments)
    assert shown.returncode == 0, shown.stderr
    assert "0. 1. ... 98. 99." in shown.stdout
    assert "--output FOLDER" in shown.stdout
    written = run_lpb(*arguments, "--output", str(tmp_path / "out"))
    assert "--output FOLDER" not in written.stdout
    assert np.load(next((tmp_path / "out").glob("*.npy")))[0] == 0.0


@contextmanager
def reloading(file: Path) -> Iterator[Iterator[str]]:
    """Serve a file with --reload; yield the lines that it prints."""
    process = subprocess.Popen(
        lpb_command(
            "serve", "--reload", "--no-config", "--workers", "0", "--operations", str(file),
            "--endpoint", "tcp://127.0.0.1:*",
        ),
        cwd=file.parent,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    guard = threading.Timer(90, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        yield iter(process.stdout.readline, "")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        guard.cancel()
    assert process.returncode == 130


def _operation(number: int) -> str:
    return (
        "from lpb_server.operations import operation\n\n\n"
        '@operation("number", params={"type": "object"}, summary="A number.")\n'
        f'def number(params, arrays):\n    return {{"n": {number}}}\n'
    )


def test_serve_starts_anew_when_an_operation_changes(tmp_path: Path) -> None:
    def ready(lines: Iterator[str]) -> str:
        line = next(line for line in lines if '"ready"' in line)
        return str(json.loads(line)["endpoint"])

    def asked(endpoint: str) -> object:
        with BridgeClient(endpoint) as client:
            return client.call("number").result["n"]

    file = tmp_path / "number.py"
    file.write_text(_operation(1))
    with reloading(file) as lines:
        assert asked(ready(lines)) == 1
        file.write_text("this is no Python\n")
        assert any("started at the next change" in line for line in lines)
        file.write_text(_operation(22))
        assert asked(ready(lines)) == 22


def test_reload_needs_a_file(run_lpb: RunLpb) -> None:
    result = run_lpb("serve", "--reload", "--no-config")
    assert result.returncode == 2
    assert "--operations" in result.stderr


def test_where_no_terminal_is_it_writes_lines_now_and_then() -> None:
    now = [0.0]
    written = io.StringIO()
    reporter = LineReporter(Console(file=written, width=200), lambda: now[0])
    reporter.stage("proofs")
    for seconds in (1.0, 9.0, 10.0, 12.0, 30.0):
        now[0] = seconds
        reporter.progress("Init", int(seconds), 40)
    reporter.stage("serve")
    assert written.getvalue().splitlines() == [
        "proofs …", "proofs: Init 10/40", "proofs: Init 30/40", "serve …",
    ]  # fmt: skip


def test_a_report_says_what_it_was_made_of(settings: Settings, tmp_path: Path) -> None:
    transcript = tmp_path / "LiveTranscript1.lean"
    transcript.write_text("module\n")
    report = Report(stages=[Stage("x", Status.PASSED, data={"files": [str(transcript)]})])
    report.made_of = provenance(settings, report.files)
    write_report(report, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["created"].endswith("+00:00")
    assert set(written["hashes"]) == {"lean", transcript.name}
    assert all(len(digest) == 64 for digest in written["hashes"].values())
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    expected = head.stdout.strip() if head.returncode == 0 else None
    assert (written["commit"] or "").removesuffix("+changes") == (expected or "")


class _Proofs:
    """A toolchain that has found one module to hold and one to fail."""

    def check_proofs(self, progress: object, names: object = None) -> ProofReport:
        good = ModuleResult("Good", Path("Good.lean"), ModuleStatus.CHECKED, 2, 3, 5, ("propext",))
        bad = ModuleResult("Bad", Path("Bad.lean"), ModuleStatus.FAILED, 7, 7, 7, ("sorryAx",))
        return ProofReport("engine", [good, bad])


def test_what_failed_is_not_counted() -> None:
    outcome = check_proofs(_Proofs(), ProgressReporter())  # type: ignore[arg-type]
    assert outcome.summary.startswith("1 of 2 modules hold (0 unchanged), 2 theorems, 3 def")
    assert outcome.summary.endswith(
        "the kernel replayed 5 declarations, which name the axioms propext"
    )
