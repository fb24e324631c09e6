"""Lean files as text: which modules there are, what they import, and several of them as one.

Nothing here runs Lean, and nothing here decides what holds: that is for the audit.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lpb_cli.errors import UsageError
from lpb_cli.toolchain.lean_header import read_header, skip_comment

__all__ = [
    "Amalgam",
    "LeanModule",
    "amalgamate",
    "as_module",
    "blank_comments",
    "blank_comments_and_strings",
    "closure_of",
    "has_examples",
    "is_of_library",
    "load_modules",
    "read_module",
    "theorem_names",
    "without_code_generation",
]

_SECTION = re.compile(r"^(@\[expose\] )?public section[ \t]*$", re.M)
_NAME_PART = r"(?:«[^»\n]+»|[^\W\d][\w'!?]*)"
_THEOREM = re.compile(rf"(?<![\w.'«])theorem\s+({_NAME_PART}(?:\.{_NAME_PART})*)")


@dataclass(frozen=True, slots=True)
class LeanModule:
    """A module of the Lake package, or of a user's own.

    Attributes
    ----------
    imports
        The modules that it imports, of those whose sources are here.
    digest
        SHA-256 over its text and, through their digests, over all it imports.
    added
        How many lines of `source` stand before the file's own: see `as_module`.
    """

    name: str
    file: Path
    source: str
    imports: tuple[str, ...]
    digest: str
    added: int = 0


_LIBRARY = re.compile(r"(Init|Std|Lean|Lake)(\.|$)")


def is_of_library(name: str) -> bool:
    """Tell whether a module of that name belongs to Lean's own library."""
    return _LIBRARY.match(name) is not None


def load_modules(folders: list[Path], own: Mapping[str, Path] | None = None) -> list[LeanModule]:
    """Read all modules below `folders`, each after what it imports.

    Parameters
    ----------
    own
        Further modules, by name.

    Raises
    ------
    UsageError
        When modules import one another in a circle, or two have one name, or one has a name of
        Lean's own library.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.lean")):
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            if name in files:
                raise UsageError(f"Two Lean modules are named {name}: {files[name]} and {file}.")
            if is_of_library(name):
                raise UsageError(f"{file} has the name of a module of Lean's own library, {name}.")
            files[name] = file
    for name, file in (own or {}).items():
        if name in files:
            raise UsageError(f"Two Lean modules are named {name}: {files[name]} and {file}.")
        if is_of_library(name):
            raise UsageError(f"{file} has the name of a module of Lean's own library, {name}.")
        files[name] = file
    loaded: dict[str, LeanModule] = {}
    visiting: list[str] = []

    def load(name: str) -> LeanModule:
        if name in loaded:
            return loaded[name]
        if name in visiting:
            circle = " imports ".join([*visiting[visiting.index(name) :], name])
            raise UsageError(f"Lean modules import one another in a circle: {circle}.")
        visiting.append(name)
        source = files[name].read_text(encoding="utf-8")
        imports = tuple(name for name in read_header(source).imports if name in files)
        digest = hashlib.sha256(source.encode())
        for imported in imports:
            digest.update(load(imported).digest.encode())
        visiting.pop()
        loaded[name] = LeanModule(name, files[name], source, imports, digest.hexdigest())
        return loaded[name]

    for name in files:
        load(name)
    return list(loaded.values())


def read_module(file: Path, known: Collection[str]) -> LeanModule:
    """Read a file that stands outside the package and may import the modules `known`."""
    source = file.read_text(encoding="utf-8")
    imports = tuple(name for name in read_header(source).imports if name in known)
    return LeanModule(file.stem, file, source, imports, "")


def closure_of(names: Iterable[str], modules: Iterable[LeanModule]) -> list[LeanModule]:
    """Give the modules of those names and all that they import, each after what it imports."""
    modules = list(modules)
    wanted = set(names)
    for module in reversed(modules):
        if module.name in wanted:
            wanted.update(module.imports)
    return [module for module in modules if module.name in wanted]


def as_module(source: str) -> tuple[str, int]:
    """Give a file's text as a module whose declarations others see, and how many lines it gained.

    The embedded engine holds only the exported part of the library, and takes every file for a
    module. What is none gets the header of one; every declaration stays as it is written.
    """
    header = read_header(source)
    if header.is_module:
        return source, 0
    body = source[header.end :]
    lines = ["module", *(f"public {command}" for command in header.commands)]
    lines.append("@[expose] public section")
    had = source.count("\n", 0, header.end)
    lines += [""] * (had + 1 - len(lines))
    joined = "\n".join(lines) + ("" if body.startswith("\n") else "\n")
    return joined + body, joined.count("\n") - had


_BLANKED = re.compile(r"[^\n]")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"?', re.S)
# What code holds beside itself: comments, characters, raw and other strings.
_NOT_CODE = re.compile(
    r"""(?P<comment>/-)
      | (?P<line>--[^\n]*)
      | (?P<character>'(?:\\(?:x..|u....|.)|[^\\'\n])')
      | (?<![A-Za-z0-9_])r(?P<raw>\#*)"
      | (?P<string>")""",
    re.X,
)


@functools.lru_cache(maxsize=256)  # each module's text is looked at several times
def blank_comments_and_strings(source: str) -> str:
    """Replace comments and string literals by blanks, so that positions stay as they are."""
    return _blanked(source, strings=True)


def blank_comments(source: str) -> str:
    """Replace comments by blanks, so that positions stay as they are."""
    return _blanked(source, strings=False)


def _blanked(source: str, *, strings: bool) -> str:
    out: list[str] = []
    position = 0
    while found := _NOT_CODE.search(source, position):
        start, end = found.span()
        if found["comment"]:
            end = skip_comment(source, end)
        elif found["character"]:
            # Also 'a' at the end of a name such as x', which is no literal.
            before = source[start - 1] if start else " "
            if before.isalnum() or before in "_'":
                out.append(source[position : start + 1])
                position = start + 1
                continue
        elif found["raw"] is not None:
            close = source.find('"' + found["raw"], end)
            end = len(source) if close < 0 else close + 1 + len(found["raw"])
        elif found["string"]:
            string = _STRING.match(source, start)
            assert string is not None
            end = string.end()
        kept = not strings and not (found["comment"] or found["line"])
        text = source[start:end]
        out += (source[position:start], text if kept else _BLANKED.sub(" ", text))
        position = end
    return "".join([*out, source[position:]])


def has_examples(source: str) -> bool:
    """Tell whether a file has an `example`: it leaves nothing behind that could be replayed."""
    return (
        re.search(r"(?<![\w.'«])example(?![\w'!?])", blank_comments_and_strings(source)) is not None
    )


def theorem_names(source: str) -> list[tuple[str, int]]:
    """Give the names of the theorems that stand in a file, as they are written, and their lines."""
    code = blank_comments_and_strings(source)
    return [
        (
            match[1].removeprefix("_root_.").replace("«", "").replace("»", ""),
            code.count("\n", 0, match.start()) + 1,
        )
        for match in _THEOREM.finditer(code)
    ]


def without_code_generation(source: str) -> str:
    """Make the public sections noncomputable, line for line.

    The embedded engine holds only the exported part of the library, which checking needs and code
    generation does not find enough in.
    """
    return _SECTION.sub(lambda match: f"{match.group(1) or ''}public noncomputable section", source)


@dataclass(frozen=True, slots=True)
class Amalgam:
    """Several modules in one file, and the way back from its lines to theirs."""

    source: str
    starts: tuple[tuple[int, Path], ...]
    """The first line of each part, from 1, and the file that it came from."""

    def locate(self, line: int) -> tuple[Path, int]:
        """Give the file and line that a line of the amalgam came from."""
        file, first = self.starts[0][1], self.starts[0][0]
        for start, path in self.starts:
            if start > line:
                break
            file, first = path, start
        return file, max(line - first + 1, 1)


# The proofs were checked module by module; a program is run without checking them once more.
_PROOFS_WERE_CHECKED = (
    "set_option debug.byAsSorry true set_option warn.sorry false set_option linter.all false"
)

# Modules of mathematics: programs run nothing of them, and the engine cannot compile all of them.
_NEVER_RUN = {
    "MathDefs",
    "MatrixProps",
    "LeanPythonBridge.Float64.Lemmas",
    "LeanPythonBridge.Float64.Rational",
    "LeanPythonBridge.Float64.Vectors",
    "LeanPythonBridge.Certificate.LinearAlgebra",
}

_DERIVED_REPR = re.compile(r"(deriving .*?)\bRepr, ")


def _runnable(module: LeanModule) -> str:
    """Leave out what the engine cannot compile and no program of ours runs."""
    source = _DERIVED_REPR.sub(r"\1", module.source)
    return without_code_generation(source) if module.name in _NEVER_RUN else source


def amalgamate(main: str, modules: list[LeanModule], stand_ins: Path) -> Amalgam:
    """Put `main` and all that it imports into one file, in the order of imports.

    Code generation in the embedded engine sees only what is in the same file. Imports of the
    library are hoisted; each part keeps its line count, so that positions can be mapped back.

    Parameters
    ----------
    stand_ins
        A Lean file with proven replacements for library functions that this engine cannot compile.
    """
    by_name = {module.name: module for module in modules}
    needed: list[LeanModule] = []

    def need(name: str) -> None:
        module = by_name[name]
        if module in needed:
            return
        for imported in module.imports:
            need(imported)
        needed.append(module)

    need(main)
    parts = [(stand_ins, stand_ins.read_text(encoding="utf-8"))]
    parts += [(module.file, _runnable(module)) for module in needed]
    hoisted: dict[str, None] = {}
    bodies: list[tuple[Path, str]] = []
    for file, source in parts:
        header = read_header(source)
        for name, command in zip(header.imports, header.commands, strict=True):
            if name not in by_name:
                hoisted[command] = None
        blank = "\n" * source.count("\n", 0, header.end)
        bodies.append((file, f"{blank}{source[header.end :]}\nend\n"))
    text = "\n".join(["module", *hoisted, _PROOFS_WERE_CHECKED]) + "\n"
    starts: list[tuple[int, Path]] = []
    for file, body in bodies:
        starts.append((text.count("\n") + 1, file))
        text += body
    return Amalgam(text, tuple(starts))
