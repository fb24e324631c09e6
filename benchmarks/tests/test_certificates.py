from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lpb_benchmarks.command import BenchOptions, print_report, run_bench
from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.certified import ANSWER, CERTIFIED, PYTHON_CHECK, Spent
from lpb_benchmarks.measure.results import CaseResult, RunResult, load_result
from lpb_benchmarks.report.export import write_json
from lpb_benchmarks.report.growth import fitted_growths
from lpb_benchmarks.scenarios import Plan
from lpb_benchmarks.suite import run_suite, select_scenarios
from lpb_server.operations import Answer, Operation, Question, Scaling, default_registry
from rich.console import Console

KERNEL = "Lean's kernel"
COMPILED = "compiled Lean"


def quiet(text: str, done: int, total: int) -> None:
    pass


def operation(name: str, **changes: Any) -> Operation:
    return replace(default_registry().find(name), **changes)


def kernel(operation: Operation, size: int, question: Question, answer: Answer) -> Spent:
    """Stand in for an engine: it takes as long as the cube of the size."""
    assert size in next(iter(question.arrays.values())).shape
    return Spent(2e-9 * size**3, 1e-9 * size**3)


def compiled(operation: Operation, size: int, question: Question, answer: Answer) -> Spent:
    raise BenchmarkError("no C compiler")


def measured(*operations: Operation, quick: bool = False) -> RunResult:
    plan = Plan(quick, 3, operations=operations, lean_checks={KERNEL: kernel, COMPILED: compiled})
    return run_suite(select_scenarios(["certificates"]), plan, quiet)


@pytest.fixture(scope="module")
def run() -> RunResult:
    sizes = Scaling(sizes=(2, 4, 8))
    return measured(operation("dot", scaling=sizes), operation("matvec", scaling=sizes))


def test_every_part_is_measured_at_every_size(run: RunResult) -> None:
    for name in ("dot", "matvec"):
        for size in (2, 4, 8):
            case = run.find("certificates", f"{name}, n = {size}")
            assert case is not None
            assert [item.name for item in case.contenders] == [ANSWER, CERTIFIED, PYTHON_CHECK]
            assert all((item.cpu_us["client"] or 0) > 0 for item in case.contenders)
            assert case.contenders[1].ratios["p50"] is not None
            lean = run.find("certificates", f"{name}, n = {size}, in Lean")
            assert lean is not None
            assert [item.name for item in lean.contenders] == [KERNEL]
            assert lean.contenders[0].microseconds["p50"] == pytest.approx(2e-3 * size**3, abs=1e-3)
            assert [(item.name, item.reason) for item in lean.skipped] == [
                (COMPILED, "no C compiler")
            ]


def test_exponents_are_those_of_the_power_law(run: RunResult) -> None:
    fitted = {(item.series, item.contender): item for item in run.scenarios[0].growths}
    assert fitted["dot", KERNEL].exponent == pytest.approx(3, abs=1e-9)
    assert fitted["dot", KERNEL].time == "processor"
    assert fitted["dot", KERNEL].sizes == [2, 4, 8]
    assert {name for _, name in fitted} == {ANSWER, CERTIFIED, PYTHON_CHECK, KERNEL}


def test_one_size_has_no_growth_and_wall_time_does_where_nothing_else_is_known(
    run: RunResult,
) -> None:
    cases = [case for case in run.scenarios[0].cases if case.series == "dot"]
    assert fitted_growths([case for case in cases if case.size == 2]) == []

    def forgetting(case: CaseResult) -> CaseResult:
        contenders = [
            replace(item, cpu_us={"server": None, "client": None}) for item in case.contenders
        ]
        return replace(case, contenders=contenders)

    fitted = fitted_growths([forgetting(case) for case in cases])
    assert {item.time for item in fitted} == {"wall"}
    exponent = next(item.exponent for item in fitted if item.contender == KERNEL)
    assert exponent == pytest.approx(3, abs=0.05)  # the times are in whole nanoseconds


def test_a_quick_run_asks_small_sizes_and_what_is_large_last() -> None:
    quick = measured(operation("dot", scaling=Scaling(sizes=(2, 4, 8))), quick=True)
    names = [case.name for case in quick.scenarios[0].cases]
    assert names == ["dot, n = 2", "dot, n = 4", "dot, n = 2, in Lean", "dot, n = 4, in Lean"]


def test_what_cannot_be_asked_is_skipped_by_name() -> None:
    def failing(random: np.random.Generator, n: int) -> Question:
        raise ValueError("no such n")

    result = measured(
        operation("dot", arrays=None), operation("sort", scaling=Scaling(failing, (3,)))
    )
    reasons = {
        case.name: {item.reason for item in case.skipped} for case in result.scenarios[0].cases
    }
    assert reasons["dot, n = 1"] == {
        "no question of a size: it declares neither its arrays nor a question of a size"
    }
    assert reasons["sort, n = 3"] == {"ValueError: no such n"}
    assert all(case.contenders == [] for case in result.scenarios[0].cases)


def test_every_installed_operation_has_questions_of_every_size() -> None:
    cases = select_scenarios(["certificates"])[0].cases(Plan())
    assert {case.series for case in cases} == {
        item.name for item in default_registry() if item.certified
    }
    assert all(case.size is not None for case in cases)


@pytest.mark.parametrize("width", [80, 200])
def test_one_table_shows_all_sizes(run: RunResult, tmp_path: Path, width: int) -> None:
    write_json(run, tmp_path / "a.json")
    assert load_result(tmp_path / "a.json") == run
    report = run_bench(BenchOptions(tmp_path, read=tmp_path / "a.json"), quiet)
    text = io.StringIO()
    print_report(report, Console(file=text, width=width))
    shown = text.getvalue()
    assert "n^3.00" in shown
    assert "…" not in shown
    assert shown.count("matvec  ") == 1
    assert "skipped dot, n = 2, in Lean, compiled Lean: no C compiler" in " ".join(shown.split())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    tables = re.findall("<pre>(.*?)</pre>", page, re.DOTALL)
    assert ["n^3.00" in table for table in tables] == [True, False]  # The machine comes last.
    assert "…" not in tables[0]


def test_the_picture_has_a_part_for_each_operation(run: RunResult, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_json(run, tmp_path / "a.json")
    report = run_bench(BenchOptions(tmp_path, read=tmp_path / "a.json"), quiet)
    assert tmp_path / "certificates.png" in report.files
    drawn = (tmp_path / "certificates.svg").read_text(encoding="utf-8")
    for word in ("dot", "matvec", KERNEL, "n^3.0"):
        assert word in drawn
