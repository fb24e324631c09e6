"""What a validator finds: where a value breaks its schema, and that a schema is none."""

from __future__ import annotations

from typing import Protocol

from lpb_server.wire.values import Value

__all__ = ["NoSchemaError", "Problem", "Validator"]


class NoSchemaError(Exception):
    """Something is no JSON Schema; the text says why."""


class Problem:
    """Where a value breaks its schema, and how.

    Attributes
    ----------
    path : str
        JSON pointer to the offending part; empty for the value itself.
    rule : str
        The schema keyword that is broken.
    message : str
        One sentence, cut to a length that can be sent.
    """

    __slots__ = ("message", "path", "rule")

    def __init__(self, path: str, rule: str, message: str) -> None:
        self.path = path
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        return f"{self.path or 'the value'}: {self.message}"


class Validator(Protocol):
    """A compiled schema."""

    def problem(self, value: Value) -> Problem | None:
        """Return the most telling problem of a value; None when it is valid."""
