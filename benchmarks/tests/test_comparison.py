from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lpb_benchmarks import command
from lpb_benchmarks.measure.results import RunResult
from lpb_benchmarks.measure.statistics import Estimate
from lpb_benchmarks.report.comparison import Verdict, compare_runs, confirmed
from lpb_benchmarks.report.export import write_json
from lpb_benchmarks.scenarios import Scenario

MakeRun = Callable[..., RunResult]


def verdicts(before: RunResult, after: RunResult, threshold: float = 0.2) -> dict[str, Verdict]:
    return {item.metric: item.verdict for item in compare_runs(before, after, threshold)}


def test_slower_is_slower_in_time_and_in_throughput(make_run: MakeRun) -> None:
    assert verdicts(make_run(1.5), make_run(2.0)) == {
        "p50": Verdict.SLOWER,
        "throughput": Verdict.SLOWER,
    }
    assert verdicts(make_run(2.0), make_run(1.5)) == {
        "p50": Verdict.FASTER,
        "throughput": Verdict.FASTER,
    }


def test_a_change_below_the_threshold_is_none(make_run: MakeRun) -> None:
    assert set(verdicts(make_run(1.5), make_run(1.7)).values()) == {Verdict.SAME}
    assert set(verdicts(make_run(1.5), make_run(1.7), 0.1).values()) == {Verdict.SLOWER}


def test_a_change_within_the_intervals_is_none(make_run: MakeRun) -> None:
    after = make_run(2.0)
    ratios = after.scenarios[0].cases[0].contenders[0].ratios
    ratios["p50"] = Estimate(2.0, 1.52, 2.6)
    assert verdicts(make_run(1.5), after)["p50"] is Verdict.SAME


def test_the_factor_says_how_much_longer_things_take(make_run: MakeRun) -> None:
    factors = [item.factor for item in compare_runs(make_run(1.0), make_run(2.0))]
    assert factors == [2.0, 2.0]


def test_peers_are_no_regression_and_missing_contenders_are_named(make_run: MakeRun) -> None:
    before, after = make_run(), make_run()
    del after.scenarios[0].cases[0].contenders[0]
    changes = compare_runs(before, after)
    assert [(item.contender, item.verdict) for item in changes] == [("bridge", Verdict.GONE)]
    assert compare_runs(after, before)[0].verdict is Verdict.NEW


def test_what_looks_slower_has_to_look_so_again(make_run: MakeRun) -> None:
    before, slow, as_before = make_run(1.5), make_run(2.0), make_run(1.5)
    changes = compare_runs(before, slow)
    for again, verdict in ((slow, Verdict.SLOWER), (as_before, Verdict.SAME)):
        final = confirmed(changes, compare_runs(before, again))
        assert {item.verdict for item in final} == {verdict}
    not_reached = make_run(1.5)
    del not_reached.scenarios[0].cases[0].contenders[0]
    assert confirmed(changes, compare_runs(before, not_reached)) == changes


@pytest.mark.parametrize(("again", "holds"), [(2.0, False), (1.5, True)])
def test_what_looks_slower_is_measured_again(
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    again: float,
    holds: bool,
) -> None:
    earlier = tmp_path / "earlier.json"
    write_json(make_run(1.5), earlier)
    runs = iter([make_run(2.0), make_run(again)])
    asked: list[list[str]] = []

    def run_suite(scenarios: list[Scenario], *rest: object) -> RunResult:
        asked.append([scenario.name for scenario in scenarios])
        return next(runs)

    monkeypatch.setattr(command, "run_suite", run_suite)
    options = command.BenchOptions(tmp_path, compare=earlier)
    assert command.run_bench(options, lambda what, done, total: None).holds == holds
    assert asked[1:] == [["latency"]], "more was measured again than what looked slower"


def test_ctrl_c_while_it_is_measured_again_is_an_interrupted_run(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier.json"
    write_json(make_run(1.5), earlier)
    runs = iter([make_run(2.0), replace(make_run(2.0), scenarios=[], interrupted=True)])
    monkeypatch.setattr(command, "run_suite", lambda *arguments: next(runs))
    options = command.BenchOptions(tmp_path, compare=earlier)
    report = command.run_bench(options, lambda what, done, total: None)
    assert report.run.interrupted
    assert not report.holds, "what was not measured again is not taken back"
