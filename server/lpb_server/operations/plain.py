"""What NumPy gives back, as values that the wire carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lpb_server.errors import WireError
from lpb_server.operations.question import Evidence, Outcome
from lpb_server.wire.arrays import DTYPES
from lpb_server.wire.exact_arrays import exact_array
from lpb_server.wire.plain_values import kind_name, plain_map, shown_key

__all__ = ["plain_evidence", "plain_outcome"]

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
        raise TypeError(
            f"it returned {kind_name(returned)}; an operation returns an Outcome or a map"
        )
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
        raise TypeError(f"its {where} is {kind_name(value)}, and must be a map")
    return plain_map(value, where)


def _arrays(arrays: Any, where: str) -> dict[str, Any]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"its {where} are {kind_name(arrays)}, and must be a map")
    return {name: _array(name, array, where) for name, array in arrays.items()}


def _array(name: str, array: Any, where: str) -> Any:
    """Return an array of numbers that is none yet, such as a list or a scalar, as one."""
    where = f"{where}[{shown_key(name)}]"
    try:
        made = exact_array(name, array)
    except WireError as error:
        raise TypeError(f"{where}: {error.message}") from None
    if (made.dtype.kind, made.dtype.itemsize) not in _CARRIED:
        raise TypeError(f"{where} has dtype {made.dtype}; the wire carries {', '.join(DTYPES)}")
    return made
