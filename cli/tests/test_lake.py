import stat
import sys
from pathlib import Path

import pytest
from lpb_cli.errors import CommandFailedError, EngineUnavailableError
from lpb_cli.settings import Settings
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.toolchain.diagnostics import ModuleStatus
from lpb_cli.toolchain.lake import LakeToolchain, parse_diagnostics


@pytest.fixture
def package(tmp_path: Path) -> Settings:
    proofs = tmp_path / "lean" / "proofs"
    proofs.mkdir(parents=True)
    (proofs / "Good.lean").write_text("theorem good : True := trivial\n")
    (proofs / "Bad.lean").write_text("theorem bad : False :=\n  trivial\n")
    return Settings(tmp_path, tmp_path / "cache", None, tmp_path / "elan")


def fake_lake(settings: Settings, body: str) -> Path:
    """A program that prints what a native lake was seen to print; the real one is in CI."""
    file = settings.project / "lake"
    file.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "if sys.argv[1:] == ['--version']:\n"
        "    print('Lake version 5.0.0 (Lean version 4.28.0)'); sys.exit()\n" + body
    )
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


BUILD = """
print("✔ [1/3] Built Good")
print("✖ [2/3] Building Bad (1.2s)")
print("trace: .> LEAN_PATH=… lean proofs/Bad.lean")
print("error: proofs/Bad.lean:2:2: Type mismatch")
print("  trivial")
print("has type True but is expected to have type False")
print("error: Lean exited with code 1")
print("Some required targets logged failures:")
print("- Bad")
sys.exit(1)
"""


def test_a_failed_build_is_a_value_with_lean_s_own_words(package: Settings) -> None:
    seen: list[tuple[int, int]] = []
    toolchain = LakeToolchain(package, fake_lake(package, BUILD))
    report = toolchain.check_proofs(lambda result, done, total: seen.append((done, total)))
    by_name = {module.name: module for module in report.modules}
    assert not report.ok
    assert by_name["Good"].status is ModuleStatus.CHECKED
    assert by_name["Bad"].status is ModuleStatus.FAILED
    diagnostic = by_name["Bad"].diagnostics[0]
    assert (diagnostic.line, diagnostic.column) == (2, 2)
    assert diagnostic.message.splitlines()[0] == "Type mismatch"
    assert diagnostic.message.endswith("expected to have type False")
    assert diagnostic.source_line == "  trivial"
    assert seen == [(1, 3), (2, 3)]
    assert "4.28.0" in report.engine


def test_a_build_that_fails_outside_the_modules_is_an_error(package: Settings) -> None:
    (package.lean / "proofs" / "Bad.lean").unlink()
    lake = fake_lake(package, "print('error: external command cc exited with code 1'); sys.exit(1)")
    with pytest.raises(CommandFailedError, match="external command cc"):
        LakeToolchain(package, lake).check_proofs(lambda result, done, total: None)


def test_sorry_is_an_error_whatever_lake_calls_it(package: Settings) -> None:
    line = "warning: proofs/Good.lean:1:8: declaration uses `sorry`"
    assert parse_diagnostics([line], package.lean)[0].severity == "error"


def test_lean_s_order_of_words_is_understood_too(package: Settings) -> None:
    found = parse_diagnostics(["/x/T.lean:3:4: error: no", "more"], package.lean)
    assert [(d.severity, d.line, d.message) for d in found] == [("error", 3, "no\nmore")]


def test_lake_asked_for_and_not_there(package: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineUnavailableError, match="No `lake` found"):
        open_toolchain(package, EngineName.LAKE, lambda text, done, total: None)


def test_lake_is_taken_when_it_is_there(package: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_lake(package, "")
    monkeypatch.setenv("PATH", str(package.project))
    toolchain = open_toolchain(package, EngineName.AUTO, lambda text, done, total: None)
    assert toolchain.name == "lake"
