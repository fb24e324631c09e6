"""Shared memory in place of array frames, between processes of one user on one host: the reader.

A client may send, as the one frame of a large array, a *reference*: 72 bytes that say where in its
memory the array lies. The header is what it is with frames, so that every format, schema and
validator, and every proof about them, holds unchanged. A reference cannot be taken for data: an
array has as many bytes as its header says, and a frame of another length has always been refused.
So whoever does not know references, does not want them or cannot follow one gives the same answer,
`bad_message` with the number of bytes received, and the client sends frames (see
`lpb_server.client.shared_memory`, the writer). Nothing is asked beforehand, and no state has to
agree: a server that has been started anew, or another worker of its queue, opens the segment by
itself. One on another host, a container's, or an executor of others' such as Dask's, does not, and
gets frames.
Replies are always frames: a server would have to keep memory for results that somebody may still
look at.

The segment is a memory file (`memfd_create`) of the client's. It has no name in any file system, so
that nothing is left over however either side dies. Its first page is a label::

    magic(16) secret(32) turn(8)

and the reference is ``magic(16) secret(32) turn(8) process(4) descriptor(4) offset(8)``, all little
endian. The reader opens ``/proc/PROCESS/fd/DESCRIPTOR``: two numbers, never a path.

What makes a segment trusted
    The kernel lets only a process of the same user (or root) open it, and its owner must be this
    process's user. It must be a memory file of that name from the kernel's own mount: no device,
    pipe or socket is ever opened, and no file of a file system that could block. It must be sealed
    against shrinking, so that no access to it can raise SIGBUS. And its label must bear the secret
    of the reference, 256 random bits: who knows it can read that segment already, so that nobody
    can have the server read for them what they cannot. An address proves less than that: what
    looks like loopback may be a tunnel from elsewhere; then process and descriptor are others
    here, and the secret is not there. CURVE and the allow-list decide as ever, before this.
What is checked
    Shape, dtype and limits, as for frames; offset and size against the size that the kernel says.
    A bool is not carried: nothing could promise that it stays 0 or 1.
What is promised of the contents
    Nothing: they can change while an operation reads them, as memory can that two processes share.
    The bridge's client does not touch them until it has its reply, and gives the segment up when it
    gets none; the turn in the label, which it counts up before it writes, makes older references
    invalid. A client that breaks this gets a wrong result of its own making. The certificate is of
    what the operation read; its check in Lean is against the client's own matrix, and decides.

Mappings are kept from call to call: most of the cost is in fresh pages. One is let go when its
client has closed the segment or is gone, which a thread looks after while there are any.
"""

from __future__ import annotations

import fcntl
import hmac
import logging
import mmap
import os
import stat
import struct
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from lpb_server.wire.limits import DEFAULT_LIMITS, Limits
from lpb_server.wire.values import Frame

__all__ = [
    "ALIGNMENT",
    "LABEL",
    "LABEL_BYTES",
    "MAGIC",
    "REFERENCE_BYTES",
    "SEGMENT_NAME",
    "Reference",
    "Segments",
    "available",
    "opened_segments",
]

_LOG = logging.getLogger(__name__)

MAGIC: Final = b"lpb-segment-v1\0\0"
SEGMENT_NAME: Final = "lean-python-bridge"

LABEL: Final = struct.Struct("<16s32sQ")
"""What the first page of a segment begins with: magic, secret and turn."""

LABEL_BYTES: Final = 4096
"""Arrays begin after this: the secret is no array's content."""

ALIGNMENT: Final = 64
"""An array's offset is a multiple of it: a cache line, and more than any dtype needs."""

_REFERENCE: Final = struct.Struct("<16s32sQIIQ")
REFERENCE_BYTES: Final = _REFERENCE.size

_Key: TypeAlias = tuple[bytes, int, int]
"""Secret, process and descriptor."""

_LINK: Final = f"/memfd:{SEGMENT_NAME} (deleted)"
_SEGMENTS: Final = 64
"""How many are mapped at once; each costs a file descriptor, and pages that its client pays for."""

_LOOK_S: Final = 1.0
"""How often it is looked whether a client has let go of its segment."""


def available() -> bool:
    """Tell whether this system has memory files and can seal them."""
    return hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS") and hasattr(os, "O_PATH")


class Reference(msgspec.Struct, frozen=True):
    """Where an array lies.

    Parameters
    ----------
    secret : bytes
        32 random bytes of the segment's.
    turn : int
        How often the segment had been written.
    process, descriptor : int
        Where the segment is open.
    offset : int
        Of the array's first byte.
    """

    secret: bytes
    turn: int
    process: int
    descriptor: int
    offset: int

    def encode(self) -> bytes:
        """Return the frame."""
        fields = (self.turn, self.process, self.descriptor, self.offset)
        return _REFERENCE.pack(MAGIC, self.secret, *fields)

    @classmethod
    def decode(cls, frame: Frame) -> Reference | None:
        """Read a frame; None when it is no reference."""
        if len(frame) != REFERENCE_BYTES or bytes(frame[: len(MAGIC)]) != MAGIC:
            return None
        return cls(*_REFERENCE.unpack(frame)[1:])


def opened_segments(limits: Limits, *, wanted: bool) -> Segments | None:
    """Return what follows references, when that is wanted and possible."""
    return Segments(limits) if wanted and available() else None


class _Refused(Exception):
    """Why a reference is not followed; the log learns it, the peer does not."""


@dataclass(frozen=True, slots=True)
class _Mapping:
    memory: mmap.mmap
    path: str
    identity: tuple[int, int]

    def alive(self) -> bool:
        """Tell whether the client still has the segment open."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.identity


class Segments:
    """The segments of clients that this process has mapped; any thread may use it.

    Parameters
    ----------
    limits : Limits
        A segment of more than twice the arrays that one message may carry is not mapped.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._most_bytes = LABEL_BYTES + 2 * limits.array_bytes
        self._lock = threading.Lock()
        self._mappings: OrderedDict[_Key, _Mapping] = OrderedDict()
        self._looking = False
        self._device: int | None = None

    def __len__(self) -> int:
        return len(self._mappings)

    def read(self, frame: Frame, size: int) -> memoryview | None:
        """Follow a reference.

        Parameters
        ----------
        frame : frame
            Any bytes whatever.
        size : int
            How many bytes the array has; within the limits already.

        Returns
        -------
        memoryview or None
            Read-only, in the client's own memory, which stays mapped for as long as this is used;
            None when the frame is no reference or is refused.
        """
        reference = Reference.decode(frame)
        if reference is None:
            return None
        try:
            if reference.offset < LABEL_BYTES or reference.offset % ALIGNMENT:
                raise _Refused("the offset is none that an array can have")
            memory = self._mapped(reference, reference.offset + size)
            if LABEL.unpack_from(memory)[2] != reference.turn:
                raise _Refused("the segment has been written again since")
        except (_Refused, OSError, ValueError, OverflowError) as reason:
            _LOG.debug("shared memory refused: %s", reason)
            return None
        return memoryview(memory)[reference.offset : reference.offset + size]

    def _mapped(self, reference: Reference, end: int) -> mmap.mmap:
        with self._lock:
            key = (reference.secret, reference.process, reference.descriptor)
            found = self._mappings.get(key)
            if found is None or len(found.memory) < end:
                found = self._open(reference, end)
                self._keep(key, found)
            self._mappings.move_to_end(key)
            return found.memory

    def _open(self, reference: Reference, end: int) -> _Mapping:
        path = f"/proc/{reference.process}/fd/{reference.descriptor}"
        # O_PATH opens nothing: what it is can be seen before anything is done with it.
        seen = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if os.readlink(f"/proc/self/fd/{seen}") != _LINK:
                raise _Refused("it is no segment")
            status = os.fstat(seen)
            if not stat.S_ISREG(status.st_mode) or status.st_dev != self._memory_device():
                raise _Refused("it is no memory file")
            if status.st_uid != os.geteuid():
                raise _Refused("it is another user's")
            opened = os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(seen)
        try:
            if not fcntl.fcntl(opened, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
                raise _Refused("it is not sealed against shrinking")
            length = os.fstat(opened).st_size  # After the seal: from now on it can only grow.
            if not end <= length <= self._most_bytes:
                raise _Refused(f"it has {length} bytes, and the array ends at {end}")
            memory = mmap.mmap(opened, length, access=mmap.ACCESS_READ)
        finally:
            os.close(opened)
        magic, secret, _ = LABEL.unpack_from(memory)
        if magic != MAGIC or not hmac.compare_digest(secret, reference.secret):
            raise _Refused("the segment has another label")
        return _Mapping(memory, path, (status.st_dev, status.st_ino))

    def _memory_device(self) -> int:
        """Return the device of the mount that all memory files are on, huge pages aside."""
        if self._device is None:
            own = os.memfd_create(SEGMENT_NAME, os.MFD_CLOEXEC)
            try:
                self._device = os.fstat(own).st_dev
            finally:
                os.close(own)
        return self._device

    def _keep(self, key: _Key, mapping: _Mapping) -> None:
        self._mappings[key] = mapping
        while len(self._mappings) > _SEGMENTS:
            self._mappings.popitem(last=False)
        if not self._looking:
            self._looking = True
            threading.Thread(target=self._look, name="segments", daemon=True).start()

    def _look(self) -> None:
        """Let go of what clients have let go of, until nothing is left."""
        pause = threading.Event()
        while True:
            pause.wait(_LOOK_S)
            with self._lock:
                try:
                    for key, mapping in list(self._mappings.items()):
                        if not mapping.alive():
                            del self._mappings[key]
                except BaseException:
                    self._looking = False  # The next mapping starts another look.
                    raise
                if not self._mappings:
                    self._looking = False
                    return
