"""What NumPy gives back, as values that the wire carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lpb_server.operations.question import Outcome
from lpb_server.wire.arrays import DTYPES

__all__ = ["plain_outcome"]

_CARRIED: Final = {(dtype.kind, dtype.itemsize) for dtype in DTYPES.values()}


def plain_outcome(returned: object) -> Outcome:
    """Return what an operation gave back with plain values in it.

    NumPy's scalars and arrays of no dimensions become Python's numbers and bools, tuples become
    lists, and a map alone is a result without arrays.

    Raises
    ------
    TypeError
        With the reason, when something in it has no plain form: it says where.
    """
    if isinstance(returned, Outcome):
        result, arrays = returned.result, returned.arrays
    elif isinstance(returned, Mapping):
        result, arrays = dict(returned), {}
    else:
        raise TypeError(f"it returned {_kind(returned)}; an operation returns an Outcome or a map")
    if not isinstance(result, Mapping):
        raise TypeError(f"its result is {_kind(result)}, and must be a map")
    return Outcome(
        {key: _plain(value, f"result[{key!r}]") for key, value in result.items()},
        {name: _array(name, array) for name, array in arrays.items()},
    )


def _array(name: str, array: Any) -> Any:
    """Return an array of numbers that is none yet, such as a list or a scalar, as one."""
    made = np.asarray(array)
    if (made.dtype.kind, made.dtype.itemsize) not in _CARRIED:
        raise TypeError(
            f"arrays[{name!r}] has dtype {made.dtype}; the wire carries {', '.join(DTYPES)}"
        )
    return made


def _plain(value: Any, where: str) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray):
        if value.ndim:
            raise TypeError(
                f"{where} is an array of shape {list(value.shape)}: give it back in arrays"
            )
        value = value[()]
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        if isinstance(value, np.floating) and value.dtype.itemsize > 8:
            raise TypeError(f"{where} is {_kind(value)}, which has more digits than a double")
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, (int, float, str)):  # A subclass: StrEnum, a named int.
        kind = next(kind for kind in (int, float, str) if isinstance(value, kind))
        return kind(value)
    raise TypeError(f"{where} is {_kind(value)}, which is no value of the wire")


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
