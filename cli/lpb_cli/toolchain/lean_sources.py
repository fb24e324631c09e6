"""Lean files as text: which modules there are, what they import, what they must not contain.

Nothing here runs Lean. The scan for forbidden words is the second lock on the door: Lean itself
reports `sorry`, but accepts an `axiom` or a `native_decide` in silence.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from lpb_cli.errors import UsageError
from lpb_cli.toolchain.diagnostics import Diagnostic

__all__ = [
    "Amalgam",
    "LeanModule",
    "amalgamate",
    "blank_comments_and_strings",
    "count_declarations",
    "find_forbidden",
    "imports_of",
    "load_modules",
    "without_code_generation",
]

_IMPORT = re.compile(r"^(?:(?:public|private|meta)\s+)*import\s+(?:all\s+)?(\S+)[ \t]*$", re.M)
_SECTION = re.compile(r"^(@\[expose\] )?public section[ \t]*$", re.M)
_THEOREM = re.compile(
    r"^[ \t]*(?:@\[[^\]]*\]\s*)*(?:(?:private|protected|public)\s+)*(?:theorem|lemma)\s", re.M
)
_DEFINITION = re.compile(
    r"^[ \t]*(?:@\[[^\]]*\]\s*)*(?:(?:private|protected|public|noncomputable|partial)\s+)*"
    r"(?:def|abbrev|structure|inductive|class|instance|opaque)\s",
    re.M,
)

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
_NATIVE_OPTION = re.compile(r"\bdecide\s+\+\s*native\b")


@dataclass(frozen=True, slots=True)
class LeanModule:
    """A module of the Lake package.

    Attributes
    ----------
    imports
        Modules of this package that it imports.
    digest
        SHA-256 over its text and, through their digests, over all it imports.
    """

    name: str
    file: Path
    source: str
    imports: tuple[str, ...]
    digest: str


def imports_of(source: str) -> list[str]:
    """Give the names of the modules that a file imports."""
    return [str(found) for found in _IMPORT.findall(blank_comments_and_strings(source))]


def load_modules(folders: list[Path]) -> list[LeanModule]:
    """Read all modules below `folders`, each after what it imports.

    Raises
    ------
    UsageError
        When modules import one another in a circle, or two have one name.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.rglob("*.lean")):
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            if name in files:
                raise UsageError(f"Two Lean modules are named {name}: {files[name]} and {file}.")
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
        imports = tuple(found for found in imports_of(source) if found in files)
        digest = hashlib.sha256(source.encode())
        for imported in imports:
            digest.update(load(imported).digest.encode())
        visiting.pop()
        loaded[name] = LeanModule(name, files[name], source, imports, digest.hexdigest())
        return loaded[name]

    for name in files:
        load(name)
    return list(loaded.values())


_BLANKED = re.compile(r"[^\n]")
_COMMENT_EDGE = re.compile(r"/-|-/")
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
    out: list[str] = []
    position = 0
    while found := _NOT_CODE.search(source, position):
        start, end = found.span()
        if found["comment"]:
            end = _end_of_comment(source, end)
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
        out += (source[position:start], _BLANKED.sub(" ", source[start:end]))
        position = end
    return "".join([*out, source[position:]])


def _end_of_comment(source: str, position: int) -> int:
    """Give where a block comment ends whose text begins at `position`; they may be nested."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(source, position):
        depth += 1 if edge[0] == "/-" else -1
        if depth == 0:
            return edge.end()
    return len(source)


def count_declarations(source: str) -> tuple[int, int]:
    """Count the theorems and the definitions of a file."""
    code = blank_comments_and_strings(source)
    return len(_THEOREM.findall(code)), len(_DEFINITION.findall(code))


def find_forbidden(module: LeanModule, *, foreign_functions: bool) -> list[Diagnostic]:
    """Find what no module may contain: see the table at the top of this module.

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
        (match.start(), "decide +native", "trusts the compiler")
        for match in _NATIVE_OPTION.finditer(code)
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
_NEVER_RUN = {"MathDefs", "MatrixProps", "Float64Lemmas", "Float64Rational"}

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
        code = blank_comments_and_strings(source)
        lines = source.split("\n")
        for index, line in enumerate(code.split("\n")):
            found = _IMPORT.match(line)
            if found and found.group(1) not in by_name:
                hoisted[line.strip()] = None
            if found or line.strip() == "module":
                lines[index] = ""
        bodies.append((file, "\n".join(lines) + "\nend\n"))
    text = "\n".join(["module", *hoisted, _PROOFS_WERE_CHECKED]) + "\n"
    starts: list[tuple[int, Path]] = []
    for file, body in bodies:
        starts.append((text.count("\n") + 1, file))
        text += body
    return Amalgam(text, tuple(starts))
