"""Checking proofs with the real engine: the good, the bad, and what came after the bad."""

from pathlib import Path

import pytest
from lpb_cli.toolchain.diagnostics import ModuleStatus
from lpb_cli.toolchain.embedded import EmbeddedToolchain

ENGINE_TIMEOUT_S = 900

BAD_MODULES = {
    "TypeError": "def a : Nat := true",
    "FailedProof": "theorem t : 1 + 1 = 3 := by decide",
    "Sorry": "theorem t : 1 + 1 = 3 := sorry",
    "Axiom": "axiom t : False",
    "NativeDecide": "theorem t : 1 + 1 = 2 := by native_decide",
    "Unfinished": "theorem t : 1 + 1 =",
}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_bad_proofs_are_shown_where_they_stand(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    folder = tmp_path / "lean" / "proofs"
    header = "module\n\n@[expose] public section\n\n"
    for name, body in BAD_MODULES.items():
        (folder / f"{name}.lean").write_text(header + body + "\n")
    (folder / "Good.lean").write_text(header + "theorem good : 1 + 1 = 2 := by decide\n")
    (folder / "Folder").mkdir()
    (folder / "Folder" / "Good.lean").write_text(header + "theorem fine : 1 + 1 = 2 := rfl\n")
    (folder / "AfterBad.lean").write_text("module\npublic import Sorry\n" + header[8:])
    report = own_toolchain.check_proofs(lambda result, i, n: None)
    again = own_toolchain.check_proofs(lambda result, i, n: None)
    results = {module.name: module for module in report.modules}
    assert not report.ok
    for name in BAD_MODULES:
        errors = [d for d in results[name].diagnostics if d.severity == "error"]
        assert results[name].status is ModuleStatus.FAILED, name
        assert errors[0].line >= 5, name
        assert errors[0].file == folder / f"{name}.lean"
    assert results["Good"].status is ModuleStatus.CHECKED
    assert results["AfterBad"].status is ModuleStatus.NOT_REACHED
    status = {module.name: module.status for module in again.modules}
    assert status["Good"] is ModuleStatus.UNCHANGED
    assert status["Folder.Good"] is ModuleStatus.UNCHANGED
    assert status["Axiom"] is ModuleStatus.FAILED
