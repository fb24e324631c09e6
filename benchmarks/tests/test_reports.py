from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lpb_benchmarks import command
from lpb_benchmarks.command import BenchOptions, print_report, run_bench
from lpb_benchmarks.errors import BenchmarkError, BenchmarkUsageError
from lpb_benchmarks.measure.results import RunResult, load_result
from lpb_benchmarks.report.export import write_json
from lpb_benchmarks.report.findings import warnings
from rich.console import Console

MakeRun = Callable[..., RunResult]


def quiet(text: str, done: int, total: int) -> None:
    pass


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get("src") or dict(attrs).get("href") or ""
        self.images += tag == "img"
        if source and not source.startswith("data:"):
            self.outside.append(source)


def save(run: RunResult, folder: Path, name: str) -> Path:
    path = folder / name
    write_json(run, path)
    return path


def test_a_result_comes_back_from_its_file(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    assert load_result(save(run, tmp_path, "old.json")) == run


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 99}', '{"schema": 1, "x": 2}', "\x80"]
)
def test_another_file_is_no_result(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BenchmarkUsageError, match="no result of lpb bench"):
        load_result(path)


def test_the_report_has_every_file_and_the_page_stands_alone(
    make_run: MakeRun, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    old = save(make_run(1.5), tmp_path, "old.json")
    new = save(make_run(3.0), tmp_path, "new.json")
    (tmp_path / "arrays.svg").write_text("of an earlier run", encoding="utf-8")
    report = run_bench(BenchOptions(tmp_path, read=new, compare=old), quiet)
    assert not report.holds
    assert not (tmp_path / "arrays.svg").exists()
    for name in ("results.json", "results.csv", "report.html", "latency.svg", "latency.png"):
        assert tmp_path / name in report.files
        assert (tmp_path / name).stat().st_size > 100
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(page)
    assert elements.outside == []
    assert elements.images == 1
    assert "4×4 &lt;framed&gt;" in page
    assert "slower" in page
    with (tmp_path / "results.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["contender"] for line in lines] == ["bridge", "pyro", "raw echo"]
    assert float(lines[0]["p50_ratio"]) == 3.0
    assert lines[2]["p50_ratio"] == ""
    assert json.loads(json.dumps(report.as_dict()))["holds"] is False


def test_without_matplotlib_the_rest_is_written_and_said(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "can_draw", lambda: False)
    report = run_bench(BenchOptions(tmp_path, read=save(make_run(), tmp_path, "a.json")), quiet)
    text = io.StringIO()
    print_report(report, Console(file=text, width=80))
    assert report.holds
    assert (tmp_path / "report.html").exists()
    assert "matplotlib is not installed" in text.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_fits_and_says_what_must_be_known(
    make_run: MakeRun, tmp_path: Path, width: int
) -> None:
    run = make_run(interrupted=True, machine=make_run().machine | {"load": 7.5})
    report = run_bench(BenchOptions(tmp_path, read=save(run, tmp_path, "a.json")), quiet)
    text = io.StringIO()
    print_report(report, Console(file=text, width=width))
    shown = text.getvalue()
    assert "1.50 (1.47–1.53)" in shown
    assert "interrupted" in shown
    assert "load 7.5" in shown
    assert "…" not in shown


def test_a_run_with_nothing_to_draw_is_not_blamed_on_matplotlib(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "can_draw", lambda: True)
    monkeypatch.setattr(command, "draw_plots", lambda run, folder: {})
    empty = save(make_run(scenarios=[]), tmp_path, "a.json")
    text = io.StringIO()
    print_report(run_bench(BenchOptions(tmp_path, read=empty), quiet), Console(file=text))
    assert "matplotlib" not in text.getvalue()


def test_a_folder_that_cannot_be_written_is_said(make_run: MakeRun, tmp_path: Path) -> None:
    old = save(make_run(), tmp_path, "a.json")
    with pytest.raises(BenchmarkError, match="cannot be written"):
        run_bench(BenchOptions(old / "below", read=old), quiet)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"scenarios": ["latencies"]}, "no scenario 'latencies'"),
        ({"compare": Path("none.json")}, "no result of"),
        ({"objectives": Path("none.toml")}, "No such file"),
        ({"rounds": 2}, "Fewer than 3"),
    ],
)
def test_wrong_options_are_said_before_anything_is_measured(
    tmp_path: Path, options: dict[str, object], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "run_suite", lambda *rest: pytest.fail("it measured"))
    with pytest.raises(BenchmarkUsageError, match=complaint):
        run_bench(BenchOptions(tmp_path, **options), quiet)  # type: ignore[arg-type]


@pytest.mark.parametrize(("server", "said"), [("interpreted", 1), ("compiled", 0)])
def test_a_reader_is_told_that_the_server_was_interpreted(
    make_run: MakeRun, server: str, said: int
) -> None:
    run = make_run(machine={"processors": 2, "load": 0.1, "server": server})
    assert len([line for line in warnings(run) if "lpb build" in line]) == said
