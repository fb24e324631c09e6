"""The declarations that modules rest on, in order: what a kernel needs to check them from nothing.

Of the library only the exported part is there: its theorems stand without their proofs, as axioms,
and what it hides of its definitions too. They are the engine's, whose archive is pinned.

Left out is what no theorem can use: unsafe and partial definitions. So is the module of the tactic
``certified``: it is made of Lean's elaborator, which is there only in part. A proof that used
anything of it would use an unknown constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from lpb_cli.toolchain.declaration_terms import TermReader, Terms
from lpb_cli.toolchain.olean import Olean, Pointer
from lpb_cli.toolchain.questions import TACTIC_MODULE

__all__ = ["Declarations", "Kind", "collect_declarations"]


class Kind(IntEnum):
    """The constructors of Lean's `ConstantInfo`."""

    AXIOM = 0
    DEFINITION = 1
    THEOREM = 2
    OPAQUE = 3
    QUOTIENT = 4
    INDUCTIVE = 5
    CONSTRUCTOR = 6
    RECURSOR = 7


# The kernel computes with these itself, and wants them declared before a literal is met.
_BUILT_IN = (
    *("Nat", "Nat.add", "Nat.sub", "Nat.mul", "Nat.div", "Nat.mod", "Nat.gcd", "Nat.beq"),
    *("Nat.ble", "Nat.land", "Nat.lor", "Nat.xor", "Nat.shiftLeft", "Nat.shiftRight", "Nat.pow"),
    *("Nat.log2", "Bool", "List", "Char", "String", "Char.ofNat", "String.ofList", "Eq", "Quot"),
)

_PROVE_ANYTHING = {"sorryAx", "Lean.ofReduceBool", "Lean.ofReduceNat", "Lean.trustCompiler"}


@dataclass(frozen=True, slots=True)
class Declarations:
    """What to give to a kernel.

    Attributes
    ----------
    lines
        Terms and declarations, as `native/kernel.c` reads them.
    names
        The name of each declaration, in order.
    ours, assumed
        How many constants of ours there are of each kind; how many statements of the library are
        taken without a proof.
    distrusted
        What is wrong whatever a kernel says, and why: axioms of ours, those of the library that
        prove anything, and what uses a name that two modules declare differently.
    """

    lines: list[str]
    names: list[str]
    ours: Counter[Kind]
    distrusted: list[tuple[str, str]]
    assumed: int


@dataclass(frozen=True, slots=True)
class _Constant:
    """Where a constant is, and what it is."""

    module: _Module
    kind: Kind
    value: Pointer


class _Module:
    """A compiled module with its imports and constants."""

    def __init__(self, terms: Terms, olean: Olean, *, ours: bool) -> None:
        self.olean = olean
        self.terms = TermReader(terms, olean)
        self.ours = ours
        imports, names, constants, *_ = olean.fields(olean.root)
        self.imports = [olean.name(olean.fields(item)[0]) for item in olean.array(imports)]
        self.constants = [
            (self.terms.name(name), _Constant(self, Kind(olean.tag(info)), olean.fields(info)[0]))
            for name, info in zip(olean.array(names), olean.array(constants), strict=True)
        ]

    def signature(self, value: Pointer) -> tuple[str, int]:
        """Give what every declaration begins with, as text, and the type of the constant."""
        name, parameters, type_ = self.olean.fields(self.olean.fields(value)[0])
        levels = self.terms.names(parameters)
        number = self.terms.expression(type_)
        return f"{self.terms.name(name)} {_listed(levels)} {number}", number


def _listed(items: Sequence[object]) -> str:
    return " ".join(map(str, (len(items), *items)))


def collect_declarations(
    modules: Iterable[str], ours: Callable[[str], list[Path]], library: Path
) -> Declarations:
    """Collect the declarations of modules and of all that they rest on.

    Parameters
    ----------
    ours
        Gives the files of a module of ours, none for another module.
    library
        The folder of Lean's own modules.

    Raises
    ------
    OleanError
        When a file cannot be read.
    """
    collector = _Collector()
    waiting, loaded = list(modules), {TACTIC_MODULE}
    while waiting:
        name = waiting.pop()
        if name in loaded:
            continue
        loaded.add(name)
        files = ours(name)
        where = files or [library / (name.replace(".", "/") + ".olean")]
        waiting += collector.load(Olean(where), ours=bool(files))
    collector.write_all()
    return collector.result()


class _Collector:
    def __init__(self) -> None:
        self._terms = Terms()
        self._known: dict[int, _Constant] = {}
        self._wanted: list[int] = []
        self._done: set[int] = set()
        self._names: list[str] = []
        self._ours: Counter[Kind] = Counter()
        self._distrusted: list[tuple[str, str]] = []
        self._again: list[tuple[int, _Constant]] = []
        self._uses: dict[int, list[int]] = {}
        self._assumed = 0

    def load(self, olean: Olean, *, ours: bool) -> list[str]:
        """Take a module's constants; give what it imports."""
        module = _Module(self._terms, olean, ours=ours)
        for name, constant in module.constants:
            if ours:
                if name in self._known and self._known[name].module.ours:
                    self._again.append((name, constant))
                    continue
                self._wanted.append(name)
                self._ours[constant.kind] += 1
            if ours or name not in self._known:
                self._known[name] = constant
        return module.imports

    def result(self) -> Declarations:
        return Declarations(
            self._terms.lines, self._names, self._ours, self._distrusted, self._assumed
        )

    def write_all(self) -> None:
        """Write the declarations of all constants that are wanted, each after what it needs."""
        first = []
        for text in _BUILT_IN:
            number = 0
            for part in text.split("."):
                number = self._terms.make_name(number, part)
            if number in self._known:
                first.append(number)
        for name in [*first, *self._wanted]:
            self._write(name)
        self._compare_repeated()

    def _compare_repeated(self) -> None:
        """See that what modules declare once more is the same, as equations of a definition are.

        Each program has a `main` of its own: that is no harm while nothing speaks of it.
        """
        differ: set[int] = set()
        for place, (name, constant) in enumerate(self._again):
            first, again = (
                self._declaration(name, one)[1] for one in (self._known[name], constant)
            )
            if first == again:
                continue
            statement, proof = again.rsplit(" ", 1)
            if again.startswith("thm ") and first.rsplit(" ", 1)[0] == statement:
                # Another proof of the same is checked under another name.
                fresh = self._terms.make_name(self._terms.make_name(name, "again"), place)
                for need in self._needs([int(proof)]):
                    self._write(need)
                self._terms.lines.append(f"D thm {fresh} {again.split(' ', 2)[2]}")
                self._names.append(self._terms.name_text(name))
                continue
            differ.add(name)
            if constant.kind is Kind.THEOREM:
                self._distrust(name, "two modules state it differently")
        for user, needs in self._uses.items():
            if user not in differ and not differ.isdisjoint(needs):
                self._distrust(user, "it uses a name that two modules declare differently")

    def _write(self, wanted: int) -> None:
        # Without recursion: a constant, its declaration, and what it needs that is not written yet.
        waiting: list[tuple[int, str, list[int]]] = []

        def begin(name: int) -> None:
            if name in self._done:
                return
            members, text, needs = self._declaration(name, self._known.get(name))
            if name in self._known and self._known[name].module.ours:
                self._uses[name] = needs
            self._done |= members
            waiting.append((name, text, [need for need in needs if need not in members]))

        begin(wanted)
        while waiting:
            name, text, needs = waiting[-1]
            while needs and needs[-1] in self._done:
                needs.pop()
            if needs:
                begin(needs.pop())
                continue
            waiting.pop()
            if text:
                self._terms.lines.append(f"D {text}")
                self._names.append(self._terms.name_text(name))

    def _declaration(
        self, name: int, constant: _Constant | None
    ) -> tuple[set[int], str, list[int]]:
        """Give the constants that a declaration makes, its text (or none), and what it needs."""
        if constant is None:
            return {name}, "", []  # The kernel says that it is unknown.
        olean, terms = constant.module.olean, constant.module.terms
        fields = olean.fields(constant.value)
        match constant.kind:
            case Kind.CONSTRUCTOR:
                return {name}, "", [terms.name(fields[1])]
            case Kind.RECURSOR:
                return {name}, "", terms.names(fields[1])[:1]
            case Kind.QUOTIENT:
                return self._quotients(), "quot", self._named("Eq")
            case Kind.INDUCTIVE:
                return self._inductive(constant)
        signature, type_ = constant.module.signature(constant.value)
        if constant.kind is Kind.AXIOM:
            if olean.byte(constant.value, 0):
                return {name}, "", []
            if constant.module.ours or self._terms.name_text(name) in _PROVE_ANYTHING:
                self._distrust(name, "it is an axiom")
            else:
                self._assumed += 1
            return {name}, f"axiom {signature}", self._needs([type_])
        body = terms.expression(fields[1])
        needs = self._needs([type_, body])
        if constant.kind is Kind.THEOREM:
            return {name}, f"thm {signature} {body}", needs
        safe = olean.byte(constant.value, 0) == (1 if constant.kind is Kind.DEFINITION else 0)
        if not safe:
            return {name}, "", []
        if constant.kind is Kind.OPAQUE:
            return {name}, f"opaque {signature} {body}", needs
        hint = olean.tag(fields[2])
        height = 0 if fields[2] & 1 else olean.word(fields[2])
        return {name}, f"def {signature} {body} {hint} {height}", needs

    def _distrust(self, name: int, reason: str) -> None:
        self._distrusted.append((self._terms.name_text(name), reason))

    def _needs(self, expressions: Iterable[int]) -> list[int]:
        return sorted(self._terms.constants_in(expressions))

    def _named(self, text: str) -> list[int]:
        return [self._terms.make_name(0, text)]

    def _quotients(self) -> set[int]:
        return {name for name, known in self._known.items() if known.kind is Kind.QUOTIENT}

    def _inductive(self, constant: _Constant) -> tuple[set[int], str, list[int]]:
        """Give the declaration of all types of a mutual block."""
        olean = constant.module.olean
        if olean.byte(constant.value, 1):
            return set(constant.module.terms.names(olean.fields(constant.value)[3])), "", []
        members: set[int] = set()
        types: list[int] = []
        texts: list[str] = []
        levels: list[int] = []
        block = constant.module.terms.names(olean.fields(constant.value)[3])
        for name in block:
            module, value = self._known[name].module, self._known[name].value
            fields = module.olean.fields(value)
            header = module.olean.fields(module.olean.fields(value)[0])
            levels = module.terms.names(header[1])
            types.append(module.terms.expression(header[2]))
            constructors = module.terms.names(fields[4])
            members |= {name, *constructors}
            parts = []
            texts_of_type = [f"{name} {types[-1]}"]
            for each in constructors:
                made = self._known[each]
                own = made.module.olean.fields(made.module.olean.fields(made.value)[0])
                types.append(made.module.terms.expression(own[2]))
                parts.append(f"{each} {types[-1]}")
            texts.append(" ".join([*texts_of_type, str(len(parts)), *parts]))
        count = olean.natural(olean.fields(constant.value)[1])
        text = f"ind {_listed(levels)} {count} {_listed(texts)}"
        return members, text, self._needs(types)
