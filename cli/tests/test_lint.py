from pathlib import Path

import pytest
from lpb_cli.toolchain.lean_sources import LeanModule
from lpb_cli.toolchain.lint import find_forbidden, find_foreign_letters


def module(source: str) -> LeanModule:
    return LeanModule("Some", Path("Some.lean"), source, (), "")


@pytest.mark.parametrize(
    "word",
    [
        "sorry",
        "admit",
        "axiom evil : False",
        "by native_decide",
        "unsafe def f := 1",
        "decide +native",
        "@[implemented_by g] def f := 1",
        "exact Lean.ofReduceBool a b h",
        "set_option debug.skipKernelTC true",
        "#exit",
        "open Evil renaming fake → abs",
        "export Evil (abs)",
    ],
)
def test_forbidden_words_are_found_where_they_stand(word: str) -> None:
    found = find_forbidden(module(f"def a := 1\n  {word}\n"), foreign_functions=True)
    assert found
    assert found[0].line == 2
    assert found[0].severity == "error"
    assert word in found[0].source_line


def test_words_in_comments_and_longer_names_are_allowed() -> None:
    source = "-- sorry\ndef sorryNot := 1 /- axiom -/\ntheorem axiom_free : True := trivial\n"
    assert find_forbidden(module(source), foreign_functions=False) == []


def test_foreign_functions_are_for_the_bindings_alone() -> None:
    source = '@[extern "lpb_f"] opaque f : Nat → Nat'
    assert find_forbidden(module(source), foreign_functions=False)
    assert not find_forbidden(module(source), foreign_functions=True)


@pytest.mark.parametrize(
    "name", ["Cοrtified", "checκ", "Λx", "ℕ'", "аbs", "λ'", "héllo", "chеck_sound"]
)
def test_letters_that_look_like_others_are_found(name: str) -> None:
    found = find_foreign_letters(module(f"-- π\ndef {name} := 1\n"))
    assert [(d.line, d.column, d.severity) for d in found] == [(2, 4, "error")]


@pytest.mark.parametrize("name", ["α", "β₁", "μ'", "x₁₂", "hₖ", "δ_1", "abs?", "ε", "Δ"])
def test_greek_variables_and_subscripts_are_allowed(name: str) -> None:
    assert find_foreign_letters(module(f'def {name} := "é" -- é\n')) == []
    assert find_foreign_letters(module(f"def {name} := 1\n")) == []
