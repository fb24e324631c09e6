"""The Lean file that ships beside an operation's Python file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from lpb_server.errors import RegistrationError

__all__ = ["OWN_CHECKERS", "find_checker_file"]

OWN_CHECKERS: Final = "LeanPythonBridge"
"""Checkers below this name are in the bridge's own Lean package."""


def find_checker_file(name: str, checker: str, function: Callable[..., Any]) -> Path | None:
    """Return the file of a checker: beside the Python file that defines the function.

    Parameters
    ----------
    name : str
        The operation's, for the error.
    checker : str
        The Lean module ``A.B``: ``A/B.lean`` or ``B.lean`` in the folder of the Python file.
    function : callable
        What computes the operation.

    Returns
    -------
    Path or None
        None for the bridge's own checkers, and for a function that no file is known of.

    Raises
    ------
    RegistrationError
        When the file is not there.
    """
    if checker.split(".")[0] == OWN_CHECKERS:
        return None
    try:
        source = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:
        source = None
    if source is None or not Path(source).is_file():
        return None
    folder = Path(source).resolve().parent
    parts = checker.split(".")
    nested, flat = folder.joinpath(*parts).with_suffix(".lean"), folder / f"{parts[-1]}.lean"
    places = dict.fromkeys([nested, flat])
    for place in places:
        if place.is_file():
            return place
    looked = " or ".join(str(place) for place in places)
    raise RegistrationError(f"operation {name!r}: there is no Lean file of {checker}: no {looked}")
