"""A Lake package of a user's own, and single files: checked by the embedded engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb
from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings, load_settings
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.lake_package import own_modules
from lpb_cli.toolchain.lean_sources import as_module

ENGINE_TIMEOUT_S = 600
EXAMPLE = PROJECT / "examples" / "lake-project"
EMBEDDED = ("--engine", "embedded")


@pytest.fixture
def example(tmp_path: Path, settings: Settings, proofs: ProofReport) -> Path:
    """A copy of the example, where the bridge's own modules are checked already."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".lpb", ".lake"))
    shutil.copytree(settings.output / "proofs", folder / ".lpb" / "proofs")
    return folder


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_example_holds_and_one_wrong_line_is_found(run_lpb: RunLpb, example: Path) -> None:
    def run(command: str) -> tuple[int, dict[str, dict[str, object]], str]:
        result = run_lpb(
            command, *EMBEDDED, "--json", directory=example, timeout_s=ENGINE_TIMEOUT_S
        )
        report = json.loads(result.stdout) if result.stdout else {"stages": []}
        return result.returncode, {s["name"]: s for s in report["stages"]}, result.stderr

    code, stages, _ = run("verify")
    assert code == 0, stages
    modules = {m["name"]: m for m in stages["modules"]["data"]["modules"]}  # type: ignore[index]
    assert modules["Example"]["theorems"] == 2
    assert modules["Example.Energy"]["theorems"] == 1
    assert "LeanPythonBridge.Certificate.MatrixSum" in modules
    assert modules["Asked"]["theorems"] == 1
    assert "LeanPythonBridge.Certificate.Pca" not in modules  # Nothing needs it.
    assert (example / ".lpb" / "report.json").is_file()

    energy = example / "Example" / "Energy.lean"
    text = energy.read_text("utf-8")
    energy.write_text(text + "\ntheorem no : 1 = 2 := by decide\n", "utf-8")
    code, stages, _ = run("build")
    assert code == 1
    checks = {c["name"]: c for c in stages["modules"]["checks"]}  # type: ignore[attr-defined]
    (found,) = checks["Example.Energy"]["diagnostics"]
    assert found["file"] == str(energy)
    assert found["line"] == len(text.splitlines()) + 2
    assert found["column"] == 25
    assert "not reached" in checks["Example"]["detail"]

    energy.write_text("import Mathlib.Tactic\n" + text, "utf-8")
    code, _, said = run("verify")
    assert code == 3
    assert "imports Mathlib.Tactic" in said
    assert "lake" in said


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_check_shows_what_a_file_says_and_proves(run_lpb: RunLpb, tmp_path: Path) -> None:
    good, bad = tmp_path / "Good.lean", tmp_path / "Bad.lean"
    good.write_text(
        "def double (n : Nat) : Nat := n + n\n\n"
        "theorem double_eq (n : Nat) : double n = 2 * n := by unfold double; omega\n"
        "#check double_eq\n#eval double 21\n#print axioms double_eq\n"
        "def doubled (xs : List Nat) : List Nat := xs.map double ++ [1]\n#eval doubled [1]\n"
    )
    bad.write_text(
        "import Lean\n\ntheorem wrong : 1 + 1 = 3 := by\n  decide\n\n"
        "theorem unfinished (n : Nat) : n < n + 1 := by\n  sorry\n"
    )
    result = run_lpb(
        "check", "Good.lean", "Bad.lean", *EMBEDDED, "--json",
        directory=tmp_path, timeout_s=ENGINE_TIMEOUT_S,
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    first, second = json.loads(result.stdout)["files"]
    assert first["holds"]
    assert not second["holds"]
    assert first["theorems"] == [{"name": "double_eq", "line": 3}]
    said = {d["line"]: d["message"] for d in first["output"]}
    assert said[4] == "double_eq (n : Nat) : double n = 2 * n"
    assert said[5] == "42"
    assert [d["line"] for d in first["diagnostics"]] == [8]  # What this engine cannot run.
    assert first["diagnostics"][0]["severity"] == "warning"
    assert [(d["line"], d["column"]) for d in second["diagnostics"]] == [(4, 2), (6, 8)]


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_check_refuses_what_only_looks_proven(run_lpb: RunLpb, tmp_path: Path) -> None:
    """Messages can be dropped; the audit sees the axiom all the same."""
    (tmp_path / "Sly.lean").write_text(
        "set_option warn.sorry false\n#guard_msgs (drop all) in\ntheorem sly : 1 = 2 := by sorry\n"
    )
    result = run_lpb("check", "Sly.lean", *EMBEDDED, directory=tmp_path, timeout_s=ENGINE_TIMEOUT_S)
    assert result.returncode == 1
    assert "Sly.lean:3:" in result.stdout
    assert "sorryAx" in result.stdout


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("Absent.lean", None, 2, "cannot be read"),
        ("notes.txt", "", 2, "is no .lean file"),
        ("Far.lean", "import Mathlib.Data.Nat.Basic\n", 3, "imports Mathlib.Data.Nat.Basic"),
    ],
)
def test_check_says_in_a_line_what_it_cannot_check(
    run_lpb: RunLpb, tmp_path: Path, engine_cache: Path, name: str, text: str | None, code: int,
    words: str,
) -> None:  # fmt: skip
    if text is not None:
        (tmp_path / name).write_text(text)
    result = run_lpb("check", name, *EMBEDDED, directory=tmp_path)
    assert result.returncode == code
    assert words in result.stderr.replace("\n", " ")


def test_the_example_asks_for_the_same_lean() -> None:
    ours = (PROJECT / "lean" / "lean-toolchain").read_text()
    assert (EXAMPLE / "lean-toolchain").read_text() == ours


def package(folder: Path, lakefile: str, text: str, *files: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / lakefile).write_text(text)
    for file in files:
        name, _, source = file.partition(":")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source)
    return sorted(own_modules(folder))


@pytest.mark.parametrize(
    ("lakefile", "text", "expected"),
    [
        ("lakefile.toml", 'name="x"\n[[lean_lib]]\nname="A"\nsrcDir="src"', ["A", "A.B"]),
        (
            "lakefile.toml",
            'name="x"\nsrcDir="src"\n[[lean_lib]]\nname="A"\nglobs=["A.+"]',
            ["A.B", "A.C"],
        ),
        (
            "lakefile.toml",
            'name="x"\n[[lean_lib]]\nname="L"\nsrcDir="src"\nroots=["A.C"]\n'
            '[[lean_exe]]\nname="run"\nroot="Main"',
            ["A.C", "Main"],
        ),
        (
            "lakefile.lean",
            "import Lake\nopen Lake DSL\n\npackage x where\n  version := v!\"0.1.0\"\n\n"
            "-- lean_lib Not\n@[default_target]\nlean_lib «A» where\n  srcDir := \"src\"\n\n"
            "lean_exe run where\n  root := `Main\n",
            ["A", "A.B", "Main"],
        ),
        (
            "lakefile.lean",
            "import Lake\nopen Lake DSL\npackage x\nlean_lib A where\n  srcDir := \"src\"\n"
            "  globs := #[.andSubmodules `A]\n",
            ["A", "A.B", "A.C"],
        ),
        (
            "lakefile.lean",
            "import Lake\nopen Lake DSL\npackage x\nlean_lib L where\n  srcDir := \"src\"\n"
            "  roots := allOfThem\n",
            ["A", "A.B", "A.C"],
        ),
    ],
    ids=["toml", "toml globs", "toml roots", "lean", "lean globs", "lean computed"],
)  # fmt: skip
def test_which_modules_a_package_has(
    tmp_path: Path, lakefile: str, text: str, expected: list[str]
) -> None:
    files = ("src/A.lean:import A.B\nimport Init", "src/A/B.lean", "src/A/C.lean", "Main.lean")
    assert package(tmp_path, lakefile, text, *files, "src/.lake/D.lean") == expected


def test_a_package_without_modules_or_with_a_broken_lakefile(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No Lean module"):
        package(tmp_path / "a", "lakefile.toml", 'name="x"\n[[lean_lib]]\nname="A"')
    with pytest.raises(UsageError, match=r"lakefile\.toml"):
        package(tmp_path / "b", "lakefile.toml", "name=")


def test_where_lpb_finds_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LPB_PROJECT", "LPB_OUTPUT"):
        monkeypatch.delenv(variable, raising=False)
    package(tmp_path, "lakefile.toml", 'name="x"\n[[lean_lib]]\nname="A"', "A.lean", "A/B.lean")
    monkeypatch.chdir(tmp_path / "A")
    found = load_settings(own=True)
    assert found.own == tmp_path
    assert found.output == tmp_path / ".lpb"
    assert found.project == PROJECT
    assert load_settings().own is None
    monkeypatch.chdir(EXAMPLE / "Example")
    assert load_settings(own=True).own == EXAMPLE
    for ours in (PROJECT, PROJECT / "lean", PROJECT / "lean" / "proofs"):
        monkeypatch.chdir(ours)
        assert load_settings(own=True).own is None


@pytest.mark.parametrize(
    ("source", "expected", "added"),
    [
        ("module\n\nimport A\n", "module\n\nimport A\n", 0),
        ("/- x -/ module\n", "/- x -/ module\n", 0),
        ("def x := 1\n", "module\n@[expose] public section\ndef x := 1\n", 2),
        (
            "import A\nimport B\n\ndef x := 1\n",
            "module\npublic import A\npublic import B\n@[expose] public section\n\ndef x := 1\n",
            2,
        ),
        ("import A\n\n\nimport B\ndef x := 1\n",
         "module\npublic import A\npublic import B\n@[expose] public section\ndef x := 1\n", 0),
    ],
)  # fmt: skip
def test_a_plain_file_as_a_module(source: str, expected: str, added: int) -> None:
    assert as_module(source) == (expected, added)
    lines = source.splitlines()
    last = lines.index("def x := 1") if "def x := 1" in lines else None
    if last is not None:
        assert expected.splitlines()[last + added] == "def x := 1"
