"""The data model: what a header can hold, the same in every format and in Lean.

A value is null, a bool, an int (-2⁶³ ≤ i < 2⁶⁴), a float (any of the 2⁶⁴ bit patterns), a string
of Unicode scalar values (no surrogates), a list, or a map with string keys whose order is kept.
Bytes are no value: they travel as array frames.
"""

from __future__ import annotations

import struct
from typing import Any, Final, TypeAlias, Union

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.limits import MAX_DEPTH

__all__ = [
    "MAX_INT",
    "MIN_INT",
    "UNBOUNDED",
    "Frame",
    "Value",
    "ValueMap",
    "check_value",
    "float_bits",
    "same_value",
    "too_many_values",
]

Value: TypeAlias = Union[  # noqa: UP007 - a recursive alias needs it at run time
    bool, int, float, str, list["Value"], dict[str, "Value"], None
]
ValueMap: TypeAlias = dict[str, Value]

Frame: TypeAlias = bytes | bytearray | memoryview
"""One frame of a message, as it lies in memory."""

MIN_INT: Final = -(1 << 63)
MAX_INT: Final = (1 << 64) - 1

UNBOUNDED: Final = 1 << 62
"""So many values are as good as any number."""

_DOUBLE: Final = struct.Struct("<d")
_CHEAP: Final = frozenset({float, bool, type(None)})


def check_value(value: Any, depth_limit: int = MAX_DEPTH) -> None:
    """Refuse what is outside the data model.

    Parameters
    ----------
    value : object
        Anything.
    depth_limit : int
        How deep the value may nest; a scalar has depth 1.

    Raises
    ------
    WireError
        For another type, an int outside the range, a surrogate in a string, a key that is no
        string, or nesting that is too deep.
    """
    if depth_limit < 1:
        raise WireError(f"the value nests deeper than {MAX_DEPTH} levels", {"limit": MAX_DEPTH})
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise WireError(f"a map key must be a string, not {type(key).__name__}")
            if not key.isascii():
                _check_string(key)
            # Most entries are scalars that need no call; at the last level the call refuses them.
            if depth_limit > 1 and (type(item) in _CHEAP or (type(item) is str and item.isascii())):
                continue
            check_value(item, depth_limit - 1)
    elif kind is list:
        _check_list(value, depth_limit - 1)
    elif kind in _CHEAP:
        return
    elif kind is str:
        _check_string(value)
    elif kind is int:
        _check_int(value)
    elif isinstance(value, (bool, int, float, str, list, dict)):
        # Subclasses (numpy.float64, StrEnum, OrderedDict) would not come back as they went.
        raise WireError(f"{kind.__name__} must be converted to a plain type before it is sent")
    else:
        raise WireError(f"{kind.__name__} is not part of the data model")


def _check_list(items: list[Any], depth_limit: int) -> None:
    kinds = set(map(type, items))
    if kinds <= _CHEAP and (depth_limit >= 1 or not items):
        return  # A row of a matrix: no need to look at its elements one by one.
    if kinds == {int} and depth_limit >= 1:
        _check_int(min(items))
        _check_int(max(items))
        return
    for item in items:
        check_value(item, depth_limit)


def _check_int(value: int) -> None:
    if not MIN_INT <= value <= MAX_INT:
        raise WireError("an int must be at least -2^63 and less than 2^64")


def _check_string(value: str) -> None:
    if value.isascii():
        return
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise WireError("a string holds a surrogate, which is no Unicode scalar value") from None


def too_many_values(limit: int) -> WireError:
    """Return the error for a header that holds more values than it may."""
    return WireError(
        f"the header holds more than {limit} values; send large arrays as frames",
        {"limit_values": limit},
        code=ErrorCode.TOO_LARGE,
    )


def float_bits(value: float) -> int:
    """Return the 64 bits of a double as a natural number."""
    return int.from_bytes(_DOUBLE.pack(value), "little")


def same_value(left: Value, right: Value) -> bool:
    """Tell whether two values are the same, bit for bit.

    Unlike ``==`` it tells 1 from 1.0 from true and 0.0 from -0.0, finds a NaN equal to itself,
    and sees the order of map keys.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return float_bits(left) == float_bits(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(
            same_value(item, right[key]) for key, item in left.items()
        )
    return left == right
