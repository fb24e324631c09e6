"""Lean programs in the real engine: compiled once, compiled anew when they change, and faults."""

from pathlib import Path

import pytest
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.importable import helper_names, importable

ENGINE_TIMEOUT_S = 900

GREETING = """\
module

@[expose] public section

def greeting (name : String) (times : Nat) : List String :=
  (List.replicate times name).map (WORD ++ ·)
"""
HELLO = """\
module

public import Greeting

@[expose] public section

def main (arguments : List String) : IO UInt32 := do
  for name in arguments do
    for line in greeting name 2 do IO.println line
  return 3
"""


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_program_is_compiled_once_and_again_when_it_changes(
    own_toolchain: EmbeddedToolchain, tmp_path: Path
) -> None:
    folder = tmp_path / "lean" / "proofs"
    (folder / "Hello.lean").write_text(HELLO)
    greeting = folder / "Greeting.lean"

    def run() -> tuple[int, list[str]]:
        result = own_toolchain.run_program("Hello", ["Ada", "Emmy"], ENGINE_TIMEOUT_S)
        assert not result.diagnostics
        return result.status, result.stdout.splitlines()

    def compiled() -> int:
        (olean,) = (tmp_path / ".lpb" / "programs").rglob("HelloProgram.olean")
        return olean.stat().st_mtime_ns

    greeting.write_text(GREETING.replace("WORD", '"Hello, "'))
    assert run() == (3, ["Hello, Ada"] * 2 + ["Hello, Emmy"] * 2)
    first = compiled()
    assert run() == (3, ["Hello, Ada"] * 2 + ["Hello, Emmy"] * 2)
    assert compiled() == first
    greeting.write_text(GREETING.replace("WORD", '"Goodbye, "'))
    assert run() == (3, ["Goodbye, Ada"] * 2 + ["Goodbye, Emmy"] * 2)
    greeting.write_text(GREETING.replace("WORD", "false"))
    broken = own_toolchain.run_program("Hello", [], ENGINE_TIMEOUT_S)
    assert broken.status != 0
    assert (broken.diagnostics[0].file, broken.diagnostics[0].line) == (greeting, 6)
    assert "Bool" in broken.diagnostics[0].message


def test_an_importable_text_keeps_its_lines() -> None:
    source = (
        "module\npublic import Init\nset_option linter.all false\n"
        "@[expose] public section\ndef main : IO Unit := pure ()\nend\n"
    )
    text = importable(source, ["main._lam_0"])
    assert text.count("\n", 0, text.index("def programMain")) == 4
    assert text.splitlines()[:4] == [
        "module public meta import Init",
        "public import Init public meta import Init",
        "set_option linter.all false",
        "set_option compiler.extract_closed false set_option compiler.small 0 "
        "@[expose] public meta section",
    ]
    assert "theorem _root_.main._lam_0 : True := trivial" in text


def test_helper_names_are_the_compilers_own() -> None:
    trace = "[result]\n  def f (x : obj) : obj :=\n    ret x;\n  def f._lam_0 : obj :=\n"
    extern = "  extern g._boxed (x : obj) : obj\n  def C.field._autoParam : obj :=\n"
    assert helper_names([{"data": trace}, {"data": extern + "  def f._lam_0 : obj :="}]) == [
        "f._lam_0",
        "g._boxed",
    ]
