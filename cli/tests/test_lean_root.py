"""The module that a dependent Lean package imports: it brings every certified operation."""

from __future__ import annotations

import re

from conftest import PROJECT
from lpb_server.operations import default_registry

PROOFS = PROJECT / "lean" / "proofs"

SEED = {"MathDefs", "MatrixProps", "MLProofs", "ExampleProof", "PythonIntegration", "Tests"}


def test_the_root_module_imports_every_checker() -> None:
    text = (PROOFS / "LeanPythonBridge.lean").read_text("utf-8")
    imported = set(re.findall(r"^public import (\S+)$", text, re.M))
    checkers = {operation.checker for operation in default_registry() if operation.checker}
    assert checkers <= imported
    assert "PythonIntegration" in imported


def test_no_other_module_has_a_name_that_another_package_may_have() -> None:
    found = {file.stem for file in PROOFS.glob("*.lean")}
    assert found == SEED | {"ExampleCall", "LeanPythonBridge"}
