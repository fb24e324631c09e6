"""Notebooks without a kernel of Jupyter: their cells run in one namespace, in order."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

__all__ = ["code_cells", "run_cells"]


def code_cells(notebook: Path) -> list[dict[str, Any]]:
    """Return the cells of code of a notebook."""
    cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def run_cells(cells: list[dict[str, Any]]) -> list[tuple[str, object]]:
    """Run cells: what each prints, and the value of its last line; None when it is none."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found: list[tuple[str, object]] = []
    for cell in cells:
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        printed, value = io.StringIO(), None
        with contextlib.redirect_stdout(printed):
            exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        found.append((printed.getvalue(), value))
    return found
