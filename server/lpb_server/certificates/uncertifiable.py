"""The error of a certificate that cannot be made."""

from __future__ import annotations

__all__ = ["Uncertifiable"]


class Uncertifiable(ValueError):
    """What is asked for is not so, or double precision does not suffice to show it; says why."""
