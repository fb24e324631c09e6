from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lpb_benchmarks.errors import BenchmarkUsageError, ChildFailedError
from lpb_benchmarks.measure.cases import CallCase, Contender, FunctionCase, StartCase
from lpb_benchmarks.measure.results import RunResult
from lpb_benchmarks.measure.station import Station
from lpb_benchmarks.peers.pyro import Pyro
from lpb_benchmarks.peers.workload import Workload
from lpb_benchmarks.scenarios import SCENARIOS, Plan, Scenario, SkipScenario
from lpb_benchmarks.suite import quick_plan, run_suite, select_scenarios

SMALL = (Workload(4, 4),)
BRIDGE = Contender("bridge", "bridge", "floor", SMALL)
FLOOR = Contender("floor", "echo", None, SMALL)
PLAN = Plan(rounds=3)


def quiet(text: str, done: int, total: int) -> None:
    pass


def run(*cases: CallCase | StartCase | FunctionCase, plan: Plan = PLAN) -> RunResult:
    return run_suite([Scenario("trial", "Does it work?", lambda _: list(cases))], plan, quiet)


def test_contenders_are_measured_side_by_side() -> None:
    first = CallCase(name="one client", contenders=(BRIDGE, FLOOR), calls=40, warm_up=5)
    again = CallCase(
        name="two clients", contenders=(BRIDGE, FLOOR), seconds=0.2, clients=2, warm_up=5
    )
    result = run(first, again)
    bridge = result.find("trial", "one client")
    assert bridge is not None
    measured = bridge.find("bridge")
    assert measured is not None
    assert measured.calls == 3 * 40
    assert len(measured.round_p50_us) == 3
    assert measured.microseconds["p99"] is not None
    assert measured.microseconds["p99.9"] is None
    ratio = measured.ratios["p50"]
    assert ratio is not None
    assert ratio.low <= ratio.value <= ratio.high
    floor = bridge.find("floor")
    assert floor is not None
    assert floor.ratios == {}
    if sys.platform == "linux":
        assert (measured.cpu_us["server"] or 0) > 1
        assert (measured.peak_mib["server"] or 0) > 10
        assert (measured.peak_mib["client"] or 0) > 10
    both = result.find("trial", "two clients")
    assert both is not None
    assert both.clients == 2
    assert [item.name for item in both.contenders] == ["bridge", "floor"]


def test_a_mix_is_timed_by_its_first_workload() -> None:
    mix = (Workload(4, 4), Workload(2, 2), Workload(4, 4), Workload(64, 64))
    case = CallCase(name="mix", contenders=(Contender("floor", "echo", None, mix),), calls=40)
    measured = run(case).find("trial", "mix")
    assert measured is not None
    assert measured.contenders[0].calls == 3 * 40
    with Station("echo", "tcp://127.0.0.1:0") as station:
        station.prepare("a", mix[0])
        station.prepare("b", mix[1])
        turn = station.run_calls(["a", "b", "a", "b", "b"], 10)
    assert turn.calls == 10
    assert turn.samples.size == 4


def test_a_peer_that_fails_or_is_missing_is_left_out_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pyro, "missing", lambda self: ["Pyro5"])
    broken = Contender("broken", "memcpy", "floor", (Workload(1 << 40, 1 << 10),))
    absent = Contender("absent", "pyro", "floor", SMALL)
    case = CallCase(name="case", contenders=(broken, absent, FLOOR), calls=3, warm_up=1)
    measured = run(case).find("trial", "case")
    assert measured is not None
    assert [item.name for item in measured.contenders] == ["floor"]
    reasons = {item.name: item.reason for item in measured.skipped}
    assert reasons["absent"] == "Pyro5 is not installed"
    assert "MemoryError" in reasons["broken"]


def test_our_own_failure_is_no_gap_in_a_table() -> None:
    wrong = Contender("bridge", "bridge", "floor", SMALL, server_arguments=("--no-such-option",))
    with pytest.raises(ChildFailedError, match="ended with code 2") as caught:
        run(CallCase(name="case", contenders=(wrong, FLOOR), calls=3))
    assert "--no-such-option" in caught.value.hint


def test_cold_starts_are_of_the_server_alone() -> None:
    case = StartCase(name="start", contenders=(BRIDGE, FLOOR), pinned=False)
    measured = run(case).find("trial", "start")
    assert measured is not None
    assert [item.calls for item in measured.contenders] == [3, 3]
    assert measured.placement == "server and clients on any processor"


def test_functions_of_the_caller_are_measured() -> None:
    contenders = (Contender("slow", "bridge", "fast"), Contender("fast", "bridge"))
    functions = {"slow": lambda: 3.0, "fast": lambda: 1.5}
    case = FunctionCase(name="f", contenders=contenders, functions=functions)
    measured = run(case).find("trial", "f")
    assert measured is not None
    ratio = measured.contenders[0].ratios["p50"]
    assert ratio is not None
    assert ratio.value == 2.0


def test_what_was_measured_survives_an_interruption() -> None:
    def interrupt(text: str, done: int, total: int) -> None:
        if text == "trial: second" and done == 1:
            raise KeyboardInterrupt

    cases = [
        CallCase(name=name, contenders=(FLOOR,), calls=3, warm_up=1) for name in ("first", "second")
    ]
    result = run_suite([Scenario("trial", "", lambda _: list(cases))], PLAN, interrupt)
    assert result.interrupted
    assert [case.name for case in result.scenarios[0].cases] == ["first"]


def test_a_quick_run_begins_nothing_that_it_has_no_time_for() -> None:
    case = CallCase(name="case", contenders=(FLOOR,), calls=3)
    result = run(case, plan=Plan(quick=True, rounds=3, limit_s=0.0))
    assert result.scenarios[0].cases == []
    assert [item.name for item in result.scenarios[0].skipped] == ["case"]
    assert quick_plan().limit_s is not None


def test_a_scenario_that_cannot_run_says_why() -> None:
    def none(plan: Plan) -> list[CallCase]:
        raise SkipScenario("there is no engine")

    result = run_suite([Scenario("trial", "", none)], PLAN, quiet)  # type: ignore[arg-type]
    assert result.scenarios[0].skipped[0].reason == "there is no engine"


def test_a_scenario_that_finds_out_late_that_it_cannot_run_says_why() -> None:
    def fail() -> float:
        raise SkipScenario("the proofs do not hold")

    case = FunctionCase(
        name="f", contenders=(Contender("check", "bridge"),), functions={"check": fail}
    )
    result = run(case)
    assert result.scenarios[0].cases == []
    assert result.scenarios[0].skipped[0].reason == "the proofs do not hold"


def test_names_within_scenarios_are_unique_and_floors_exist() -> None:
    plan = Plan(c_library=lambda: Path("lib.so"), transcript_check=lambda count: 1.0)
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for scenario in SCENARIOS:
        if scenario.name == "queue":
            continue
        for quick in (False, True):
            if quick and scenario.name == "transcript":
                continue
            cases = scenario.cases(
                Plan(quick, c_library=plan.c_library, transcript_check=plan.transcript_check)
            )
            assert len({case.name for case in cases}) == len(cases)
            for case in cases:
                contenders = {item.name: item for item in case.contenders}
                assert len(contenders) == len(case.contenders)
                for item in case.contenders:
                    assert item.floor is None or contenders[item.floor].floor is None
            full = {case.name for case in scenario.cases(plan)}
            assert {case.name for case in cases} <= full, (
                "a quick run is comparable with a full one"
            )


def test_scenarios_are_selected_by_name() -> None:
    assert [item.name for item in select_scenarios(["mixed", "latency"])] == ["latency", "mixed"]
    assert len(select_scenarios([])) == len(SCENARIOS)
    with pytest.raises(BenchmarkUsageError, match="'nothing'"):
        select_scenarios(["nothing"])
