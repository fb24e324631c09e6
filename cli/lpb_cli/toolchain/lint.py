"""Says of a Lean file's text, with line and column, what the audit would refuse it for.

A scan of the text can be fooled, so nothing holds because it found nothing: the audit decides.
"""

from __future__ import annotations

import re
import unicodedata

from lpb_cli.toolchain.diagnostics import Diagnostic
from lpb_cli.toolchain.lean_sources import LeanModule, blank_comments_and_strings

__all__ = ["find_forbidden", "find_foreign_letters"]

_FORBIDDEN_EVERYWHERE = {
    "sorry": "proves nothing",
    "admit": "proves nothing",
    "axiom": "assumes what should be proven",
    "native_decide": "trusts the compiler",
    "ofReduceBool": "trusts the compiler",
    "unsafe": "goes around the type checker",
    "implemented_by": "runs other code than what was proven",
    "skipKernelTC": "switches the kernel off",
    "debug.skipKernelTC": "switches the kernel off",
    "addDeclWithoutChecking": "goes around the kernel",
}
_FORBIDDEN_IN_PROOFS = {"extern": "runs other code than what was proven"}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.!?']*")
_PHRASES = {
    re.compile(r"\bdecide\s+\+\s*native\b"): ("decide +native", "trusts the compiler"),
    re.compile(r"#exit\b"): ("#exit", "hides what comes after it from Lean"),
    re.compile(r"\brenaming\b"): ("renaming", "gives a name another meaning"),
    re.compile(r"^\s*export\b", re.M): ("export", "gives a name another meaning"),
}


def find_forbidden(module: LeanModule, *, foreign_functions: bool) -> list[Diagnostic]:
    """Find words that the audit would refuse the module for, and say where they stand.

    Parameters
    ----------
    foreign_functions
        Whether the module may declare C functions, as the bindings do.
    """
    forbidden = dict(_FORBIDDEN_EVERYWHERE)
    if not foreign_functions:
        forbidden |= _FORBIDDEN_IN_PROOFS
    code = blank_comments_and_strings(module.source)
    lines = module.source.splitlines()
    found = []
    for match in _WORD.finditer(code):
        for word in {match.group(0), match.group(0).rsplit(".", 1)[-1]} & forbidden.keys():
            found.append((match.start(), word, forbidden[word]))
    found += [
        (match.start(), *said)
        for phrase, said in _PHRASES.items()
        for match in phrase.finditer(code)
    ]
    diagnostics = []
    for position, word, reason in sorted(set(found)):
        line = code.count("\n", 0, position) + 1
        column = position - (code.rfind("\n", 0, position) + 1)
        diagnostics.append(
            Diagnostic(
                severity="error",
                file=module.file,
                line=line,
                column=column,
                message=f"'{word}' is not allowed: it {reason}",
                source_line=lines[line - 1],
            )
        )
    return diagnostics


_IDENTIFIER = re.compile(r"[^\W\d][\w'!?]*")
# Greek letters that do not look like Latin ones, and are not Lean's own notation (λ, Π, Σ).
_GREEK = set("αβγδεζηθικμνξπρστφχψωΓΔΘΞΦΨΩ")


def _is_foreign(identifier: str) -> bool:
    """Tell whether a name could be taken for another one.

    A Greek variable is a Greek letter with subscripts, digits or primes. In a longer name only
    ASCII letters and subscripts may stand.
    """
    letters = [c for c in identifier if unicodedata.category(c) in ("Ll", "Lu", "Lt", "Lo")]
    greek = [c for c in letters if c in _GREEK]
    others = [c for c in letters if not c.isascii() and c not in _GREEK]
    return bool(others) or (bool(greek) and len(letters) != len(greek))


def find_foreign_letters(module: LeanModule) -> list[Diagnostic]:
    """Find identifiers with letters that can be taken for others, such as a Greek omicron."""
    code = blank_comments_and_strings(module.source)
    lines = module.source.splitlines()
    found = []
    for match in _IDENTIFIER.finditer(code):
        if match[0].isascii() or not _is_foreign(match[0]):
            continue
        line = code.count("\n", 0, match.start()) + 1
        foreign = next(c for c in match[0] if not c.isascii())
        found.append(
            Diagnostic(
                severity="error",
                file=module.file,
                line=line,
                column=match.start() - (code.rfind("\n", 0, match.start()) + 1),
                message=f"'{match[0]}' holds {foreign} ({unicodedata.name(foreign, 'unnamed')}), "
                "which can be taken for another letter: ASCII letters, or a Greek variable",
                source_line=lines[line - 1],
            )
        )
    return found
