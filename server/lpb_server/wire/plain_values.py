"""Values as people's code has them, as values that the wire carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from lpb_server.wire.limits import MAX_DEPTH

__all__ = ["kind_name", "plain_map", "shown_key"]

_LONGEST_SHOWN: Final = 128


def plain_map(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """Return a map with plain values in it.

    NumPy's scalars and arrays of no dimensions become Python's numbers and bools; tuples and other
    sequences become lists, mappings dicts.

    Parameters
    ----------
    value : mapping
        What is to be sent.
    where : str
        What it is called in an error.

    Raises
    ------
    TypeError
        With the reason, when something in it has no plain form: it says where.
    """
    plain: dict[str, Any] = _plain(value, where, MAX_DEPTH)
    return plain


def _plain(value: Any, where: str, depth: int) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth < 1:
        raise TypeError(f"{_cut(where)} nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, np.ndarray):
        if value.ndim:
            raise TypeError(
                f"{_cut(where)} is an array of shape {list(value.shape)}: it belongs to the arrays"
            )
        value = value[()]
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        if isinstance(value, np.floating) and value.dtype.itemsize > 8:
            raise TypeError(
                f"{_cut(where)} is {kind_name(value)}, which has more digits than a double"
            )
        return value.item()
    if isinstance(value, Mapping):
        return {
            _key(key, where): _plain(item, f"{where}[{shown_key(key)}]", depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return [_plain(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
    if isinstance(value, (int, float, str)):  # A subclass: StrEnum, a named int.
        kind = next(kind for kind in (int, float, str) if isinstance(value, kind))
        return kind(value)
    raise TypeError(f"{_cut(where)} is {kind_name(value)}, which is no value of the wire")


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{_cut(where)} has a key that is no text, but {kind_name(key)}")
    return str(key)


def shown_key(key: object) -> str:
    """Return a key as a message shows it."""
    return repr(key) if isinstance(key, str) and len(key) <= _LONGEST_SHOWN else "…"


def _cut(where: str) -> str:
    """Return a place, cut to a length that can be sent."""
    return where if len(where) <= _LONGEST_SHOWN else f"{where[:_LONGEST_SHOWN]}…"


def kind_name(value: object) -> str:
    """Return the name of a value's type as a message shows it."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
