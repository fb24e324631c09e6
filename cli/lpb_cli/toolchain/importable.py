"""A program's text as the embedded engine can keep it: compiled once, imported by each run.

The engine's interpreter runs the code of another module only when that module is imported for
compile time (``meta``) and the function is one of its constants. The helpers that the compiler
invents are none (``f._lam_0``, ``f._redArg``, ``f._boxed``): a trivial theorem of each one's name
makes it one. Their names are known after a first pass.

Line counts stay as they are, so that `Amalgam.locate` holds for these texts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["helper_names", "importable", "launcher", "named", "run_when_compiling", "traced"]

_IMPORT = re.compile(r"^public import (\S+)[ \t]*$", re.M)
_SECTION = re.compile(r"^(@\[expose\] )?public section[ \t]*$", re.M)
_META_SECTION = re.compile(r"^(@\[expose\] )?public meta section$", re.M)
_MAIN = re.compile(r"^def main\b", re.M)
_COMPILED = re.compile(r"^\s+(?:def|extern) (\S+)", re.M)
_TRACE = "set_option trace.compiler.ir.result true"

# Closed terms taken out of functions, and small functions that importers may inline, would be
# asked for by the importer, which finds no code for them.
_KEEP_WHOLE = "set_option compiler.extract_closed false set_option compiler.small 0"


def importable(source: str, helpers: Iterable[str] = ()) -> str:
    """Make a program's text a module whose ``programMain`` another module can run.

    Parameters
    ----------
    source
        The text of an `Amalgam`.
    helpers
        What `helper_names` gave for the same text.
    """
    text = _IMPORT.sub(r"public import \1 public meta import \1", source)
    text = text.replace("module\n", "module public meta import Init\n", 1)
    text = _SECTION.sub(lambda match: f"{match.group(1) or ''}public meta section", text)
    text = _META_SECTION.sub(rf"{_KEEP_WHOLE} \g<0>", text, count=1)
    text = _MAIN.sub("def programMain", text)
    return named(text, helpers)


def run_when_compiling(source: str) -> str:
    """Keep the functions of a module, which are ``meta``, so that importers' compilation runs them.

    What is in its first section has options; its lines stay.
    """
    return _SECTION.sub(lambda match: f"{_KEEP_WHOLE} {match[0]}", source, count=1)


def named(text: str, helpers: Iterable[str]) -> str:
    """Make constants of the compiler's helpers."""
    theorems = [f"theorem _root_.{name} : True := trivial" for name in helpers]
    if not theorems:
        return text
    return "\n".join([text, "@[expose] public section", *theorems, "end", ""])


def traced(source: str) -> str:
    """Have the compiler say what functions it makes of an `importable` text."""
    return source.replace(_KEEP_WHOLE, f"{_KEEP_WHOLE} {_TRACE}", 1)


def helper_names(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the compiler's own helpers, in order, from the messages of a `traced` text."""
    names = dict.fromkeys(
        name for message in messages for name in _COMPILED.findall(str(message["data"]))
    )
    # The default values of fields are constants already.
    return [name for name in names if "._" in name and not name.endswith("._autoParam")]


def launcher(module: str) -> str:
    """Give the text of a program that does nothing but run the ``programMain`` of `module`."""
    return (
        f"module\npublic meta import {module}\n"
        "public meta def main (arguments : List String) : IO UInt32 := programMain arguments\n"
    )
