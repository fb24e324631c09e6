"""From a wheel, in an empty folder, without a checkout: every command finds what it needs.

It needs the package registry, for what the wheel depends on.
"""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb
from installed import Installed, install, make_wheel
from lpb_cli.building.compilation import compiler_lacks
from lpb_cli.settings import Settings, load_settings, own_project
from lpb_cli.toolchain.diagnostics import ProofReport

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def installed(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings, proofs: ProofReport
) -> Installed:
    """An installed copy; what the checkout has proven of the same texts is not proven again."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = make_wheel(folder, compiled=compiler_lacks() is None)
    installed = install(wheel, folder, settings.cache)
    shutil.copytree(settings.output / "proofs", installed.work / ".lpb" / "proofs")
    return installed


def test_setup_and_doctor(installed: Installed) -> None:
    ready = installed.run("lpb", "setup", "--engine", "embedded")
    assert ready.returncode == 0, ready.stderr
    assert "Ready: embedded Lean" in ready.stdout
    found = installed.run("lpb", "doctor", "--json")
    assert found.returncode == 0, found.stdout
    assert {item["name"] for item in json.loads(found.stdout) if item["needed"]} >= {"Python"}


def test_every_file_of_the_package_has_come_along(installed: Installed) -> None:
    package = next(installed.environment.glob("lib/*/site-packages/lpb_cli/project"))
    kept = {file.relative_to(package) for file in package.rglob("*") if file.is_file()}
    folders = (Path("lean/proofs"), Path("lean/ffi"))
    wanted = {
        file.relative_to(PROJECT)
        for folder in folders
        for pattern in ("*.lean", "*.c", "*.h")
        for file in (PROJECT / folder).rglob(pattern)
        if "tests" not in file.relative_to(PROJECT).parts
    }
    lake = {PROJECT / "lean" / name for name in ("lakefile.lean", "lean-toolchain")}
    assert wanted | {file.relative_to(PROJECT) for file in lake} <= kept
    for file in wanted:
        assert (package / file).read_bytes() == (PROJECT / file).read_bytes()


def test_its_wheel_is_compiled_for_this_platform(installed: Installed) -> None:
    lacks = compiler_lacks()
    if lacks is not None:
        pytest.skip(f"nothing to compile with: {lacks[0]}")
    site = next(installed.environment.glob("lib/*/site-packages"))
    compiled = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    for name in compiled["tool"]["lean-python-bridge"]["compiled-modules"]:
        assert (site / "lpb_server" / f"{name}.py").is_file()
        assert list((site / "lpb_server").glob(f"{name}.*.so")), name
    show = "import lpb_server.service as it; print(it.__file__)"
    assert installed.run("python", "-c", show).stdout.strip().endswith(".so")
    found = json.loads(installed.run("lpb", "doctor", "--json").stdout)
    assert next(item for item in found if item["name"] == "compiled server")["found"]


def test_a_wheel_without_a_compiler_is_pure_python(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as content:
        assert not [name for name in content.namelist() if name.endswith(".so")]


def test_build_writes_below_the_working_folder(installed: Installed) -> None:
    built = installed.run("lpb", "build", "--engine", "embedded", "--json")
    assert built.returncode == 0, built.stdout
    stages = {stage["name"]: stage for stage in json.loads(built.stdout)["stages"]}
    assert stages["modules"]["status"] == "passed"
    assert str(installed.work / ".lpb" / "lib") in stages["C library"]["summary"]


def test_an_own_operation_is_verified(installed: Installed) -> None:
    assert installed.run("lpb", "new", "root").returncode == 0
    result = installed.run(
        "lpb", "verify", "--engine", "embedded", "--operations", "root.py", "--operation", "root",
        "--requests", "0", "--skip", "transcript", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    stages = {stage["name"]: stage for stage in json.loads(result.stdout)["stages"]}
    assert "Root" in {check["name"] for check in stages["proofs"]["checks"]}
    assert stages["lies"]["status"] == "passed"
    assert (installed.work / ".lpb" / "report.json").is_file()


def test_a_result_is_certified(installed: Installed) -> None:
    result = installed.run(
        "lpb", "certify", "matrix_sum", "--engine", "embedded", "--param", "matrix=[[1,2],[3,4]]"
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "kernel accepts" in result.stdout


def test_it_is_measured_without_what_draws_pictures(installed: Installed) -> None:
    result = installed.run("lpb", "bench", "--quick", "--scenario", "startup", "--slo", "--json")
    assert result.returncode in (0, 1), result.stdout + result.stderr  # 1: a goal was missed
    assert (installed.work / ".lpb" / "bench" / "results.json").is_file()


def test_outside_a_checkout_output_goes_to_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("LPB_PROJECT", "LPB_OUTPUT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    found = load_settings()
    assert found.output == tmp_path / ".lpb"
    assert found.project == own_project() == PROJECT
    monkeypatch.chdir(PROJECT / "cli")
    assert load_settings().output == PROJECT / ".lpb"


def test_a_project_that_is_none_is_refused(run_lpb: RunLpb, tmp_path: Path) -> None:
    result = run_lpb("verify", LPB_PROJECT=str(tmp_path))
    assert result.returncode == 2
    assert str(tmp_path) in result.stderr
    assert "lakefile.lean" in result.stderr
