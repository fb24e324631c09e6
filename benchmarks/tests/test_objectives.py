from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lpb_benchmarks.errors import BenchmarkUsageError
from lpb_benchmarks.measure.results import RunResult, Skipped
from lpb_benchmarks.report.objectives import METRICS, Objective, check_objectives, load_objectives
from lpb_benchmarks.scenarios import SCENARIOS, Plan, load

MakeRun = Callable[..., RunResult]

SLO = Path(__file__).parents[1] / "slo.toml"


def objective(metric: str = "p50", against: str = "raw echo", **bound: float) -> Objective:
    return Objective("a bound", "latency", "4×4 <framed>", "bridge", metric, against, **bound)


def test_every_objective_names_something_that_a_full_run_measures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "_knows_workers", lambda: True)
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    objectives = load_objectives(SLO)
    assert len(objectives) > 10
    for item in objectives:
        cases = {case.name: case for case in scenarios[item.scenario].cases(Plan())}
        names = {contender.name for contender in cases[item.case].contenders}
        assert item.contender in names
        assert item.metric in METRICS
        assert not item.against or item.against in names


@pytest.mark.parametrize(
    ("metric", "against", "bound", "holds", "value"),
    [
        ("p50", "raw echo", {"at_most": 1.6}, True, 1.5),
        ("p50", "raw echo", {"at_most": 1.4}, False, 1.5),
        ("p50", "pyro", {"at_most": 1.0}, False, 1.25),
        ("p99", "pyro", {"at_most": 1.3}, True, 1.25),
        ("throughput", "pyro", {"at_least": 0.9}, False, 0.8),
        ("throughput", "raw echo", {"at_least": 0.6}, True, 1 / 1.5),
        ("server_mib_beyond", "", {"at_most": 2.4}, False, 2.5),
        ("p50_us", "", {"at_most": 151}, True, 150.0),
        ("p50_us", "", {"at_most": 149}, False, 150.0),
    ],
)
def test_bounds_are_held_against_ratios_of_one_run(
    make_run: MakeRun,
    metric: str,
    against: str,
    bound: dict[str, float],
    holds: bool,
    value: float,
) -> None:
    (outcome,) = check_objectives([objective(metric, against, **bound)], make_run(1.5))
    assert outcome.holds is holds
    assert outcome.value is not None
    assert outcome.value.value == pytest.approx(value)


def test_what_was_not_measured_is_said_and_neither_kept_nor_missed(make_run: MakeRun) -> None:
    run = make_run()
    run.scenarios[0].cases[0].skipped.append(Skipped("grpc", "grpc is not installed"))
    asked = [
        objective("p50", "grpc", at_most=1.0),
        objective("p99", "raw echo", at_most=1.0),
        Objective("other", "arrays", "1 GiB", "bridge", "p50", "raw echo", at_most=1.0),
    ]
    outcomes = check_objectives(asked, run)
    assert [item.holds for item in outcomes] == [None, None, None]
    assert outcomes[0].reason == "grpc: grpc is not installed"
    assert "too few calls" in outcomes[1].reason
    assert "did not run" in outcomes[2].reason


BASE = 'name = "x"\nscenario = "latency"\ncase = "c"\ncontender = "bridge"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[objective]\n", "toml: "),
        ("[[objective]]\nname = 'x'\n", "objective 1"),
        (f"[[objective]]\n{BASE}metric = 'p42'\nat_most = 1\n", "p42"),
        (f"[[objective]]\n{BASE}metric = 'p50'\nagainst = 'x'\n", "at_most or at_least"),
        (f"[[objective]]\n{BASE}metric = 'p50'\nat_most = 1\n", "for ratios only"),
        (f"[[objective]]\n{BASE}metric = 'p50'\nfasster = 1\n", "fasster"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "slo.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BenchmarkUsageError, match=complaint):
        load_objectives(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkUsageError, match="No such file"):
        load_objectives(tmp_path / "none.toml")
