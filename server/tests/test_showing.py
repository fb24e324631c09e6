"""What a result says of itself, in notebooks and in terminals."""

from __future__ import annotations

import io
from typing import Any

import lean_python_bridge as lpb
import numpy as np
import pytest
from lpb_server.client import CallResult
from lpb_server.client.showing import rows_of
from lpb_server.operations import Registry
from lpb_server.operations.lean_meaning import find_lean_file, meaning_of
from rich.console import Console


def solved() -> CallResult:
    return lpb.certified("solve", arrays={"matrix": 3.0 * np.eye(3), "right": np.ones(3)})


def test_a_checked_result_says_what_it_means_and_who_checked_it() -> None:
    called = solved()
    said = dict(rows_of(called))
    assert said["solution"].startswith("float64 3: [0.333")
    assert said["certificate"] == "solve_enclosure"
    assert float(said["bound"]) == called.certificate["bound"]  # type: ignore[index]
    assert said["theorem"] == "LeanPythonBridge.Certificate.SolveOperation.operation"
    assert "nonsingular" in said["which says"]
    assert said["checked by"].startswith("Python's checker")
    assert "Lean's kernel has not seen it" in said["checked by"]


def test_notebooks_and_terminals_show_the_same_rows() -> None:
    called = solved()
    page = called._repr_html_()
    written = io.StringIO()
    Console(file=written, width=400).print(called)
    for label, text in rows_of(called):
        assert f">{label}</th>" in page
        assert label in written.getvalue()
        assert text in written.getvalue()
    assert "<caption>solve</caption>" in page
    assert "<code>lpb certify</code>" in page


def test_what_nobody_checked_says_so() -> None:
    called = solved()
    called.checked = False
    assert dict(rows_of(called))["checked by"].startswith("nobody yet")
    called.certificate = None
    assert dict(rows_of(called))["certificate"] == "none was asked for"
    assert "theorem" not in dict(rows_of(called))


@pytest.mark.parametrize("op", ["<b>unknown</b>", "\x1b[31mred"])
def test_what_a_server_sends_is_text(op: str) -> None:
    arrays = {"<script>": np.arange(1000.0)}
    stated: dict[str, Any] = {"kind": "<i>\x1b[0m", "bound": 1.0}
    called = CallResult({"\x1b[2J": "<img>"}, arrays, stated, None, op=op)
    page = called._repr_html_()
    assert "<script>" not in page
    assert "<img>" not in page
    assert "<b>" not in page
    written = io.StringIO()
    Console(file=written, width=100).print(called)
    assert "\x1b" not in written.getvalue() + page
    assert "theorem" not in dict(rows_of(called))
    assert len(dict(rows_of(called))["<script>"]) < 250


def test_an_operation_without_a_lean_file_has_no_words() -> None:
    @lpb.operation("bare", params={"type": "object"}, summary="Does nothing.")
    def bare(params: Any, arrays: Any) -> Any:
        return {}

    registry = Registry()
    registry.add(bare)
    assert find_lean_file(registry.find("bare")) is None
    assert meaning_of("module").said == ""
