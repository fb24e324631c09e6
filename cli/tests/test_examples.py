"""Every program in ``examples/`` prints what its docstring says."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import PROJECT

PROGRAMS = sorted((PROJECT / "examples").glob("*.py"))
NEEDED = {"digit_robustness": ("sklearn",), "infeasible_program": ("scipy",)}


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 5
    assert set(NEEDED) <= {program.stem for program in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_program_prints_what_its_docstring_says(program: Path, tmp_path: Path) -> None:
    for name in NEEDED.get(program.stem, ()):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{program.stem}: {name} not installed")
    described = ast.get_docstring(ast.parse(program.read_text("utf-8")))
    assert described is not None
    expected = textwrap.dedent(described.partition("Prints::\n\n")[2])
    assert expected
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.rstrip() == expected.rstrip()
