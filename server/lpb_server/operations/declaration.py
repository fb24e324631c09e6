"""What arrays an operation takes: declared, so that it is checked before the operation runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lpb_server.errors import InvalidParams
from lpb_server.wire.arrays import DTYPES, Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["ArraySpec", "ArraySpecs", "check_arrays"]


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """An array that an operation takes.

    Parameters
    ----------
    dtype : str or None
        ``f8``, ``f4``, ``i8``, ``i4``, ``u8`` or ``b1``; None for any.
    shape : tuple of str and int, or None
        How far each dimension goes: a number, or a name, which stands for the same number
        wherever it occurs; None for any shape.
    needed : bool
        Whether a request without it is refused.
    empty : bool
        Whether a dimension with a name may be 0.

    Examples
    --------
    >>> ArraySpec("f8", ("m", "n")).describe("matrix")["shape"]
    ['m', 'n']
    """

    dtype: str | None = None
    shape: tuple[str | int, ...] | None = None
    needed: bool = True
    empty: bool = False

    def describe(self, name: str) -> ValueMap:
        """Return what ``operations`` says of it."""
        shape: Value = None if self.shape is None else list(self.shape)
        return {
            "name": name,
            "dtype": self.dtype,
            "shape": shape,
            "needed": self.needed,
            "empty": self.empty,
        }


ArraySpecs: TypeAlias = Mapping[str, ArraySpec]


def check_arrays(
    operation: str, specs: Mapping[str, ArraySpec], arrays: Mapping[str, Array]
) -> None:
    """Refuse arrays that an operation has not declared.

    Raises
    ------
    InvalidParams
        When one is missing, unknown, or of another dtype or shape; it is named.
    """
    for name in arrays:
        if name not in specs:
            takes = f"it takes {', '.join(specs)}" if specs else "it takes none"
            raise InvalidParams(f"{operation} takes no array {name!r}; {takes}", {"array": name})
    sizes: dict[str, int] = {}
    for name, spec in specs.items():
        array = arrays.get(name)
        if array is None:
            if spec.needed:
                raise InvalidParams(
                    f"{operation} needs the array {name!r}, which is missing", {"array": name}
                )
            continue
        problem = _disagreement(spec, array, sizes)
        if problem:
            raise InvalidParams(f"{operation}: array {name!r} {problem}", {"array": name})


def _disagreement(spec: ArraySpec, array: Array, sizes: dict[str, int]) -> str:
    """Say how an array differs from its declaration; empty when it does not."""
    if spec.dtype is not None and array.dtype != DTYPES[spec.dtype]:
        return f"must have dtype {spec.dtype} ({DTYPES[spec.dtype]}), not {array.dtype}"
    if spec.shape is None:
        return ""
    shape = array.shape
    if len(shape) != len(spec.shape):
        return f"must have {_dimensions(spec.shape)}, not {len(shape)}: its shape is {list(shape)}"
    for wanted, size in zip(spec.shape, shape, strict=True):
        if isinstance(wanted, int):
            if size != wanted:
                return f"must have shape {_written(spec.shape)}, not {list(shape)}"
        elif size == 0 and not spec.empty:
            return f"must have at least one element in each dimension, not shape {list(shape)}"
        elif sizes.setdefault(wanted, size) != size:
            return (
                f"must have shape {_written(spec.shape)} where {wanted} is {sizes[wanted]}, "
                f"as in an array before it, not {list(shape)}"
            )
    return ""


def _dimensions(shape: tuple[str | int, ...]) -> str:
    count = f"{len(shape)} dimension{'' if len(shape) == 1 else 's'}"
    return f"{count} {_written(shape)}" if shape else count


def _written(shape: tuple[str | int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"
