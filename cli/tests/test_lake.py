import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lpb_cli.errors import AuditFailedError, CommandFailedError, EngineUnavailableError
from lpb_cli.settings import Settings
from lpb_cli.toolchain import choice
from lpb_cli.toolchain.choice import EngineName, open_toolchain
from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus
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


# Builds what it is told to, and audits it as `Audit.lean` does: what that found is `FINDINGS`.
BUILDS = """
import json, pathlib
if "build" in sys.argv:
    folder = pathlib.Path(".lake/build/lib/lean")
    folder.mkdir(parents=True, exist_ok=True)
    for file in pathlib.Path("proofs").glob("*.lean"):
        if file.stem not in LEFT_OUT:
            (folder / f"{file.stem}.olean").write_text(file.read_text())
    sys.exit()
if "--run" in sys.argv:
    log = open("audits", "a")
    for line in open(sys.argv[-1]).read().splitlines():
        word, name, *files = line.split("\\t")
        print(word, name, file=log)
        if word == "check":
            found = {"event": "module", "name": name, "imports": [], "replayed": 1, "skipped": 0,
                     "definitions": 0, "axioms": [], "statements": [], "problems": [],
                     "theorems": [[name.lower(), 1]]}
            print(json.dumps(found | FINDINGS.get(name, {})))
    print(END)
"""


def lake_that_builds(
    package: Settings,
    findings: dict[str, object] | None = None,
    left_out: tuple[str, ...] = (),
    end: str = '{"event": "done"}',
) -> Path:
    start = f"FINDINGS = {findings or {}!r}\nLEFT_OUT = {left_out!r}\nEND = {end!r}\n"
    return fake_lake(package, start + BUILDS)


def statuses(package: Settings, lake: Path) -> dict[str, ModuleResult]:
    report = LakeToolchain(package, lake).check_proofs(lambda text, done, total: None)
    return {module.name: module for module in report.modules}


BUILD_FAILS = """
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
    toolchain = LakeToolchain(package, fake_lake(package, BUILD_FAILS))
    report = toolchain.check_proofs(lambda text, done, total: seen.append((done, total)))
    by_name = {module.name: module for module in report.modules}
    assert not report.ok
    assert by_name["Bad"].status is ModuleStatus.FAILED
    diagnostic = by_name["Bad"].diagnostics[0]
    assert (diagnostic.line, diagnostic.column) == (2, 2)
    assert diagnostic.message.splitlines()[0] == "Type mismatch"
    assert diagnostic.message.endswith("expected to have type False")
    assert diagnostic.source_line == "  trivial"
    assert seen[:2] == [(1, 3), (2, 3)]
    assert "4.28.0" in report.engine


def test_a_package_of_the_users_own_is_built_where_it_lies(package: Settings) -> None:
    """Its libraries are others' packages: they may be imported, and are not looked at."""
    own = package.project / "own"
    (own / "proofs").mkdir(parents=True)
    (own / "lakefile.toml").write_text('name="own"\n[[lean_lib]]\nname="A"\nsrcDir="proofs"\n')
    (own / "proofs" / "A.lean").write_text("import Mathlib.Tactic\ntheorem a : True := trivial\n")
    lake = lake_that_builds(package, {"A": {"imports": ["Mathlib.Tactic"]}})
    toolchain = LakeToolchain(replace(package, own=own, output_folder=own / ".lpb"), lake)
    report = toolchain.check_proofs(lambda text, done, total: None, {"A"})
    assert report.ok, report.modules
    assert [module.name for module in report.modules] == ["A"]
    assert (own / ".lake" / "build" / "lib" / "lean" / "A.olean").is_file()
    assert not (package.lean / ".lake").exists()


def test_what_imports_nothing_of_the_package_builds_nothing(package: Settings) -> None:
    toolchain = LakeToolchain(package, fake_lake(package, "sys.exit('it was built')"))
    assert toolchain.check_proofs(lambda text, done, total: None, {"Init"}).modules == []


def test_an_installed_package_is_built_in_a_copy(
    package: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own folder may be another user's; lake builds beside the sources."""
    monkeypatch.setattr(choice, "INSTALLED", package.project)
    installed = replace(package, lake=lake_that_builds(package), output_folder=package.cache / "o")
    for _ in range(2):
        toolchain = open_toolchain(installed, EngineName.LAKE, lambda text, done, total: None)
        assert toolchain.check_proofs(lambda text, done, total: None).ok
    assert not (package.lean / ".lake").exists()
    (copy,) = (package.cache / "package").iterdir()
    assert (copy / "lean" / ".lake").is_dir()
    (package.lean / "proofs" / "Good.lean").write_text("theorem good : True := by trivial\n")
    open_toolchain(installed, EngineName.LAKE, lambda text, done, total: None)
    assert len(list((package.cache / "package").iterdir())) == 2


def test_a_lake_that_only_ends_well_has_proven_nothing(package: Settings) -> None:
    results = statuses(package, fake_lake(package, "sys.exit(0)"))
    assert {result.status for result in results.values()} == {ModuleStatus.FAILED}
    assert ".olean is not there" in results["Good"].diagnostics[0].message


def test_a_module_that_lake_did_not_build_fails(package: Settings) -> None:
    results = statuses(package, lake_that_builds(package, left_out=("Bad",)))
    assert results["Good"].status is ModuleStatus.CHECKED
    assert results["Bad"].status is ModuleStatus.FAILED


def test_what_the_audit_accepts_is_recalled_until_it_changes(package: Settings) -> None:
    lake = lake_that_builds(package)
    assert {r.status for r in statuses(package, lake).values()} == {ModuleStatus.CHECKED}
    again = statuses(package, lake)
    assert {r.status for r in again.values()} == {ModuleStatus.UNCHANGED}
    assert again["Good"].theorems == 1
    (package.lean / "proofs" / "Good.lean").write_text("theorem good : 1 = 1 := rfl\n")
    changed = statuses(package, lake)
    assert changed["Good"].status is ModuleStatus.CHECKED
    assert changed["Bad"].status is ModuleStatus.UNCHANGED
    asked = (package.lean / "audits").read_text().splitlines()
    assert sorted(asked) == ["check Bad", "check Good", "check Good", "import Bad"]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"axioms": ["sorryAx"]}, "sorryAx"),
        ({"problems": [["bad", "it is an axiom", 1]]}, "bad: it is an axiom"),
        ({"theorems": []}, "Lean has not proven it"),
        ({"imports": ["Gone"]}, "imports Gone"),
    ],
)
def test_what_the_audit_refuses_fails_though_lake_built_it(
    package: Settings, found: dict[str, object], message: str
) -> None:
    results = statuses(package, lake_that_builds(package, {"Bad": found}))
    assert results["Bad"].status is ModuleStatus.FAILED
    assert message in results["Bad"].diagnostics[-1].message
    assert results["Good"].status is ModuleStatus.CHECKED


@pytest.mark.parametrize("end", ["", "no JSON", '{"event": "module", "name": 1}', '{"event": 1}'])
def test_an_audit_that_does_not_end_is_an_error_and_proves_nothing(
    package: Settings, end: str
) -> None:
    lake = lake_that_builds(package, end=end)
    for _ in range(2):  # nothing was recorded
        with pytest.raises(AuditFailedError, match="nothing is known to hold"):
            statuses(package, lake)


def test_a_build_that_fails_outside_the_modules_is_an_error(package: Settings) -> None:
    (package.lean / "proofs" / "Bad.lean").unlink()
    lake = fake_lake(package, "print('error: external command cc exited with code 1'); sys.exit(1)")
    with pytest.raises(CommandFailedError, match="external command cc"):
        LakeToolchain(package, lake).check_proofs(lambda text, done, total: None)


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
