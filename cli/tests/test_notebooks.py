"""Every notebook in ``examples/`` gives what stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import PROJECT
from lpb_server.client import CallResult
from notebook_support import code_cells, run_cells

NOTEBOOKS = sorted((PROJECT / "examples").glob("*.ipynb"))
_LABELS = re.compile(r"<th[^>]*>(.*?)</th>")


def test_there_is_one() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_gives_what_stands_in_it(notebook: Path) -> None:
    """What is printed is the same; of a result, what it says beside its numbers."""
    cells = code_cells(notebook)
    shown = 0
    for cell, (printed, value) in zip(cells, run_cells(cells), strict=True):
        stored = cell["outputs"]
        texts = ["".join(out["text"]) for out in stored if out["output_type"] == "stream"]
        assert "".join(texts) == printed
        pages = ["".join(out["data"]["text/html"]) for out in stored if "data" in out]
        assert len(pages) == (value is not None)
        for page in pages:
            assert isinstance(value, CallResult)
            assert value.checked
            assert _LABELS.findall(page) == _LABELS.findall(value._repr_html_())
            assert page.partition("which says")[2] == value._repr_html_().partition("which says")[2]
            shown += 1
    assert shown
