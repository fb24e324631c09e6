"""Judges a module by its audit and its text. Nothing else says that a module holds."""

from __future__ import annotations

import re
from collections.abc import Collection

from lpb_cli.toolchain.audit.answer import ModuleAudit
from lpb_cli.toolchain.diagnostics import Diagnostic
from lpb_cli.toolchain.lean_sources import LeanModule, is_of_library, theorem_names

__all__ = ["ALLOWED_AXIOMS", "audit_diagnostics"]

ALLOWED_AXIOMS = ("Classical.choice", "Quot.sound", "propext")
"""The axioms that Lean's own library rests on; the same list stands in ``Audit.lean``."""

_SYNTAX = "it is syntax, a macro or an elaborator"
_PRIVATE = re.compile(r"^_private\.(?:.*?)\.0\.")


def audit_diagnostics(
    module: LeanModule,
    audit: ModuleAudit,
    *,
    known: Collection[str],
    foreign_functions: bool,
    tactic: bool = False,
    any_library: bool = False,
) -> list[Diagnostic]:
    """Say what keeps a module from counting as proven; nothing, when it does.

    Parameters
    ----------
    known
        The modules whose sources are checked as well.
    foreign_functions
        Whether the module may declare C functions, as the bindings do.
    tactic
        Whether the module is our tactic's. A tactic adds to what can stand in a proof, and to
        nothing that a statement is written with.
    any_library
        Whether modules outside `known` may come from elsewhere than Lean's own library.
    """
    found = [
        _at(module, audit, problem.line, problem.constant, problem.text)
        for problem in audit.problems
        if not (foreign_functions and problem.text == "@[extern]")
        and not (tactic and problem.text.startswith(_SYNTAX))
    ]
    refused = [axiom for axiom in audit.axioms if axiom not in ALLOWED_AXIOMS]
    if refused and not found:
        found.append(_error(module, 1, f"it rests on the axiom {', '.join(refused)}"))
    for name in audit.imports:
        if name not in known and not any_library and not is_of_library(name):
            found.append(
                _error(module, 1, f"it imports {name}, which has no source here: nothing checks it")
            )
    unread = set(module.imports) - set(audit.imports)
    if unread:
        found.append(
            _error(module, 1, f"its compiled form does not import {', '.join(sorted(unread))}")
        )
    return found + _missing_theorems(module, audit)


def _missing_theorems(module: LeanModule, audit: ModuleAudit) -> list[Diagnostic]:
    """Find theorems that stand in the text and not in what Lean made of it."""
    proven = [(_PRIVATE.sub("", name), line) for name, line in audit.theorems]
    found = []
    for name, line in theorem_names(module.source):
        # Names end alike in several namespaces: the declaration that begins last before this line.
        before = [
            (start, known)
            for known, start in proven
            if start <= line and (known == name or known.endswith(f".{name}"))
        ]
        if not before:
            found.append(
                _error(module, line, f"the theorem {name} stands here, but Lean has not proven it")
            )
            continue
        start, known = max(before)
        proven.remove((known, start))
    return found


def _at(module: LeanModule, audit: ModuleAudit, line: int, constant: str, text: str) -> Diagnostic:
    """Place a problem: at its constant, or at the theorem whose proof the constant is part of."""
    name = _PRIVATE.sub("", constant)
    if not line:
        owners = [
            (len(owner), found)
            for theorem, found in audit.theorems
            for owner in [_PRIVATE.sub("", theorem)]
            if name == owner or name.startswith(f"{owner}.")
        ]
        line = max(owners)[1] if owners else 1
    return _error(module, line, f"{name}: {text}")


def _error(module: LeanModule, line: int, message: str) -> Diagnostic:
    lines = module.source.splitlines()
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    column = len(text) - len(text.lstrip())
    return Diagnostic("error", module.file, line, column, message, text)
