"""What `lpb verify` can be asked for: apart from what does it, which takes long to import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["ABOUT_OTHERS", "SkippableStage", "VerifyOptions"]


class SkippableStage(StrEnum):
    """Stages that can be left out: they take Lean longest, and no other needs them."""

    CLIENT = "client"
    PROGRAM = "program"
    TRANSCRIPT = "transcript"
    LIES = "lies"


ABOUT_OTHERS: Final = frozenset({SkippableStage.CLIENT, SkippableStage.PROGRAM})
"""Stages that say nothing about a single operation."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What the command line asks for.

    Attributes
    ----------
    requests
        How many random examples of each operation to ask beside those at the edges.
    endpoint
        A running server to talk to; ``None`` starts one.
    skip
        Which stages to leave out.
    sources
        Operations of the user's own: files and modules, separated by commas.
    only
        The operation that it is about; every one that Lean checks when it is ``None``.
    """

    seed: int
    requests: int
    endpoint: str | None = None
    skip: frozenset[SkippableStage] = frozenset()
    sources: str = ""
    only: str | None = None
