"""Imports point one way, between the packages and between the folders of each.

The server's own layers are in ``server/tests/test_package.py``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import lpb_benchmarks
import lpb_cli
import pytest

# What a layer may import of its package; each stands on those before it.
LAYERS = {
    "lpb_cli": [
        *("errors", "settings", "processes", "building", "toolchain", "output", "verify"),
        "commands",
    ],
    "lpb_benchmarks": [
        *("errors", "peers", "measure", "scenarios", "report", "suite", "command"),
    ],
}
# What a package may import of the others.
BELOW = {"lpb_cli": ["lpb_server", "lpb_benchmarks"], "lpb_benchmarks": ["lpb_server"]}
ROOTS = {"lpb_cli": lpb_cli.__file__, "lpb_benchmarks": lpb_benchmarks.__file__}
NO_LAYER = {"__init__", "__main__", "__pycache__", "templates"}

packages = pytest.mark.parametrize("package", LAYERS)


def root_of(package: str) -> Path:
    return Path(ROOTS[package]).parent


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, inside of functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith("lpb_"))


@packages
def test_every_module_has_its_layer(package: str) -> None:
    found = {
        path.stem for path in root_of(package).iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert found - NO_LAYER == set(LAYERS[package])


@packages
def test_layers_import_one_way(package: str) -> None:
    layers = LAYERS[package]
    for index, layer in enumerate(layers):
        base = root_of(package) / layer
        paths = list(base.rglob("*.py")) if base.is_dir() else [base.with_suffix(".py")]
        above = tuple(f"{package}.{name}." for name in layers[index + 1 :])
        for path in paths:
            for name in imported(path):
                assert not f"{name}.".startswith(above), f"{layer}/{path.name} imports {name}"
                top = name.split(".")[0]
                assert top in (package, *BELOW[package]), f"{layer}/{path.name} imports {name}"
