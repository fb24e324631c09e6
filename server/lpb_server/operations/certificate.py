"""How an operation certifies what it answers, and what checks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from lpb_server.errors import RegistrationError
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.registration import check_callable, check_text
from lpb_server.wire.values import ValueMap

__all__ = ["Certificate", "Checker", "Examples", "Lies", "Maker", "check_lean_name"]

Maker: TypeAlias = Callable[[ValueMap, ArrayMap, Outcome], Evidence]
"""Parameters, arrays and their outcome in, evidence out. It may raise `Uncertifiable`."""

Checker: TypeAlias = Callable[[Question, Answer], bool]
"""Whether an answer holds, in exact arithmetic: as the Lean checker decides it."""

Examples: TypeAlias = Callable[[np.random.Generator, int], Iterable[Example]]
"""Questions worth asking: those at the edges, then as many random ones as are asked for."""

Lies: TypeAlias = Callable[[Question, Answer], Mapping[str, Answer]]
"""From a question and its honest answer to answers that are nearly right, by what is wrong."""

_LEAN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_']*(\.[A-Za-z_][A-Za-z0-9_']*)*")


@dataclass(frozen=True, slots=True)
class Certificate:
    """How an operation's answers are certified.

    Parameters
    ----------
    kind : str
        What certificates of this kind are called: their entry ``kind``.
    make : callable
        Makes the evidence for an outcome.
    checker : str
        The Lean module of the checker. It defines ``operation``, a `CertifiedOperation` of the
        operation's name, in the namespace of the module's name.
    check : callable or None
        Python's own checker: exact, without floating point, and of the same mind as Lean's.

    Raises
    ------
    RegistrationError
        When it cannot be meant.
    """

    kind: str
    make: Maker
    checker: str
    check: Checker | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or not self.kind:
            raise RegistrationError("a certificate needs a kind")
        check_text("a certificate's kind", self.kind)
        check_lean_name(self.checker)
        check_callable("a certificate's make", self.make, 3)
        if self.check is not None:
            check_callable("a certificate's check", self.check, 2)


def check_lean_name(name: str) -> None:
    """Refuse what is no name of a Lean module.

    Raises
    ------
    RegistrationError
        When it is none.
    """
    if not isinstance(name, str) or _LEAN_NAME.fullmatch(name) is None:
        raise RegistrationError(
            f"{name!r} is no name of a Lean module: write words of letters, digits and "
            "underscores with dots between them"
        )
