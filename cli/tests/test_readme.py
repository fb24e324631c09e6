"""What README and the pages in ``docs`` show is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_server.client import BridgeClient

PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").glob("*.md")]


def block(page: Path, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    assert found is not None
    return found[1]


def test_the_first_use_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    exec(block(PROJECT / "README.md", "python"), {})
    printed = capsys.readouterr().out
    assert re.fullmatch(r"\[0\.0909\d+ 0\.6363\d+\] \d\.\d+e-\d+\n", printed)


def test_every_python_block_of_the_page_on_python(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is run after those before it, and prints what the comment beside its print says."""
    page = (PROJECT / "docs" / "python.md").read_text("utf-8")
    shown = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(shown) >= 4
    names: dict[str, object] = {}
    with ServerSupervisor(PROJECT) as server:
        for each in shown:
            exec(each.replace("tcp://127.0.0.1:5555", server.endpoint), names)
            said = re.findall(r"print\(.*\)  # (.*)$", each, re.M)
            printed = capsys.readouterr().out.splitlines()
            assert len(printed) == len(said)
            for line, comment in zip(printed, said, strict=True):
                assert line.startswith(comment.removesuffix("…")), each


def test_the_operation_of_one_s_own(tmp_path: Path) -> None:
    source = tmp_path / "mean.py"
    source.write_text(block(PROJECT / "docs" / "operations.md", "python"), "utf-8")
    with (
        ServerSupervisor(PROJECT, sources=str(source)) as server,
        BridgeClient(server.endpoint) as client,
    ):
        assert client.call("mean", arrays={"x": np.array([1.0, 2.0])}).result == {"mean": 1.5}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
    for path in re.findall(
        r"`((?:cli|server|lean|benchmarks|docs)/[\w./-]+)`", page.read_text("utf-8")
    ):
        assert (PROJECT / path).exists(), path


def test_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) <= 120
