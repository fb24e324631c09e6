"""Every exception of the benchmarks, in one tree.

::

    BenchmarkError              a sentence, and what to do next
    ├── BenchmarkUsageError     no such scenario, an unreadable result file
    └── ChildFailedError        a process that was measured died, fell silent or answered wrongly

A peer that is not installed is not among them: it is skipped by name. A goal that is missed is a
value in a result. This module imports nothing of ours.
"""

from __future__ import annotations

__all__ = ["BenchmarkError", "BenchmarkUsageError", "ChildFailedError"]


class BenchmarkError(Exception):
    """Base of everything that the benchmarks raise on purpose.

    Parameters
    ----------
    message : str
        What happened, one sentence.
    hint : str
        What to do next; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BenchmarkUsageError(BenchmarkError):
    """The benchmarks were called in a way that cannot work."""


class ChildFailedError(BenchmarkError):
    """A process that was being measured died, fell silent or answered wrongly."""
