"""Rules that hold for every module of the package."""

from __future__ import annotations

import ast
import pkgutil
import tomllib
from importlib import import_module
from pathlib import Path

import lpb_server
import pytest

ROOT = Path(lpb_server.__file__).parent
GENERATED = "bridge_pb2"
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(ROOT)], "lpb_server.")
    if GENERATED not in module.name and not module.name.endswith("__main__")
)

# What a layer may import of ours; each stands on those before it.
LAYERS = [
    *("errors", "wire", "conformance", "certificates", "operations", "models", "service"),
    *("observability", "process", "sockets", "settings", "security"),
    *("frontend", "worker", "broker", "client"),
]


def source_of(module: str) -> Path:
    path = ROOT.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.startswith("lpb_")}


@pytest.mark.parametrize("name", MODULES)
def test_all_names_what_a_module_exports(name: str) -> None:
    module = import_module(name)
    exported = module.__all__
    assert len(set(exported)) == len(exported)
    for item in exported:
        assert hasattr(module, item)
    defined = {
        node.name
        for node in ast.parse(source_of(name).read_text("utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    assert defined <= set(exported)


@pytest.mark.parametrize("name", MODULES)
def test_modules_stay_small(name: str) -> None:
    assert len(source_of(name).read_text("utf-8").splitlines()) <= 500


def test_errors_import_nothing_of_ours() -> None:
    assert imported(ROOT / "errors.py") == set()


def test_every_package_has_its_layer() -> None:
    entry = {"__init__", "__main__"}
    found = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert found - entry - {"__pycache__"} == set(LAYERS)


def test_layers_import_one_way() -> None:
    for index, layer in enumerate(LAYERS):
        base = ROOT / layer
        paths = list(base.rglob("*.py")) if base.is_dir() else [base.with_suffix(".py")]
        above = tuple(f"lpb_server.{name}." for name in LAYERS[index + 1 :])
        for path in paths:
            for name in imported(path):
                assert not f"{name}.".startswith(above), f"{path.name} imports {name}"
                assert name.startswith("lpb_server")


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == lpb_server.__version__
