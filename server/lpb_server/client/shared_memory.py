"""Shared memory in place of array frames: the client's side, which writes.

`lpb_server.wire.shared_memory` says what a segment and a reference are, and why a server may read
one. The client makes the segment, a sealed memory file without a name, and keeps it mapped from
call to call, because most of the cost is in fresh pages; it grows with what is sent. A large array
is copied into it once, which is all the copying there is.

Nobody has to be asked: the first large array to a server on this host goes out as a reference. A
server that does not follow it answers `bad_message` and says how many bytes it received, as any
server does for a frame of the wrong length, and has run nothing. The same request is then sent
again with frames, under the same id, and so are those of the next minute.

An array that the caller had made by `SharedArrays.zeros` lies in a segment of its own, and is not
copied at all.

A segment is written again only after the reply to the one try of its last request. When there was
no reply, or more than one try, a copy of the request may still wait somewhere; so the segment is
given up to it, and the next call gets another one. A fork of the client's process does that too:
the memory is its parent's.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import secrets
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from lpb_server.errors import ErrorCode
from lpb_server.sockets.endpoints import is_loopback
from lpb_server.wire.arrays import DTYPES, dtype_name, encode_array
from lpb_server.wire.envelope import ArrayHeader, Reply
from lpb_server.wire.exact_arrays import exact_array
from lpb_server.wire.shared_memory import (
    ALIGNMENT,
    LABEL,
    LABEL_BYTES,
    MAGIC,
    SEGMENT_NAME,
    Reference,
    available,
)
from lpb_server.wire.values import Frame

__all__ = ["SHARED_FROM_BYTES", "EncodedArrays", "Segment", "SharedArrays", "was_refused"]

EncodedArrays: TypeAlias = tuple[tuple[ArrayHeader, ...], list[Frame]]

SHARED_FROM_BYTES: Final = 1 << 20
"""From this size on an array goes through shared memory. In the benchmark scenario "arrays"
(`lpb bench`) it is no slower than frames at 1 MiB (1.3 and 1.4 ms), and four times as fast at 4 MiB
(3.0 and 13 ms); below 1 MiB the copy is not what costs."""

_SHARED_DTYPES: Final = frozenset(dtype for name, dtype in DTYPES.items() if name != "b1")
_GROW_BYTES: Final = 1 << 20
_REFUSED_FOR_S: Final = 60.0
"""For how long a server that has refused a reference is sent frames."""


class Segment:
    """A memory file that this process writes and others read.

    Raises
    ------
    OSError
        When there is none to be had.
    """

    def __init__(self) -> None:
        self._descriptor = os.memfd_create(SEGMENT_NAME, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.close = weakref.finalize(self, os.close, self._descriptor)
        os.fchmod(self._descriptor, 0o600)
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self.process = os.getpid()
        self._secret = secrets.token_bytes(32)
        self._turn = 0
        self._memory: mmap.mmap | None = None

    def begin(self, size: int) -> None:
        """Make room for that many bytes of arrays, and older references invalid.

        Raises
        ------
        OSError
            When there is no room; the segment is then as it was.
        """
        if self._memory is None or len(self._memory) < LABEL_BYTES + size:
            length = _rounded_up(LABEL_BYTES + size, _GROW_BYTES)
            # Not just a greater length: where memory is short, this fails, and a write would kill.
            os.posix_fallocate(self._descriptor, 0, length)
            self._memory = mmap.mmap(self._descriptor, length)
        self._turn += 1
        LABEL.pack_into(self._memory, 0, MAGIC, self._secret, self._turn)

    def lend(self, size: int) -> tuple[mmap.mmap, Reference]:
        """Give the segment away, for as long as the memory that is returned is used.

        Raises
        ------
        OSError
            When there is no room.
        """
        self.begin(size)
        memory, self._memory = self._memory, None
        assert memory is not None
        self.close.detach()
        weakref.finalize(memory, os.close, self._descriptor)
        return memory, self._reference(LABEL_BYTES)

    def write(self, offset: int, array: npt.NDArray[Any], dtype: np.dtype[Any]) -> Reference:
        """Copy an array to an offset, in C order and with that dtype; return where it lies."""
        assert self._memory is not None
        target = np.frombuffer(self._memory, dtype, array.size, offset).reshape(array.shape)
        np.copyto(target, array)
        return self._reference(offset)

    def _reference(self, offset: int) -> Reference:
        return Reference(self._secret, self._turn, self.process, self._descriptor, offset)


@dataclass(frozen=True, slots=True)
class _Made:
    """The segment of an array that was made for a caller."""

    reference: Reference
    start: int


class SharedArrays:
    """Decides for one client which arrays go through shared memory, and puts them there.

    Parameters
    ----------
    endpoint : str
        Of the server: only one on this host, as far as the address tells, is sent references.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._possible = available() and is_loopback(endpoint)
        self._clock = clock
        self._frames_until_s = -math.inf
        self._segment: Segment | None = None
        self._made: weakref.WeakKeyDictionary[mmap.mmap, _Made] = weakref.WeakKeyDictionary()

    def zeros(self, shape: Sequence[int], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array of zeros that can be sent without a copy.

        Parameters
        ----------
        shape : sequence of int
            Its shape.
        dtype : dtype
            One that the wire carries.

        Returns
        -------
        ndarray
            In a segment of its own, which ends with the last view of it; in ordinary memory where
            no segment is of use.
        """
        plain = np.dtype(dtype).newbyteorder("<")
        size = math.prod(shape) * plain.itemsize
        if not self._possible or size < SHARED_FROM_BYTES or plain not in _SHARED_DTYPES:
            return np.zeros(shape, dtype)
        try:
            memory, reference = Segment().lend(size)
        except OSError:
            return np.zeros(shape, dtype)
        flat = np.frombuffer(memory, plain, math.prod(shape), LABEL_BYTES)
        self._made[memory] = _Made(reference, _address(flat))
        return flat.reshape(shape)

    def place(self, arrays: Mapping[str, npt.ArrayLike]) -> EncodedArrays | None:
        """Encode arrays, the large ones in shared memory.

        Parameters
        ----------
        arrays : mapping of str to array_like
            Those of one request.

        Returns
        -------
        tuple of headers and frames, or None
            None when all of them have to be frames.

        Raises
        ------
        WireError
            For a dtype that the wire does not carry.
        """
        if not self._possible:
            return None
        for array in arrays.values():
            if _may_be_large(array):
                break
        else:
            return None
        sources = {name: exact_array(name, array) for name, array in arrays.items()}
        large = {name: item for name, item in sources.items() if _is_large(item)}
        if not large or self._clock() < self._frames_until_s:
            return None
        references = {name: self._lent(item) for name, item in large.items()}
        try:
            room = sum(_room(large[name].nbytes) for name, found in references.items() if not found)
            segment = self._begin(room) if room else None
        except OSError:
            self._pause()
            return None
        headers: list[ArrayHeader] = []
        frames: list[Frame] = []
        offset = LABEL_BYTES
        for name, source in sources.items():
            if name not in large:
                header, frame = encode_array(name, source)
                headers.append(header)
                frames.append(frame)
                continue
            wire_dtype = dtype_name(name, source)
            headers.append(ArrayHeader(name, wire_dtype, source.shape, 1))
            found = references[name]
            if found is None and segment is not None:
                found = segment.write(offset, source, DTYPES[wire_dtype])
                offset += _room(source.nbytes)
            assert found is not None
            frames.append(found.encode())
        return tuple(headers), frames

    def settle(self, reply: Reply, tries: int) -> bool:
        """Take note of the reply to the request whose arrays were placed last.

        Parameters
        ----------
        reply : Reply
            Without one, the segment is to be closed.
        tries : int
            How often the request was sent.

        Returns
        -------
        bool
            Whether that was an answer. Otherwise the server has refused shared memory and run
            nothing: the request is to be sent again, with frames.
        """
        refused = was_refused(reply)
        if refused:
            self._pause()
        elif tries != 1:
            self.close()
        return not refused

    def close(self) -> None:
        """Let go of the memory; a server that reads it keeps it for as long as it does."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None

    def _lent(self, array: npt.NDArray[Any]) -> Reference | None:
        """Return where an array lies, when it was made by `zeros` and lies as the wire wants it."""
        origin: Any = array
        while isinstance(origin, np.ndarray | memoryview):
            origin = origin.base if isinstance(origin, np.ndarray) else origin.obj
        made = self._made.get(origin) if isinstance(origin, mmap.mmap) else None
        if made is None or made.reference.process != os.getpid():
            return None
        offset = LABEL_BYTES + _address(array) - made.start
        if not array.flags.c_contiguous or array.dtype not in _SHARED_DTYPES or offset % ALIGNMENT:
            return None
        return msgspec.structs.replace(made.reference, offset=offset)

    def _pause(self) -> None:
        self.close()
        self._frames_until_s = self._clock() + _REFUSED_FOR_S

    def _begin(self, size: int) -> Segment:
        if self._segment is not None and self._segment.process != os.getpid():
            self.close()
        if self._segment is None:
            self._segment = Segment()
        self._segment.begin(size)
        return self._segment


def was_refused(reply: Reply) -> bool:
    """Tell whether a reply says that a frame has not the bytes of its array: nothing was run."""
    error = reply.error
    return (
        error is not None
        and error.code == ErrorCode.BAD_MESSAGE
        and "received_bytes" in error.details
    )


def _may_be_large(array: npt.ArrayLike) -> bool:
    return type(array) is not np.ndarray or array.nbytes >= SHARED_FROM_BYTES


def _is_large(array: npt.NDArray[Any]) -> bool:
    return array.nbytes >= SHARED_FROM_BYTES and array.dtype.kind != "b"


def _address(array: npt.NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]  # `ctypes.data` makes three objects first.
    return address


def _room(size: int) -> int:
    return _rounded_up(size, ALIGNMENT)


def _rounded_up(size: int, step: int) -> int:
    return -(-size // step) * step
