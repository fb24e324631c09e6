"""Reads Lean's compiled modules, `.olean` files, that the embedded engine writes or comes with.

A file is a header, a pointer to the root and a compacted region: Lean's objects as they lie in the
memory of a 32-bit machine, at addresses from a base that the header names. A module of ours is
three files (`.olean`, `.olean.server`, `.olean.private`) which point into one another; the last
one's root holds everything, bodies of theorems included. Modules of the library come without the
latter two.

::

    0   "olean", version 2, flags       40  revision of Lean
    7   version of Lean                 80  base address         84  address of the root
    object: int count, u16 size, u8 number of pointers, u8 tag; pointers; numbers
    an odd pointer is no address but a number, shifted by one
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

from lpb_cli.errors import EnvironmentLacksError

__all__ = ["Olean", "OleanError", "Pointer", "Tag"]

Pointer = int
"""The address of an object in a module, or a number when it is odd."""

_BASE_AT: Final = 80
_HEADER_BYTES: Final = 8
_VERSION: Final = b"olean\x02"
_POINTERS: Final = [struct.Struct(f"<{count}I") for count in range(256)]


class Tag(IntEnum):
    """What an object is, when it is no constructor."""

    ARRAY = 246
    STRING = 249
    BIG_NUMBER = 250


class OleanError(EnvironmentLacksError):
    """A file is no `.olean` that this module can read."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"{file} cannot be read: {reason}.",
            "Remove the folder it lies in: it is made again.",
        )


class Olean:
    """A compiled module.

    Parameters
    ----------
    files
        Its parts; the root is that of the last one.

    Raises
    ------
    OleanError
        When a file is cut short, or of another format. So do the methods.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._file = files[-1]
        self._parts: list[tuple[int, int, bytes]] = []
        for file in files:
            try:
                content = file.read_bytes()
                if not content.startswith(_VERSION):
                    raise OleanError(file, "its header is another")
                base, self.root = struct.unpack_from("<II", content, _BASE_AT)
            except (OSError, struct.error) as error:
                raise OleanError(file, str(error)) from error
            self._parts.append((base, base + len(content), content))

    def _object(self, pointer: Pointer) -> tuple[bytes, int]:
        """Give the bytes of the part that an object lies in, and where in them."""
        for start, end, content in self._parts:
            if start <= pointer <= end - _HEADER_BYTES:
                return content, pointer - start
        raise OleanError(self._file, f"it points outside, to {pointer:#x}")

    def _unpack(self, format_: str, pointer: Pointer, offset: int) -> tuple[int, ...]:
        content, start = self._object(pointer)
        try:
            return struct.unpack_from(format_, content, start + offset)
        except struct.error as error:
            raise OleanError(self._file, "it is cut short") from error

    def tag(self, pointer: Pointer) -> int:
        """Give an object's constructor, or its `Tag`."""
        if pointer & 1:
            return pointer >> 1
        content, start = self._object(pointer)
        return content[start + 7]

    def fields(self, pointer: Pointer) -> tuple[Pointer, ...]:
        """Give the pointers of a constructor object."""
        return self.constructor(pointer)[1]

    def constructor(self, pointer: Pointer) -> tuple[int, tuple[Pointer, ...]]:
        """Give which constructor made an object, and its pointers."""
        content, start = self._object(pointer)
        try:
            return content[start + 7], _POINTERS[content[start + 6]].unpack_from(
                content, start + _HEADER_BYTES
            )
        except struct.error as error:
            raise OleanError(self._file, "it is cut short") from error

    def byte(self, pointer: Pointer, offset: int) -> int:
        """Give a byte of the numbers behind a constructor object's pointers."""
        content, start = self._object(pointer)
        return self._unpack("<B", pointer, _HEADER_BYTES + 4 * content[start + 6] + offset)[0]

    def word(self, pointer: Pointer) -> int:
        """Give the first 32 bits of these numbers."""
        content, start = self._object(pointer)
        return self._unpack("<I", pointer, _HEADER_BYTES + 4 * content[start + 6])[0]

    def array(self, pointer: Pointer) -> tuple[Pointer, ...]:
        """Give the items of an array."""
        self._expect(pointer, Tag.ARRAY)
        (size,) = self._unpack("<I", pointer, 8)
        return self._unpack(f"<{size}I", pointer, 16)

    def list(self, pointer: Pointer) -> list[Pointer]:
        """Give the items of a list."""
        items: list[Pointer] = []
        while not pointer & 1:
            item, pointer = self.fields(pointer)
            items.append(item)
        return items

    def string(self, pointer: Pointer) -> bytes:
        """Give the UTF-8 bytes of a string."""
        self._expect(pointer, Tag.STRING)
        (size,) = self._unpack("<I", pointer, 8)  # with a NUL at the end
        content, start = self._object(pointer)
        return content[start + 20 : start + 20 + size - 1]

    def natural(self, pointer: Pointer) -> int:
        """Give a natural number."""
        if pointer & 1:
            return pointer >> 1
        self._expect(pointer, Tag.BIG_NUMBER)
        _, limbs, digits = self._unpack("<iiI", pointer, 8)
        if limbs < 0:
            raise OleanError(self._file, "a natural number is negative")
        value = 0
        for limb in reversed(self._unpack(f"<{limbs}I", digits, 0)):
            value = value << 32 | limb
        return value

    def name(self, pointer: Pointer) -> str:
        """Give a name as text, its parts divided by dots."""
        parts: list[str] = []
        while not pointer & 1:
            string = self.tag(pointer) == 1
            pointer, part = self.fields(pointer)
            parts.append(self.string(part).decode() if string else str(self.natural(part)))
        return ".".join(reversed(parts))

    def _expect(self, pointer: Pointer, tag: Tag) -> None:
        if pointer & 1 or self.tag(pointer) != tag:
            raise OleanError(self._file, f"{pointer:#x} is no {tag.name.lower()}")
