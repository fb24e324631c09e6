"""What must never count as proven, tried on the real engine: each module here would lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from lpb_cli.errors import AuditFailedError
from lpb_cli.toolchain import audit_program
from lpb_cli.toolchain.diagnostics import ModuleResult, ModuleStatus, ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain

ENGINE_TIMEOUT_S = 900

HEADER = "module\n\n@[expose] public section\n\n"
META = "module\n\npublic import Lean\npublic meta import Lean\n\n@[expose] public section\n\n"
OPEN = "open Lean Elab Command\n\n"

# Names of declarations in pieces, so that no scan of the text finds the word.
ELABORATORS = {
    "AxiomFromPieces": """
elab "assume_it" : command => do
  match Parser.runParserCategory (← getEnv) `command ("ax" ++ "iom wrong : False") with
  | .ok parsed => elabCommand parsed
  | .error _ => pure ()
assume_it
theorem t : False := wrong
""",
    "KernelLeftOut": """
meta def lie : Declaration :=
  .thmDecl
    { name := `wrong, levelParams := [], type := mkConst ``False, value := mkConst ``True.intro }
elab "cheat" : command => do
  match (← getEnv).addDeclCore 0 lie none (doCheck := false) with
  | .ok env => setEnv env
  | .error _ => pure ()
cheat
theorem t : False := wrong
""",
    "Circle": """
meta def lie (name used : Name) : Declaration :=
  .thmDecl { name, levelParams := [], type := .const ``False [], value := .const used [] }
elab "cheat" : command => do
  match (← getEnv).addDeclCore 0 (lie `a `b) none (doCheck := false) with
  | .ok env => match env.addDeclCore 0 (lie `b `a) none (doCheck := false) with
    | .ok env => setEnv env
    | .error _ => pure ()
  | .error _ => pure ()
cheat
theorem t : False := a
""",
}

MODULES = {
    # sorry, its message dropped or expected
    "StopSkip": "#guard_msgs (drop warning) in\ntheorem t : 1 + 1 = 3 := by stop skip",
    "Expected": "/-- warning: declaration uses `sorry` -/\n#guard_msgs in\n"
    "theorem t : False := by stop skip",
    "QuietOption": "set_option warn.sorry false\ntheorem t : False := by stop skip",
    "DefinitionInstead": "#guard_msgs (drop all) in\ndef t : 1 + 1 = 3 := by stop skip",
    # a scanner that takes code for a string
    "QuotedName": 'def «"» := 1\naxiom a : False\ndef «" » := 2\ntheorem t : False := a',
    "Interpolated": "def s := s!\"{'\"'}\"\naxiom a : False\n"
    'def r := s!"{\'"\'}"\ntheorem t : False := a',
    "RawString": 'def s := r"\\"\naxiom a : False\ndef r := "\\""\ntheorem t : False := a',
    # the compiler trusted
    "NativeConfig": "theorem t : 10 < 20 := by decide (config := { native := true })",
    "NativeStructure": "theorem t : 10 < 20 := by decide (config := {«native» := true})",
    "Compiler": "theorem t : 10 < 20 :=\n"
    "  of_decide_eq_true (Lean.«ofReduceBool» (decide (10 < 20)) true rfl)",
    "Reduced": "def f := decide (10 < 20)\ntheorem t : Lean.«reduceBool» f = true := rfl",
    # errors hidden, text that Lean never reads
    "DroppedError": "#guard_msgs (drop error) in\ntheorem t : 1 = 2 := rfl",
    "ExpectedError": "#guard_msgs (error, drop all) in\ntheorem t : 1 = 2 := rfl",
    "AfterTheEnd": "def a := 1\n#exit\ntheorem t : 1 = 2 := rfl",
    "AfterTheEndHidden": 'def «"» := 1\n#exit\ndef «" » := 2\ntheorem t : 1 = 2 := rfl',
    "ByAsSorry": "set_option debug.«byAsSorry» true\ntheorem t : 1 = 2 := by decide",
    # what is stated means something else
    "LocalOrder": "local instance : LE Rat := ⟨fun _ _ => True⟩\n"
    "theorem t (a : Rat) : a ≤ 0 := trivial",
    "GlobalOrder": "instance order : LE Int := ⟨fun _ _ => True⟩",
    "LocalNotation": 'local notation:50 (priority := 2000) a:51 " ≤ " b:51 => a = a\n'
    "theorem t (a : Nat) : a + 1 ≤ a := rfl",
    "Macro": 'local macro_rules | `($a < $b) => `(($a, $b) = ($a, $b))\n'
    "theorem t (a : Nat) : a < a := rfl",
    "OwnRat": "namespace LeanPythonBridge\ndef Rat := Nat\nend LeanPythonBridge",
    "OwnList": "namespace LeanPythonBridge\ndef List.sum (_ : List Nat) := 0\nend LeanPythonBridge",
    "Lookalike": "def check_sοund := 1",
    # other code than what was proven
    "OtherCode": "def f := 1\ndef g := 2\nattribute [«implemented_by» g] f",
    "ForeignCode": '@[«extern» "puts"] opaque f : Nat → Nat',
    "UnsafeCast": "«unsafe» def f : Nat := 1",
}  # fmt: skip


# What the audit itself must say of some, whatever Lean and the scan of the text say before.
REASONS = {
    "StopSkip": "sorryAx",
    "Expected": "sorryAx",
    "DefinitionInstead": "sorryAx",
    "DroppedError": "sorryAx",
    "QuotedName": "it is an axiom",
    "Interpolated": "it rests on the axiom a",
    "AxiomFromPieces": "it is an axiom",
    "KernelLeftOut": "the kernel refuses it",
    "Circle": "the kernel refuses it",
    "AfterTheEndHidden": "Lean has not proven it",
    "LocalOrder": "an instance of LE",
    "LocalNotation": "syntax",
    "Macro": "syntax",
    "OwnRat": "hides Rat",
}


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.lean").write_text(text.strip("\n") + "\n", encoding="utf-8")


def check(toolchain: EmbeddedToolchain) -> tuple[ProofReport, dict[str, ModuleResult]]:
    report = toolchain.check_proofs(lambda text, done, total: None)
    return report, {module.name: module for module in report.modules}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_nothing_that_was_not_proven_is_reported_as_proven(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    folder = tmp_path / "lean" / "proofs"
    for name, body in MODULES.items():
        write(folder, name, HEADER + body)
    for name, body in ELABORATORS.items():
        write(folder, name, META + OPEN + body)
    write(folder, "Good", HEADER + "theorem good (α₁ : Nat) : α₁ ≤ α₁ + 1 := by omega")
    write(folder, "Importer", "module\npublic import StopSkip\n" + HEADER[8:])
    own_good = "namespace Inner\ntheorem good : True := trivial\nend Inner"
    write(folder, "HidesGood", "module\npublic import Good\n" + HEADER[8:] + own_good)
    write(folder, "BesideGood", HEADER + own_good.replace("Inner", "Other"))
    report, results = check(own_toolchain)
    held = [
        name
        for name in (*MODULES, *ELABORATORS)
        if results[name].status in (ModuleStatus.CHECKED, ModuleStatus.UNCHANGED)
    ]
    assert held == []
    assert not report.ok
    for name in (*MODULES, *ELABORATORS):
        errors = [d for d in results[name].diagnostics if d.severity == "error"]
        assert errors, name
        assert errors[0].file == folder / f"{name}.lean"
        assert any(REASONS.get(name, "") in error.message for error in errors), (name, errors)
    assert results["Good"].status is ModuleStatus.CHECKED
    assert results["Good"].theorems == 1
    assert results["Importer"].status is ModuleStatus.NOT_REACHED
    # Inside a namespace, a name of ours that is imported keeps its meaning.
    assert results["HidesGood"].status is ModuleStatus.FAILED
    (hides,) = results["HidesGood"].diagnostics
    assert "inside Inner it hides good" in hides.message
    assert results["BesideGood"].status is ModuleStatus.CHECKED
    # And again: nothing of it was recorded as good.
    _, again = check(own_toolchain)
    assert again["Good"].status is ModuleStatus.UNCHANGED
    assert again["StopSkip"].status is ModuleStatus.FAILED
    assert again["Circle"].status is ModuleStatus.FAILED


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_compiled_forms_are_read_only_with_their_own_sources(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    folder = tmp_path / "lean" / "proofs"
    base = HEADER + "def answer := 42\n"
    write(folder, "Base", base)
    write(folder, "User", "module public import Init public import Base\n" + HEADER[8:]
          + "theorem t : answer = 42 := rfl")  # fmt: skip
    _, first = check(own_toolchain)
    assert [first[name].status for name in ("Base", "User")] == [ModuleStatus.CHECKED] * 2
    # Another text of what the second import on a line names.
    write(folder, "Base", base.replace("42", "43"))
    _, changed = check(own_toolchain)
    assert changed["User"].status is ModuleStatus.FAILED
    # A compiled form that is altered is made again.
    write(folder, "Base", base)
    assert check(own_toolchain)[0].ok
    (olean,) = (tmp_path / ".lpb").rglob("Base.olean")
    olean.write_bytes(olean.read_bytes()[:-8] + b"\0" * 8)
    report, altered = check(own_toolchain)
    assert report.ok
    assert altered["Base"].status is ModuleStatus.CHECKED
    assert altered["User"].status is ModuleStatus.CHECKED
    # One whose source is gone is not found.
    (folder / "Base.lean").unlink()
    _, gone = check(own_toolchain)
    assert gone["User"].status is ModuleStatus.FAILED
    assert not list((tmp_path / ".lpb").rglob("Base.olean"))


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_file_outside_the_package_goes_through_the_same_gate(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    write(tmp_path / "lean" / "proofs", "Base", HEADER + "theorem fact : 2 + 2 = 4 := rfl")
    assert check(own_toolchain)[0].ok
    start = "module\npublic import Base\n" + HEADER[8:]
    texts = {
        "Good": "theorem t : 2 + 2 = 4 := by decide +kernel",
        "False": "def x := 1\n\ntheorem t : 2 + 2 = 5 := by decide +kernel",
        "Example": "example : 2 + 2 = 5 := by decide +kernel",
        "Sorry": "#guard_msgs (drop warning) in\ntheorem t : 2 + 2 = 5 := by stop skip",
        "Missing": "#guard_msgs (drop error) in\ntheorem t : 2 + 2 = 5 := rfl",
    }
    found = {}
    for name, text in texts.items():
        write(tmp_path, name, start + text)
        found[name] = own_toolchain.check_file(tmp_path / f"{name}.lean", ENGINE_TIMEOUT_S)
    assert [name for name, result in found.items() if result.ok] == ["Good"]
    assert found["Good"].audit is not None
    assert found["Good"].audit.theorems == (("t", 5),)
    errors = [d for d in found["False"].diagnostics if d.severity == "error"]
    assert {d.line for d in errors} == {7}
    assert "kernel" in errors[0].message


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
@pytest.mark.parametrize(
    "answer",
    [
        'IO.println "{\\"event\\": \\"done\\"}"',  # about nothing
        'IO.println "{\\"event\\": \\"module\\""',  # half a line
        'throw (IO.userError "out of memory")',
        "IO.Process.exit 0",
    ],
)
def test_an_audit_that_dies_has_not_held(
    own_toolchain: EmbeddedToolchain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
) -> None:
    write(tmp_path / "lean" / "proofs", "Good", HEADER + "theorem good : 1 + 1 = 2 := rfl")
    dying = tmp_path / "Audit.lean"
    write(tmp_path, "Audit", f"{HEADER}def main (_ : List String) : IO Unit := {answer}")
    with monkeypatch.context() as patched:
        patched.setattr(audit_program, "AUDIT_FILE", dying)
        patched.setattr(audit_program, "audit_folder", lambda home, source: tmp_path / "audit")
        with pytest.raises(AuditFailedError, match="nothing is known to hold"):
            check(own_toolchain)
    _, results = check(own_toolchain)
    assert results["Good"].status is ModuleStatus.CHECKED  # not recalled: it had no verdict
