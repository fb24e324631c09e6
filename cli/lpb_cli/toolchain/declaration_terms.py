"""Names, levels and expressions of compiled modules, written once each, as lines of text.

A line makes one object out of those that were made before, which are numbered from 1 for each of
the three sorts; name 0 is the anonymous one. `native/kernel.c` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable

from lpb_cli.toolchain.olean import Olean, Pointer

__all__ = ["TermReader", "Terms"]

_MDATA = 10


class Terms:
    """All objects that were written, whichever module they came from.

    Attributes
    ----------
    lines
        One for each object; declarations are added to them by whoever writes those.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._made: dict[str, dict[tuple[object, ...], int]] = {"N": {}, "L": {}, "E": {}}
        self._name_texts: list[str] = [""]
        self._children: list[tuple[int, ...]] = [()]
        self._constants: list[tuple[int, ...]] = [()]

    def make(self, sort: str, *parts: object) -> tuple[int, bool]:
        """Give the number of an object, and whether it is new."""
        made = self._made[sort]
        number = made.get(parts)
        if number is not None:
            return number, False
        number = made[parts] = len(made) + 1
        self.lines.append(f"{sort} {' '.join(map(str, parts))}")
        return number, True

    def make_name(self, prefix: int, part: str | int) -> int:
        """Give the number of a name."""
        if isinstance(part, str):
            number, new = self.make("N", "s", prefix, part.encode().hex() or "-")
        else:
            number, new = self.make("N", "n", prefix, part)
        if new:
            before = self._name_texts[prefix]
            self._name_texts.append(f"{before}.{part}" if before else str(part))
        return number

    def make_expression(
        self, parts: tuple[object, ...], children: tuple[int, ...], constants: tuple[int, ...]
    ) -> int:
        """Give the number of an expression with these expressions and constants in it."""
        number, new = self.make("E", *parts)
        if new:
            self._children.append(children)
            self._constants.append(constants)
        return number

    def name_text(self, name: int) -> str:
        """Give a name as people write it."""
        return self._name_texts[name]

    def constants_in(self, expressions: Iterable[int]) -> set[int]:
        """Give the names of the constants that expressions hold."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(expressions)
        while waiting:
            expression = waiting.pop()
            if expression not in seen:
                seen.add(expression)
                found.update(self._constants[expression])
                waiting.extend(self._children[expression])
        return found


class TermReader:
    """Reads the terms of one module."""

    def __init__(self, terms: Terms, olean: Olean) -> None:
        self._terms = terms
        self._olean = olean
        self._names: dict[Pointer, int] = {}
        self._levels: dict[Pointer, int] = {}
        self._expressions: dict[Pointer, int] = {}

    def name(self, pointer: Pointer) -> int:
        """Give the number of a name."""
        if pointer & 1:
            return 0
        if pointer not in self._names:
            prefix, part = self._olean.fields(pointer)
            string = self._olean.tag(pointer) == 1
            own = self._olean.string(part).decode() if string else self._olean.natural(part)
            self._names[pointer] = self._terms.make_name(self.name(prefix), own)
        return self._names[pointer]

    def names(self, pointer: Pointer) -> list[int]:
        """Give the numbers of a list of names."""
        return [self.name(item) for item in self._olean.list(pointer)]

    def level(self, pointer: Pointer) -> int:
        """Give the number of a universe level."""
        if pointer not in self._levels:
            kind = "zsmipv"[self._olean.tag(pointer)]
            read = self.name if kind in "pv" else self.level
            fields = () if kind == "z" else self._olean.fields(pointer)
            self._levels[pointer], _ = self._terms.make("L", kind, *map(read, fields))
        return self._levels[pointer]

    def expression(self, pointer: Pointer) -> int:
        """Give the number of an expression. Without recursion: proofs are deep."""
        known = self._expressions
        waiting = [pointer]
        while waiting:
            here = waiting[-1]
            if here in known:
                waiting.pop()
                continue
            tag, fields = self._olean.constructor(here)
            inner = [fields[place] for place in _INNER.get(tag, ())]
            missing = [field for field in inner if field not in known]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            children = tuple(known[field] for field in inner)
            known[here] = children[0] if tag == _MDATA else self._make(tag, here, fields, children)
        return known[pointer]

    def _make(
        self, tag: int, pointer: Pointer, fields: tuple[Pointer, ...], children: tuple[int, ...]
    ) -> int:
        kind = "bfmscalptn.j"[tag]  # see kernel.c
        constants: tuple[int, ...] = ()
        parts: tuple[object, ...]
        match kind:
            case "b":
                parts = (self._olean.natural(fields[0]),)
            case "f" | "m":
                parts = (self.name(fields[0]),)  # which no declaration may hold
            case "s":
                parts = (self.level(fields[0]),)
            case "c":
                levels = [self.level(level) for level in self._olean.list(fields[1])]
                constants = (self.name(fields[0]),)
                parts = (*constants, len(levels), *levels)
            case "n":
                is_string = self._olean.tag(fields[0]) == 1
                (value,) = self._olean.fields(fields[0])
                if is_string:
                    kind, parts = "S", (self._olean.string(value).hex() or "-",)
                else:
                    parts = (self._olean.natural(value),)
            case "j":
                constants = (self.name(fields[0]),)
                parts = (*constants, self._olean.natural(fields[1]), *children)
            case "a":
                parts = children
            case _:  # binders and let: the flag stands behind eight bytes of cached data
                parts = (self.name(fields[0]), *children, self._olean.byte(pointer, 8))
        return self._terms.make_expression((kind, *parts), children, constants)


# Where the expressions stand among the pointers of one.
_INNER: dict[int, tuple[int, ...]] = {
    5: (0, 1),
    6: (1, 2),
    7: (1, 2),
    8: (1, 2, 3),
    _MDATA: (1,),
    11: (2,),
}
