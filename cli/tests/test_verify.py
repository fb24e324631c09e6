"""`lpb verify` as a user runs it: an honest server, a dishonest one, none, Ctrl-C."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conditions import await_condition
from conftest import PROJECT, RunLpb, lpb_command
from dishonest import altering_reply, dishonest_server, off_by_twice_the_bound
from lpb_cli.toolchain.diagnostics import ProofReport

ENGINE_TIMEOUT_S = 1800


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_verify_from_the_command_line(
    run_lpb: RunLpb, own_output: dict[str, str], engine_cache: Path
) -> None:
    result = run_lpb(
        "verify", "--engine", "embedded", "--seed", "5", "--requests", "1", "--json",
        timeout_s=ENGINE_TIMEOUT_S, **own_output,
    )  # fmt: skip
    assert result.stdout, result.stderr
    report = json.loads(result.stdout)
    stages = {stage["name"]: stage for stage in report["stages"]}
    assert what_did_not_hold(report) == []
    assert result.returncode == 0, result.stderr
    assert stages["proofs"]["data"]["unchanged"] == len(stages["proofs"]["data"]["modules"])
    assert len(stages["transcript"]["checks"]) == (
        len(stages["live"]["checks"]) + stages["client"]["data"]["exchanges"]
    )
    assert stages["client"]["data"]["exchanges"] >= 9  # three in each format
    assert stages["client"]["data"]["program"].startswith("interpreted")
    compiled = stages["client, compiled"]
    if compiled["status"] == "passed":
        assert compiled["data"]["program"].startswith("compiled with LeanZMQ.c")
        names = [check["name"] for check in stages["client"]["checks"]]
        assert [check["name"] for check in compiled["checks"]] == names
    second = stages["proofs, second kernel"]
    if second["status"] == "passed":
        assert second["data"]["theorems"] >= stages["proofs"]["data"]["theorems"]
    assert len(stages["lies"]["checks"]) >= 8
    assert report["seed"] == 5
    output = Path(own_output["LPB_OUTPUT"])
    for name in ("report.json", "junit.xml"):
        assert (output / name).is_file()
    written = [str(file) for file in output.glob("LiveTranscript*.lean")]
    assert sorted(written) == sorted(stages["transcript"]["data"]["files"])


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_verify_with_a_dishonest_server_is_code_1_and_names_the_exchange(
    run_lpb: RunLpb, own_output: dict[str, str], engine_cache: Path
) -> None:
    with dishonest_server(altering_reply(off_by_twice_the_bound)) as endpoint:
        result = run_lpb(
            "verify", "--engine", "embedded", "--requests", "0", "--endpoint", endpoint,
            "--operation", "matrix_sum",
            "--skip", "client", "--skip", "program", "--skip", "lies", timeout_s=ENGINE_TIMEOUT_S,
            **own_output,
        )  # fmt: skip
    assert result.returncode == 1
    assert "Skipped, as asked: client, program, lies." in result.stdout
    assert "matrix_sum: one column, inline, json" in result.stdout
    assert "the kernel does not accept this exchange" in result.stdout


def test_verify_without_the_server_it_is_told_to_use(
    run_lpb: RunLpb, proofs: ProofReport, engine_cache: Path
) -> None:
    result = run_lpb(
        "verify", "--engine", "embedded", "--endpoint", "tcp://127.0.0.1:9", "--json",
        timeout_s=120,
    )  # fmt: skip
    # It is said before the proofs are looked at: there is nothing to report yet.
    assert result.returncode == 3
    assert result.stdout == ""
    assert "tcp://127.0.0.1:9" in result.stderr


@pytest.mark.parametrize("delay_s", [0.0, 0.2, 2.5, 6.0])
def test_ctrl_c_leaves_no_child_and_a_partial_report(
    own_output: dict[str, str], engine_cache: Path, delay_s: float
) -> None:
    process = subprocess.Popen(
        lpb_command("verify", "--engine", "embedded", "--json"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **own_output, "LPB_TEST_MARK": f"ctrl-c-{os.getpid()}-{delay_s}"},
    )
    await_library(process, "zmq")  # now it is in the midst of its imports
    time.sleep(delay_s)  # Wherever it is then.
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    if output:  # it came as far as the first stage
        report = json.loads(output)
        assert report["status"] == "interrupted"
    assert children_with(f"ctrl-c-{os.getpid()}-{delay_s}") == []


def what_did_not_hold(report: dict[str, Any]) -> list[str]:
    """A line for each stage and check that did not pass: a whole report is cut short in print."""
    return [
        f"{stage['name']}: {part.get('name')}: {part['status']}: "
        f"{part.get('summary', '')}{part.get('detail', '')} {part.get('diagnostics', '')}"
        for stage in report["stages"]
        for part in (stage, *stage["checks"])
        if part["status"] not in ("passed", "not possible here")
    ]


def await_library(process: subprocess.Popen[str], name: str) -> None:
    """Wait until the process has loaded a shared library whose path holds `name`."""
    await_condition(lambda: name in Path(f"/proc/{process.pid}/maps").read_text())


def children_with(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found
