"""Who is told how far a command is."""

from __future__ import annotations

__all__ = ["ProgressReporter"]


class ProgressReporter:
    """Tells a person what is going on. This one is silent; the terminal's overrides it."""

    def stage(self, name: str) -> None:
        """Begin a stage."""

    def progress(self, text: str, done: int, total: int) -> None:
        """Show how far the stage is; a total of 0 means that nobody knows."""
