"""The header of a Lean file: what it imports.

Lean's grammar for it is ``module? prelude? (public? meta? import all? NAME)*``, its words parted by
white space and comments, so two imports may stand on one line. What follows is not the header, and
Lean refuses an import there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Header", "read_header", "skip_comment"]

_SPACE = re.compile(r"\s+|--[^\n]*")
_COMMENT_EDGE = re.compile(r"/-|-/")
_PART = r"(?:«[^»\n]+»|[^\W\d][\w'!?]*)"
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before a file's first command.

    Attributes
    ----------
    imports
        The names of the imported modules, in order.
    commands
        The import commands as they are written, in order.
    end
        Where the header ends, in characters.
    is_module
        Whether it says ``module``.
    """

    imports: tuple[str, ...]
    commands: tuple[str, ...]
    end: int
    is_module: bool = False


def skip_comment(source: str, position: int) -> int:
    """Give where a block comment ends whose text begins at `position`; they may be nested."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(source, position):
        depth += 1 if edge[0] == "/-" else -1
        if depth == 0:
            return edge.end()
    return len(source)


class _Words:
    """The words of a header, one after another."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.position = 0

    def _skip(self) -> int:
        position = self.position
        while True:
            space = _SPACE.match(self._source, position)
            if space:
                position = space.end()
            elif self._source.startswith("/-", position) and self._source[
                position + 2 : position + 3
            ] not in ("-", "!"):
                position = skip_comment(self._source, position + 2)
            else:
                return position

    def name(self) -> str | None:
        """Give the next name and go past it."""
        start = self._skip()
        found = _NAME.match(self._source, start)
        if found is None:
            return None
        self.position = found.end()
        return found[0]

    def take(self, word: str) -> bool:
        """Go past the word if it is the next one."""
        before = self.position
        if self.name() == word:
            return True
        self.position = before
        return False


def read_header(source: str) -> Header:
    """Read what a Lean file imports."""
    words = _Words(source)
    is_module = words.take("module")
    words.take("prelude")
    imports: list[str] = []
    commands: list[str] = []
    while True:
        end = words.position
        written = [word for word in ("public", "meta") if words.take(word)]
        if not words.take("import"):
            words.position = end
            return Header(tuple(imports), tuple(commands), end, is_module)
        written.append("import")
        if words.take("all"):
            written.append("all")
        name = words.name()
        if name is None:  # Lean will say so
            return Header(tuple(imports), tuple(commands), end, is_module)
        imports.append(name.replace("«", "").replace("»", ""))
        commands.append(" ".join([*written, name]))
