from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conditions import await_condition
from lpb_benchmarks.measure.results import RunResult
from lpb_benchmarks.report.export import write_json

MakeRun = Callable[..., RunResult]

PROJECT = Path(__file__).parents[2]


def lpb_bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lpb_cli", "bench", *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_lists_scenarios_and_peers() -> None:
    listed = lpb_bench("--list")
    assert listed.returncode == 0
    assert "formats" in listed.stdout
    assert "Arrow Flight" in listed.stdout


def test_exit_codes(make_run: MakeRun, tmp_path: Path) -> None:
    fast, slow = tmp_path / "fast.json", tmp_path / "slow.json"
    write_json(make_run(1.2), fast)
    write_json(make_run(2.4), slow)
    to = ("--output", tmp_path / "report")
    same = lpb_bench("--read", fast, "--compare", fast, *to)
    assert same.returncode == 0, same.stderr
    slower = lpb_bench("--read", slow, "--compare", fast, *to)
    assert slower.returncode == 1
    assert "slower" in slower.stdout
    tolerated = lpb_bench("--read", slow, "--compare", fast, "--threshold", "1.5", *to)
    assert tolerated.returncode == 0
    unknown = lpb_bench("--scenario", "latencies", *to)
    assert unknown.returncode == 2
    assert "no scenario 'latencies'" in unknown.stderr
    assert "Traceback" not in unknown.stderr


def test_measures_and_prints_one_json_object(tmp_path: Path) -> None:
    measured = lpb_bench("--quick", "--scenario", "certified-calls", "--json", "--output", tmp_path)
    assert measured.returncode == 0, measured.stderr
    report = json.loads(measured.stdout)
    assert report["run"]["scenarios"][0]["cases"][0]["contenders"][0]["name"] == "certified"
    assert (tmp_path / "results.json").exists()


def test_an_interrupted_run_reports_what_it_has(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lpb_cli", "bench", "--scenario", "latency", "--output", tmp_path],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        await_condition(lambda: run.poll() is not None or len(children.read_text().split()) >= 4)
        started = children.read_text().split()
        os.kill(run.pid, signal.SIGINT)
        shown, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert "interrupted" in shown
    assert "Traceback" not in said
    assert (tmp_path / "report.html").exists()
    # What has ended is reaped by init, in its own time.
    await_condition(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))
