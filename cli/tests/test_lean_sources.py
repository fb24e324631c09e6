from pathlib import Path

import pytest
from lpb_cli.errors import UsageError
from lpb_cli.toolchain.lean_sources import (
    amalgamate,
    blank_comments_and_strings,
    load_modules,
    theorem_names,
    without_code_generation,
)


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("a -- sorry\nb", "a         \nb"),
        ("/- /- sorry -/ axiom -/x", "                       x"),
        ('s "so\\"rry" t', "s           t"),
        ('r#"sorry"# t', "           t"),
        ("x' y 'a' z'", "x' y     z'"),
        ("'\"' sorry '\"'", "    sorry    "),
    ],
)
def test_comments_and_strings_are_blanked_in_place(source: str, kept: str) -> None:
    assert blank_comments_and_strings(source) == kept


def test_theorems_are_found_wherever_they_stand() -> None:
    source = (
        "/-- theorem in a comment -/\ntheorem a : True := trivial\n"
        "open Nat in @[simp] theorem _root_.b.c' : 1 = 1 := rfl\n"
        '#guard_msgs (drop error) in private theorem «d».{u}: 1 = 2 := rfl\n"theorem e"\n'
        "example := simp.theorem x\ntheoremf x\n"
    )
    assert theorem_names(source) == [("a", 2), ("b.c'", 3), ("d", 4)]


def test_modules_come_after_their_imports_and_know_their_content(tmp_path: Path) -> None:
    (tmp_path / "A.lean").write_text("module\npublic import B\npublic import Std.Data\n")
    (tmp_path / "B.lean").write_text("module\n")
    first = load_modules([tmp_path])
    assert [m.name for m in first] == ["B", "A"]
    assert first[1].imports == ("B",)
    (tmp_path / "B.lean").write_text("module\n-- changed\n")
    second = load_modules([tmp_path])
    assert all(old.digest != new.digest for old, new in zip(first, second, strict=True))


@pytest.mark.parametrize("name", ["Init", "Init/Prelude", "Std/Mine", "Lean/Elab"])
def test_no_module_takes_a_name_of_the_library(tmp_path: Path, name: str) -> None:
    """Else the library's `sorryAx` would be taken for a theorem of ours."""
    file = tmp_path / f"{name}.lean"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("module\n")
    with pytest.raises(UsageError, match="Lean's own library"):
        load_modules([tmp_path])


def test_a_circle_of_imports_is_named(tmp_path: Path) -> None:
    (tmp_path / "A.lean").write_text("import B\n")
    (tmp_path / "B.lean").write_text("import A\n")
    with pytest.raises(UsageError, match="A imports B imports A"):
        load_modules([tmp_path])


def test_sections_lose_code_generation_line_for_line() -> None:
    source = "module\n@[expose] public section\ndef a := 1\n"
    changed = without_code_generation(source)
    assert "public noncomputable section" in changed
    assert changed.count("\n") == source.count("\n")


def test_an_amalgam_maps_its_lines_back(tmp_path: Path) -> None:
    stand_ins = tmp_path / "StandIns.lean"
    stand_ins.write_text("module\npublic section\ndef s := 1\n")
    folder = tmp_path / "lean"
    folder.mkdir()
    (folder / "A.lean").write_text("module\npublic import Std\npublic section\ndef a := 1\n")
    (folder / "B.lean").write_text("module\npublic import A\npublic section\ndef b := a\n")
    (folder / "C.lean").write_text("module\npublic section\ndef unused := 1\n")
    amalgam = amalgamate("B", load_modules([folder]), stand_ins)
    lines = amalgam.source.splitlines()
    assert lines[:2] == ["module", "public import Std"]
    assert lines[2].startswith("set_option ")
    assert lines.count("module") == 1
    assert "def unused := 1" not in lines
    for text, file in (("def s := 1", stand_ins), ("def b := a", folder / "B.lean")):
        found, line = amalgam.locate(lines.index(text) + 1)
        assert found == file
        assert file.read_text().splitlines()[line - 1] == text
