"""NumPy's scalars as plain values: exactly, or refused by the place where they stand.

The data model has Python's own bool, int, float and str. `numpy.float64` is a subclass of float
that would not come back as it went, so the encoders refuse it. What an operation computes is full
of such scalars, each with one plain value that it equals: that value is sent.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lpb_server.errors import WireError
from lpb_server.wire.limits import MAX_DEPTH
from lpb_server.wire.values import ValueMap

__all__ = ["plain_values"]

_EXACT: Final = (np.bool_, np.integer, np.float64, np.float32, np.float16, np.str_)
"""A `numpy.longdouble` has more digits than a double, where it has a type of its own."""

_PLAIN: Final = (bool, int, float, str, type(None))


def plain_values(value: ValueMap, name: str) -> ValueMap:
    """Return a map with plain values in place of NumPy's scalars.

    Parameters
    ----------
    value : dict
        Anything whatever may be in it.
    name : str
        What it is called in an error.

    Raises
    ------
    WireError
        For what has no plain value, with the place where it stands.
    """
    plain: ValueMap = _plain(value, name, MAX_DEPTH)
    return plain


def _plain(value: Any, place: str, depth: int) -> Any:
    if type(value) in _PLAIN:
        return value
    if depth < 1:
        raise WireError(f"{_shown(place)} nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, _EXACT):
        return value.item()
    if type(value) is dict:
        return {
            _key(key, place): _plain(item, f"{place}.{key}", depth - 1)
            for key, item in value.items()
        }
    if type(value) is list:
        return [_plain(item, f"{place}[{index}]", depth - 1) for index, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        raise WireError(f"{_shown(place)} is an array: arrays have a place of their own")
    kind = type(value)
    raise WireError(f"{_shown(place)} is a {kind.__module__}.{kind.__qualname__}, no plain value")


def _key(key: object, place: str) -> str:
    if type(key) is not str:
        raise WireError(f"{_shown(place)} has a key that is no str: {type(key).__name__}")
    return key


def _shown(place: str) -> str:
    """Return a place, cut to a length that can be sent."""
    return place if len(place) <= 128 else f"{place[:127]}…"
