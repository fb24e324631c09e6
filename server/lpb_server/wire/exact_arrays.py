"""Arrays as the wire carries them, and as float64: exactly, or refused by name of what is lost.

NumPy converts whatever it can: it forgets a mask and an imaginary part, reads numbers out of texts,
and rounds ints beyond 2^53 to floats. A certificate of what is left would be true, and of another
matrix than the one that was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lpb_server.errors import WireError

__all__ = ["exact_array", "exact_floats"]

_EXACT_INT: Final = 1 << 53
_HARMLESS: Final = frozenset({float, bool, str, bytes})
_MOST_DIMENSIONS: Final = 64
_KINDS: Final = {
    "c": "complex numbers, whose imaginary part would be lost",
    "O": "objects",
    "S": "bytes, which are no numbers",
    "U": "texts, which are no numbers",
    "M": "dates, whose unit would be lost",
    "m": "time spans, whose unit would be lost",
    "V": "records",
    "T": "texts, which are no numbers",
}


def exact_array(name: str, array: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return an array that means the same as what was given.

    Parameters
    ----------
    name : str
        What it is called in an error.
    array : array_like
        An ndarray is returned as it is, of whatever dtype.

    Raises
    ------
    WireError
        For masked elements, for ints that would be rounded because floats stand beside them, and
        for what is no array.
    """
    if type(array) is np.ndarray:
        return array
    if isinstance(array, np.ma.MaskedArray):
        if np.ma.getmaskarray(array).any():
            raise WireError(f"array {name!r} has masked elements, and the mask would be lost")
        return np.asarray(array)
    parts = list(_parts(array)) if isinstance(array, list | tuple) else []
    _check_parts(name, parts)
    try:
        found: npt.NDArray[Any] = _made(array)
    except (BufferError, ValueError, TypeError, OverflowError, RuntimeError) as error:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise WireError(f"array {name!r} is none: {said}") from None
    if parts:
        _check_made(name, parts, found)
    return found


def _made(array: Any) -> npt.NDArray[Any]:
    """Have NumPy make an array, of what speaks only DLPack too: a tensor, without a copy."""
    if hasattr(array, "__dlpack__") and not hasattr(array, "__array__"):
        return np.from_dlpack(array)
    return np.asarray(array)


def exact_floats(name: str, array: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return an array of float64 that equals what was given.

    Parameters
    ----------
    name : str
        What it is called in an error.
    array : array_like
        Of bools, ints or floats.

    Raises
    ------
    WireError
        For what `exact_array` refuses, for what is no number, and for numbers that a float64 cannot
        hold.
    """
    source = exact_array(name, array)
    kind = source.dtype.kind
    if kind in _KINDS:
        raise WireError(f"array {name!r} holds {_KINDS[kind]}")
    if kind in "iu" and not _ints_fit(source):
        raise _too_large(name)
    with np.errstate(over="ignore"):
        floats = np.asarray(source, np.float64)
    if source.dtype.itemsize > 8 and not np.array_equal(floats, source, equal_nan=True):
        raise WireError(f"array {name!r} has {source.dtype} elements that a float64 cannot hold")
    return floats


def _too_large(name: str) -> WireError:
    return WireError(f"array {name!r} has integers beyond 2^53 that a float64 cannot hold")


def _ints_fit(source: npt.NDArray[Any]) -> bool:
    """Tell whether each int has at most 53 bits between its first and its last."""
    if source.dtype.itemsize <= 4 or not source.size:
        return True
    if int(source.min()) >= -_EXACT_INT and int(source.max()) <= _EXACT_INT:
        return True
    # The magnitude of the least int64 is its own two's complement, too.
    magnitude = np.abs(source).astype(np.uint64) if source.dtype.kind == "i" else source
    magnitude = magnitude[magnitude > _EXACT_INT]
    last_bit = magnitude & (~magnitude + np.uint64(1))
    return bool((magnitude // last_bit <= _EXACT_INT).all())


def _check_parts(name: str, parts: list[Any]) -> None:
    for part in parts:
        if isinstance(part, np.ma.MaskedArray) and np.ma.getmaskarray(part).any():
            raise WireError(f"array {name!r} has masked elements, and the mask would be lost")


def _check_made(name: str, parts: list[Any], made: npt.NDArray[Any]) -> None:
    """Refuse what NumPy made of a list when that lost something that its parts had."""
    kind = made.dtype.kind
    if kind == "O" and made.size and all(type(item) is int for item in made.flat):
        raise WireError(f"array {name!r} has integers of more than 64 bits")
    if kind in "fc":
        for part in parts:
            if type(part) is int:
                fits = abs(part) <= _EXACT_INT or int(float(part)) == part
            else:
                ints = np.asarray(part)
                fits = ints.dtype.kind not in "iu" or _ints_fit(ints)
            if not fits:
                raise _too_large(name)


def _parts(given: Any, depth: int = _MOST_DIMENSIONS) -> Iterator[Any]:
    """Yield what stands in nested lists and is no plain float, bool or text."""
    if depth == 0 or set(map(type, given)) <= _HARMLESS:
        return
    for item in given:
        if isinstance(item, list | tuple):
            yield from _parts(item, depth - 1)
        elif type(item) not in _HARMLESS:
            yield item
