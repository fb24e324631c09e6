"""What NumPy gives back, as values that the wire carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lpb_server.errors import WireError
from lpb_server.operations.question import Evidence, Outcome
from lpb_server.wire.arrays import DTYPES
from lpb_server.wire.exact_arrays import exact_array
from lpb_server.wire.limits import MAX_DEPTH

__all__ = ["plain_evidence", "plain_outcome"]

_CARRIED: Final = {(dtype.kind, dtype.itemsize) for dtype in DTYPES.values()}
_LONGEST_SHOWN: Final = 128


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
    return Outcome(_map(result, "result"), _arrays(arrays, "arrays"))


def plain_evidence(evidence: Evidence) -> Evidence:
    """Return what certifies an outcome with plain values in it.

    Raises
    ------
    TypeError
        As for `plain_outcome`.
    """
    return Evidence(
        _map(evidence.entries, "certificate"), _arrays(evidence.arrays, "certificate arrays")
    )


def _map(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"its {where} is {_kind(value)}, and must be a map")
    plain: dict[str, Any] = _plain(value, where, MAX_DEPTH)
    return plain


def _arrays(arrays: Any, where: str) -> dict[str, Any]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"its {where} are {_kind(arrays)}, and must be a map")
    return {name: _array(name, array, where) for name, array in arrays.items()}


def _array(name: str, array: Any, where: str) -> Any:
    """Return an array of numbers that is none yet, such as a list or a scalar, as one."""
    where = f"{where}[{_shown(name)}]"
    try:
        made = exact_array(name, array)
    except WireError as error:
        raise TypeError(f"{where}: {error.message}") from None
    if (made.dtype.kind, made.dtype.itemsize) not in _CARRIED:
        raise TypeError(f"{where} has dtype {made.dtype}; the wire carries {', '.join(DTYPES)}")
    return made


def _plain(value: Any, where: str, depth: int) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth < 1:
        raise TypeError(f"{_cut(where)} nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, np.ndarray):
        if value.ndim:
            raise TypeError(
                f"{_cut(where)} is an array of shape {list(value.shape)}: give it back in arrays"
            )
        value = value[()]
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        if isinstance(value, np.floating) and value.dtype.itemsize > 8:
            raise TypeError(f"{_cut(where)} is {_kind(value)}, which has more digits than a double")
        return value.item()
    if isinstance(value, Mapping):
        return {
            _key(key, where): _plain(item, f"{where}[{_shown(key)}]", depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
    if isinstance(value, (int, float, str)):  # A subclass: StrEnum, a named int.
        kind = next(kind for kind in (int, float, str) if isinstance(value, kind))
        return kind(value)
    raise TypeError(f"{_cut(where)} is {_kind(value)}, which is no value of the wire")


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{_cut(where)} has a key that is no text, but {_kind(key)}")
    return str(key)


def _shown(key: object) -> str:
    return repr(key) if isinstance(key, str) and len(key) <= _LONGEST_SHOWN else "…"


def _cut(where: str) -> str:
    """Return a place, cut to a length that can be sent."""
    return where if len(where) <= _LONGEST_SHOWN else f"{where[:_LONGEST_SHOWN]}…"


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
