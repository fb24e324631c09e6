"""The catalogue page: written from the registry and the Lean files, and not stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import PROJECT, RunLpb
from lpb_cli.commands.catalogue import PAGE, catalogue_page
from lpb_cli.commands.lean_meaning import checker_source, read_meaning
from lpb_cli.commands.new import new_operation
from lpb_cli.errors import UsageError
from lpb_cli.settings import Settings
from lpb_server.operations import ArraySpec, Operation
from lpb_server.operations.registry import built_in_operations


def certified() -> list[Operation]:
    return sorted((o for o in built_in_operations() if o.certified), key=lambda o: o.name)


def test_the_committed_page_is_what_the_operations_and_lean_files_say(settings: Settings) -> None:
    written = catalogue_page(certified(), settings, (PROJECT / PAGE).parent)
    assert (PROJECT / PAGE).read_text("utf-8") == written, "run `make catalogue`"


@pytest.mark.parametrize("operation", certified(), ids=lambda o: o.name)
def test_every_lean_file_says_what_it_means(operation: Operation, settings: Settings) -> None:
    meaning = read_meaning(checker_source(operation, settings))
    assert len(meaning.about) > 40
    assert len(meaning.said) > 40
    assert "Meaning (q : Question) (a : Answer) : Prop" in meaning.statement
    assert "\n\n" not in meaning.statement
    assert "-/" not in meaning.about + meaning.said


def test_a_user_s_own_operation_appears_with_its_own_lean_file(
    run_lpb: RunLpb, tmp_path: Path
) -> None:
    new_operation("third_root", tmp_path)
    page = tmp_path / "page.md"
    own = str(tmp_path / "third_root.py")
    result = run_lpb("catalogue", "--operations", own, "--output", str(page))
    assert result.returncode == 0, result.stderr
    text = page.read_text("utf-8")
    assert "\n## third_root\n" in text
    assert "\n## solve\n" in text
    assert "](third_root.lean)" in text or "](ThirdRoot.lean)" in text
    shown = run_lpb("catalogue", "--operations", own).stdout
    assert shown.count("**Theorem.**") == text.count("**Theorem.**") >= 14
    assert run_lpb("catalogue", "--operations", str(tmp_path / "none.py")).returncode == 2
    assert run_lpb("catalogue", "--output", str(tmp_path)).returncode == 2


def test_every_kind_of_declaration_is_shown(settings: Settings) -> None:
    operation = next(item for item in certified() if item.name == "dot")
    arrays = {"s": ArraySpec(None, ()), "t": ArraySpec("u8", None, needed=False)}
    params = {"properties": {"k": {"type": ["integer", "null"], "description": "a | b"}}}
    page = catalogue_page([replace(operation, arrays=arrays, params=params)], settings, PROJECT)
    assert "| `s` | any | a scalar | yes |" in page
    assert "| `t` | u8 | any | no |" in page
    assert "| `k` | integer or null | no | a \\| b |" in page
    assert "takes any arrays" in catalogue_page(
        [replace(operation, arrays=None)], settings, PROJECT
    )


def test_a_lean_file_without_words_is_read_and_none_is_said(
    settings: Settings, tmp_path: Path
) -> None:
    bare = tmp_path / "Bare.lean"
    bare.write_text("module\n\ndef Meaning (q : Question) (a : Answer) : Prop :=\n  True\n")
    found = read_meaning(bare)
    assert (found.about, found.said) == ("", "")
    assert found.statement.endswith("True")
    bare.write_text(
        "/-- Of something else. -/\ndef other := 1\n\n/-- One.\n\nTwo. -/\n"
        "structure Meaning (q : Question) (a : Answer) : Prop where\n  x : True\n\ndef y := 2\n"
    )
    found = read_meaning(bare)
    assert found.said == "One.\n\nTwo."
    assert found.statement.endswith("x : True")
    missing = replace(certified()[0], checker="LeanPythonBridge.Certificate.NoSuchChecker")
    with pytest.raises(UsageError, match="no Lean file"):
        checker_source(missing, settings)
    with pytest.raises(UsageError, match="cannot be read"):
        read_meaning(tmp_path)
