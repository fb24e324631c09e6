"""Numbers as options take them."""

from __future__ import annotations

import math

import typer

__all__ = ["a_number"]


def a_number(value: float) -> float:
    """Return the value of an option; a NaN, which passes every check of a range, is none.

    Raises
    ------
    typer.BadParameter
        For a NaN.
    """
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is no number.")
    return value
