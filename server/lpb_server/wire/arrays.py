"""Array frames: raw little-endian C-order bytes ↔ NumPy arrays, without a copy where possible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from lpb_server.errors import ErrorCode, WireError
from lpb_server.wire.envelope import ArrayHeader
from lpb_server.wire.exact_arrays import exact_array
from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.shared_memory import REFERENCE_BYTES, Segments
from lpb_server.wire.values import Frame

__all__ = ["DTYPES", "Array", "decode_arrays", "dtype_name", "encode_array", "encode_arrays"]

Array: TypeAlias = npt.NDArray[Any]

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "f8": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "i8": np.dtype("<i8"),
    "i4": np.dtype("<i4"),
    "u8": np.dtype("<u8"),
    "b1": np.dtype("?"),
}

_NAMES: Final = {(dtype.kind, dtype.itemsize): name for name, dtype in DTYPES.items()}
_EXACT: Final = {dtype: name for name, dtype in DTYPES.items()}
_COPIED_BYTES: Final = 4 << 10
"""Arrays up to this size are copied into their frame: a view of their memory costs more."""


def encode_array(name: str, array: npt.ArrayLike) -> tuple[ArrayHeader, Frame]:
    """Describe an array, and show its memory as a frame.

    One frame, whatever its size: cut into frames of 1 MiB, as the format allows, 64 MiB over tcp
    took a fifth longer, for a copy that puts them together.

    Parameters
    ----------
    name : str
        The name in the header.
    array : array_like
        Of one of the dtypes in `DTYPES`, in either byte order; any shape.

    Returns
    -------
    tuple of ArrayHeader and frame
        The frame is a view of the array's own memory when that is little endian and in C order,
        and a copy of a small array.

    Raises
    ------
    WireError
        For another dtype, and for what would lose something on its way into an array.
    """
    source = array if type(array) is np.ndarray else exact_array(name, array)
    exact = _EXACT.get(source.dtype)
    if exact is not None and source.nbytes <= _COPIED_BYTES:
        return ArrayHeader(name, exact, source.shape), source.tobytes()
    wire_dtype = dtype_name(name, source)
    ordered = np.asarray(source, dtype=DTYPES[wire_dtype], order="C")
    frame = ordered.reshape(-1).view(np.uint8).data if ordered.size else b""
    return ArrayHeader(name, wire_dtype, source.shape), frame


def dtype_name(name: str, array: Array) -> str:
    """Return what the wire calls the dtype of an array of that name, in either byte order.

    Raises
    ------
    WireError
        For a dtype that it does not carry.
    """
    found = _NAMES.get((array.dtype.kind, array.dtype.itemsize))
    if found is None:
        raise WireError(
            f"array {name!r} has dtype {array.dtype}; the wire carries {', '.join(DTYPES)}"
        )
    return found


def encode_arrays(
    arrays: Mapping[str, npt.ArrayLike],
) -> tuple[tuple[ArrayHeader, ...], list[Frame]]:
    """Encode several arrays; the frames follow each other in the order of the headers."""
    if not arrays:
        return (), []
    headers: list[ArrayHeader] = []
    frames: list[Frame] = []
    for name, array in arrays.items():
        header, frame = encode_array(name, array)
        headers.append(header)
        frames.append(frame)
    return tuple(headers), frames


def decode_arrays(
    headers: Sequence[ArrayHeader],
    frames: Sequence[Frame],
    limits: Limits = DEFAULT_LIMITS,
    segments: Segments | None = None,
) -> dict[str, Array]:
    """Read arrays from the frames that follow a header.

    Parameters
    ----------
    headers : sequence of ArrayHeader
        What the frames hold, in order.
    frames : sequence of frames
        Exactly the frames that the headers name.
    limits : Limits
        What is refused.
    segments : Segments, optional
        Follows references to shared memory; without it there are only frames.

    Returns
    -------
    dict of str to ndarray
        Read-only. An array in one frame lies in the frame's own memory, unless that is not
        aligned for its dtype.

    Raises
    ------
    WireError
        ``bad_message`` when frames are missing, left over or of the wrong size, or a bool is
        neither 0 nor 1; ``too_large`` beyond the limits. Nothing is allocated before the sizes
        are known to agree.
    """
    if not headers and not frames:
        return {}
    if len(headers) == len(frames) == 1:
        plain = _decode_plain(headers[0], frames[0], limits)
        if plain is not None:
            return {headers[0].name: plain}
    expected = sum([header.frames for header in headers])
    if expected != len(frames):
        raise WireError(
            f"the header names {expected} array frames, and {len(frames)} came",
            {"expected": expected, "received": len(frames)},
        )
    sizes = [_byte_count(header, limits) for header in headers]
    if sum(sizes) > limits.array_bytes:
        raise _too_large(sum(sizes), limits)
    arrays: dict[str, Array] = {}
    start = 0
    for header, size in zip(headers, sizes, strict=True):
        pieces = frames[start : start + header.frames]
        arrays[header.name] = _decode(header, size, pieces, segments)
        start += header.frames
    return arrays


def _decode_plain(header: ArrayHeader, frame: Frame, limits: Limits) -> Array | None:
    """Read an array that is one frame of bytes with nothing to object to; None for any other."""
    if type(frame) is not bytes or header.frames != 1 or header.dtype == "b1":
        return None
    dtype, count, size = DTYPES[header.dtype], math.prod(header.shape), len(frame)
    if not size or size != count * dtype.itemsize:
        return None
    if size > limits.array_bytes or count > limits.elements:
        return None
    array: Array = np.ndarray(header.shape, dtype, frame)  # Read-only, as bytes are.
    return array if array.flags.aligned else None


def _too_large(size: int, limits: Limits) -> WireError:
    return WireError(
        f"the arrays have {size} bytes, more than {limits.array_bytes}",
        {"limit_bytes": limits.array_bytes},
        code=ErrorCode.TOO_LARGE,
    )


def _byte_count(header: ArrayHeader, limits: Limits) -> int:
    """Return the size that shape and dtype ask for; Python's ints cannot overflow."""
    count = math.prod(header.shape)
    size = count * DTYPES[header.dtype].itemsize
    if 0 < count <= limits.elements and count <= limits.array_bytes:
        return size
    # Also when one dimension is zero: NumPy refuses a shape whose others pass its address space.
    if math.prod(filter(None, header.shape)) > limits.array_bytes:
        raise WireError(
            f"array {header.name!r} has a shape beyond the limit of {limits.array_bytes} bytes",
            {"limit_bytes": limits.array_bytes},
            code=ErrorCode.TOO_LARGE,
        )
    if count > limits.elements:
        raise WireError(
            f"array {header.name!r} has more than {limits.elements} elements",
            {"limit_elements": limits.elements},
            code=ErrorCode.TOO_LARGE,
        )
    return size


def _followed(
    header: ArrayHeader, size: int, frames: Sequence[Frame], segments: Segments
) -> Sequence[Frame]:
    """Return what a reference stands for; anything else as it is."""
    if len(frames) > 1 or size <= REFERENCE_BYTES or header.dtype == "b1":
        return frames
    memory = segments.read(frames[0], size)
    return frames if memory is None else [memory]


def _decode(
    header: ArrayHeader, size: int, frames: Sequence[Frame], segments: Segments | None
) -> Array:
    if segments is not None and len(frames[0]) == REFERENCE_BYTES:
        frames = _followed(header, size, frames, segments)
    received = len(frames[0]) if len(frames) == 1 else sum(map(len, frames))
    if received != size:
        raise WireError(
            f"array {header.name!r} of shape {list(header.shape)} and dtype {header.dtype} "
            f"takes {size} bytes, and its frames have {received}",
            {"expected_bytes": size, "received_bytes": received},
        )
    dtype = DTYPES[header.dtype]
    if size and len(frames) == 1 and header.dtype != "b1":
        array: Array = np.ndarray(header.shape, dtype, frames[0])
        return _settled(array)
    if size == 0:
        flat = np.empty(0, dtype)
    elif len(frames) == 1:
        flat = np.frombuffer(frames[0], np.uint8 if header.dtype == "b1" else dtype)
    else:
        flat = _join(size, frames)
        flat = flat if header.dtype == "b1" else flat.view(dtype)
    if header.dtype == "b1" and size:
        if int(flat.max()) > 1:
            raise WireError(f"array {header.name!r} holds a bool that is neither 0 nor 1")
        flat = flat.view(dtype)
    return _settled(flat.reshape(header.shape))


def _settled(array: Array) -> Array:
    """Return an array read-only and aligned."""
    flags = array.flags
    if not flags.aligned:
        array = array.copy()  # Only small frames: they lie inside ZeroMQ's receive buffer.
        flags = array.flags
    if flags.writeable:
        flags.writeable = False
    return array


def _join(size: int, frames: Sequence[Frame]) -> Array:
    joined = np.empty(size, np.uint8)
    start = 0
    for frame in frames:
        joined[start : start + len(frame)] = np.frombuffer(frame, np.uint8)
        start += len(frame)
    return joined
