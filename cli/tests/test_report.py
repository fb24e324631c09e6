import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from lpb_cli.output.report import Check, Report, Stage, Status, print_report, write_report
from lpb_cli.toolchain.diagnostics import Diagnostic
from rich.console import Console


def example(status: Status = Status.FAILED) -> Report:
    diagnostic = Diagnostic("error", Path("/p/Bad.lean"), 3, 2, "does not hold [red]", "  by simp")
    return Report(
        engine="some engine",
        seed=7,
        stages=[
            Stage("proofs", status, "2 modules", 1.5, [
                Check("Good", Status.PASSED),
                Check("Bad", Status.FAILED, "a\x01b", diagnostics=[diagnostic]),
            ]),
            Stage("live"),
        ],
    )  # fmt: skip


def test_the_worst_status_wins() -> None:
    assert example().status is Status.FAILED
    assert example(Status.INTERRUPTED).status is Status.INTERRUPTED
    assert example(Status.PASSED).status is Status.NOT_RUN
    assert Report(stages=[Stage("a", Status.PASSED)]).status is Status.PASSED
    done_without = Stage("b", Status.LACKING, "a compiler is missing")
    assert Report(stages=[Stage("a", Status.PASSED), done_without]).status is Status.PASSED


def test_reports_are_written_as_json_and_junit(tmp_path: Path) -> None:
    write_report(example(), tmp_path)
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["status"] == "failed"
    assert data["stages"][0]["checks"][1]["diagnostics"][0]["line"] == 3
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot()
    proofs, live = suites
    assert (proofs.get("tests"), proofs.get("failures")) == ("2", "1")
    assert live.get("skipped") == "1"
    failure = proofs.find("testcase/failure")
    assert failure is not None
    assert "/p/Bad.lean:3:2" in (failure.text or "")


def test_the_screen_shows_the_place_the_message_and_the_line() -> None:
    console = Console(file=io.StringIO(), width=100)
    print_report(example(), console, Path("/out"))
    assert isinstance(console.file, io.StringIO)
    screen = console.file.getvalue()
    assert "/p/Bad.lean:3:3: does not hold [red]" in screen
    assert "\n      by simp\n      ^" in screen
    assert "Something did not hold." in screen
