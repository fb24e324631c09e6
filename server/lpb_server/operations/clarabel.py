"""Clarabel, which solves quadratic and semidefinite programs; imported where it is used."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from lpb_server.errors import InvalidParams

__all__ = ["has_clarabel", "require_clarabel", "settings"]


def has_clarabel() -> bool:
    """Say whether Clarabel is installed, with SciPy, whose sparse matrices it takes."""
    return find_spec("clarabel") is not None and find_spec("scipy") is not None


def require_clarabel(who: str) -> None:
    """Refuse what needs Clarabel, where it is not installed.

    Raises
    ------
    InvalidParams
        It names the operation that asks, `who`, and the extra.
    """
    if not has_clarabel():
        raise InvalidParams(f"{who} needs Clarabel: pip install 'lean-python-bridge[clarabel]'")


def settings(tolerance: float) -> Any:
    """Give settings that ask for a small gap, quietly, on one thread."""
    import clarabel

    chosen = clarabel.DefaultSettings()
    chosen.verbose = False
    chosen.max_threads = 1
    chosen.tol_gap_abs = chosen.tol_gap_rel = chosen.tol_feas = tolerance
    return chosen
