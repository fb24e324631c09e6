"""What ``Audit.lean`` answers, as values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lpb_cli.errors import AuditFailedError

__all__ = ["ModuleAudit", "Problem", "read_answer"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a declaration.

    Attributes
    ----------
    line
        Where it was declared, from 1; 0 where the module does not say.
    """

    constant: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class ModuleAudit:
    """What the kernel made of a module.

    Attributes
    ----------
    imports
        What it imports, as its compiled form says.
    replayed
        How many declarations the kernel accepted.
    skipped
        How many no proof can use: `unsafe` or `partial` ones.
    definitions
        How many definitions, types and instances a person wrote.
    axioms
        The axioms that its own terms name.
    theorems
        The theorems that a person wrote, with their lines.
    statements
        What the report names, with full names and no notation.
    """

    imports: tuple[str, ...] = ()
    replayed: int = 0
    skipped: int = 0
    definitions: int = 0
    axioms: tuple[str, ...] = ()
    theorems: tuple[tuple[str, int], ...] = ()
    statements: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data, as `from_dict` reads it."""
        return {
            "imports": list(self.imports),
            "replayed": self.replayed,
            "skipped": self.skipped,
            "definitions": self.definitions,
            "axioms": list(self.axioms),
            "theorems": [list(theorem) for theorem in self.theorems],
            "statements": [list(pair) for pair in self.statements.items()],
            "problems": [[p.constant, p.text, p.line] for p in self.problems],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModuleAudit:
        """Read what ``Audit.lean`` prints of a module.

        Raises
        ------
        KeyError, TypeError, ValueError
            When `data` is something else.
        """
        return cls(
            imports=tuple(map(str, data["imports"])),
            replayed=int(data["replayed"]),
            skipped=int(data["skipped"]),
            definitions=int(data["definitions"]),
            axioms=tuple(sorted(map(str, data["axioms"]))),
            theorems=tuple((str(name), int(line)) for name, line in data["theorems"]),
            statements={str(name): str(text) for name, text in data["statements"]},
            problems=tuple(
                Problem(str(name), str(text), int(line)) for name, text, line in data["problems"]
            ),
        )


def read_answer(
    status: int, lines: Iterable[str], errors: str, wanted: Sequence[str]
) -> dict[str, ModuleAudit]:
    """Read what the audit printed, and see that it is about all that was asked.

    Parameters
    ----------
    status
        Its exit code.
    lines
        Its standard output.
    errors
        What else it said; for the error.
    wanted
        The modules that it was to replay.

    Raises
    ------
    AuditFailedError
        When it did not end well or left anything out: nothing is known to hold then.
    """
    found: dict[str, ModuleAudit] = {}
    done = False
    try:
        for line in lines:
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "module":
                name = str(event["name"]).replace("«", "").replace("»", "")
                found[name] = ModuleAudit.from_dict(event)
            done = event.get("event") == "done"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AuditFailedError(f"its answer cannot be read ({error})") from error
    missing = [name for name in wanted if name not in found]
    if status != 0 or not done or missing:
        about = f", and said nothing of {', '.join(missing[:3])}" if missing else ""
        said = f"\n{errors.strip()[-2000:]}" if errors.strip() else ""
        raise AuditFailedError(f"it ended with {status}{about}.{said}")
    return found
