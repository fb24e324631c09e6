"""The server's modules, compiled: the same tests hold, and no copy outlives its sources."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from lpb_cli.building import compiled
from lpb_cli.building.compilation import compile_server
from lpb_cli.building.compiled import compiled_folder, copy_digest, is_current, sources_digest
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.settings import Settings, load_settings

SOURCES = Path("server", "lpb_server")
ELSEWHERE = "test_package.py"  # It reads pyproject.toml, which lies beside the sources.


@pytest.fixture
def checkout(tmp_path: Path) -> Settings:
    """Hold a checkout whose compiled copy claims to be current."""
    settings = load_settings()
    shutil.copytree(settings.project / SOURCES, tmp_path / SOURCES)
    folder = compiled_folder(tmp_path)
    folder.mkdir(parents=True)
    shutil.copytree(tmp_path / SOURCES, folder / SOURCES.name)
    (folder / compiled.DIGEST_FILE).write_text(sources_digest(tmp_path))
    (folder / compiled.COPY_DIGEST_FILE).write_text(copy_digest(folder))
    return Settings(tmp_path, tmp_path / "cache", None, tmp_path)


@pytest.mark.timeout(1200)
def test_the_servers_tests_hold_where_it_is_compiled() -> None:
    settings = load_settings()
    folder = compile_server(settings).path
    tests = sorted((settings.project / "server" / "tests").glob("test_*.py"))
    chosen = [str(path) for path in tests if path.name != ELSEWHERE]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=1", *chosen],
        cwd=settings.project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]


@pytest.mark.timeout(900)
def test_what_lpb_starts_uses_the_copy_unless_told_not_to() -> None:
    compile_server(load_settings())
    show = "import lpb_server.frontend.in_process_server as server; print(server.__file__)"
    ours = f"from lpb_cli.building.compiled import use_compiled; use_compiled(); {show}"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{show}'])"
    code = f"{ours}; {child}"

    def files(**changes: str) -> list[str]:
        environment = {k: v for k, v in os.environ.items() if k != "LPB_INTERPRETED"} | changes
        ended = subprocess.run(
            [sys.executable, "-u", "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [Path(line).suffix for line in ended.stdout.split()]

    assert files() == [".so", ".so"]
    assert files(LPB_INTERPRETED="1") == [".py", ".py"]


def test_a_copy_is_current_until_a_source_changes(checkout: Settings) -> None:
    assert is_current(checkout.project)
    assert not compile_server(checkout).rebuilt
    source = checkout.project / SOURCES / "wire" / "limits.py"
    text = source.read_text("utf-8")
    source.write_text(text + "\n", "utf-8")
    assert not is_current(checkout.project)
    source.write_text(text, "utf-8")
    assert is_current(checkout.project)
    schema = checkout.project / SOURCES / "wire" / "schemas" / "reply.json"
    content = schema.read_bytes()
    schema.write_bytes(content + b" ")
    assert not is_current(checkout.project)
    schema.write_bytes(content)
    assert is_current(checkout.project)
    source.rename(source.with_name("limit.py"))
    assert not is_current(checkout.project)


@pytest.mark.parametrize("name", ["wire/limits.py", "wire/schemas/reply.json", "planted.so"])
def test_a_copy_that_was_changed_is_not_used(checkout: Settings, name: str) -> None:
    changed = compiled_folder(checkout.project) / SOURCES.name / name
    with changed.open("ab") as file:
        file.write(b"\n")
    assert not is_current(checkout.project)


def test_without_a_compiler_it_says_what_to_do(
    checkout: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (compiled_folder(checkout.project) / compiled.DIGEST_FILE).unlink()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EnvironmentLacksError) as caught:
        compile_server(checkout)
    assert "cc is missing" in caught.value.message
    assert "gcc" in str(caught.value.hint)


def test_mypyc_drops_nothing_of_the_modules_that_it_compiles() -> None:
    root = load_settings().project / SOURCES
    project = tomllib.loads((load_settings().project / "pyproject.toml").read_text("utf-8"))
    for name in project["tool"]["lean-python-bridge"]["compiled-modules"]:
        tree = ast.parse((root / f"{name}.py").read_text("utf-8"))
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        assert [node.name for node in classes if node.keywords] == [], name
