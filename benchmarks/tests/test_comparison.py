from __future__ import annotations

from collections.abc import Callable

from lpb_benchmarks.comparison import Verdict, compare_runs
from lpb_benchmarks.results import RunResult
from lpb_benchmarks.statistics import Estimate

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
