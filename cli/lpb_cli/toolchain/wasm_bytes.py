"""Reading and writing the bytes that WebAssembly modules are made of."""

from __future__ import annotations

__all__ = ["Reader", "WasmFormatError", "items", "leb", "signed_leb"]


class WasmFormatError(ValueError):
    """The module is damaged, or not of the form that this code knows."""


class Reader:
    """Reads bytes from the beginning.

    Every method raises `WasmFormatError` when what it reads is not there.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data
        self.place = 0

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self.place == len(self.data)

    def take(self, count: int) -> bytes | memoryview:
        """Read so many bytes."""
        end = self.place + count
        if end > len(self.data):
            raise WasmFormatError("the module ends too early")
        taken = self.data[self.place : end]
        self.place = end
        return taken

    def byte(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """Read an unsigned LEB128 number of at most 32 bits."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise WasmFormatError("a number is longer than 32 bits")

    def signed(self) -> int:
        """Read a signed LEB128 number of at most 64 bits."""
        value = 0
        for shift in range(0, 70, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value - (1 << (shift + 7)) if byte & 0x40 else value
        raise WasmFormatError("a number is longer than 64 bits")

    def text(self) -> str:
        """Read a name."""
        try:
            return str(self.take(self.number()), "utf-8")
        except UnicodeDecodeError as error:
            raise WasmFormatError("a name is no UTF-8") from error

    def limits(self) -> None:
        """Pass over the size of a table or memory."""
        flags = self.byte()
        self.number()
        if flags & 1:
            self.number()


def items(section: bytes | memoryview) -> bytes | memoryview:
    """Give a section's content without the number that says how many items follow."""
    reader = Reader(section)
    reader.number()
    return section[reader.place :]


def leb(value: int) -> bytes:
    """Write an unsigned LEB128 number."""
    return _leb(value, 0x7F)


def signed_leb(value: int) -> bytes:
    """Write a signed LEB128 number that is not negative."""
    return _leb(value, 0x3F)


def _leb(value: int, last: int) -> bytes:
    """Write a number whose last byte is at most `last`."""
    written = bytearray()
    while value > last:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
