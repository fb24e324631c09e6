"""The few sections of a WebAssembly module that ``wasm_exports`` reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "HEADER",
    "ElementSegment",
    "Export",
    "ExportKind",
    "Section",
    "WasmFormatError",
    "constants",
    "element_segment",
    "exports",
    "frames",
    "leb",
    "signed_leb",
    "table_size",
]

HEADER = b"\0asm\x01\0\0\0"
_FUNCREF = 0x70
_I32 = 0x7F
_I32_CONST, _I64_CONST, _F32_CONST, _F64_CONST, _GLOBAL_GET = 0x41, 0x42, 0x43, 0x44, 0x23
_END = 0x0B


class WasmFormatError(ValueError):
    """The module is damaged, or not of the form that this code knows."""


class Section(IntEnum):
    """A section's number."""

    CUSTOM = 0
    IMPORT = 2
    TABLE = 4
    GLOBAL = 6
    EXPORT = 7
    ELEMENT = 9


class ExportKind(IntEnum):
    """What an import or export is."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4


@dataclass(frozen=True, slots=True)
class Export:
    """An entry of the export section."""

    name: str
    kind: ExportKind
    index: int

    def encode(self) -> bytes:
        """Write the entry."""
        text = self.name.encode()
        return leb(len(text)) + text + bytes([self.kind]) + leb(self.index)


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """Functions that stand in the table from an index on."""

    start: int
    functions: list[int]


class _Reader:
    """Reads bytes from the beginning; every read is checked."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data
        self.place = 0

    @property
    def at_end(self) -> bool:
        return self.place == len(self.data)

    def take(self, count: int) -> bytes | memoryview:
        end = self.place + count
        if end > len(self.data):
            raise WasmFormatError("the module ends too early")
        taken = self.data[self.place : end]
        self.place = end
        return taken

    def byte(self) -> int:
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
        try:
            return str(self.take(self.number()), "utf-8")
        except UnicodeDecodeError as error:
            raise WasmFormatError("a name is no UTF-8") from error

    def kind(self) -> ExportKind:
        byte = self.byte()
        if byte > max(ExportKind):
            raise WasmFormatError(f"{byte} is no kind of export")
        return ExportKind(byte)

    def limits(self) -> None:
        flags = self.byte()
        self.number()
        if flags & 1:
            self.number()


def frames(module: bytes) -> Iterator[tuple[int, memoryview]]:
    """Give each section's number and content, in order.

    Raises
    ------
    WasmFormatError
        When this is no module, or a section other than a custom one is there twice.
    """
    data = memoryview(module)
    if data[: len(HEADER)] != HEADER:
        raise WasmFormatError("this is no WebAssembly module of version 1")
    reader = _Reader(data)
    reader.place = len(HEADER)
    seen: set[int] = set()
    while not reader.at_end:
        number = reader.byte()
        if number != Section.CUSTOM and number in seen:
            raise WasmFormatError(f"section {number} is there twice")
        seen.add(number)
        content = reader.take(reader.number())
        assert isinstance(content, memoryview)
        yield number, content


def exports(section: bytes | memoryview) -> list[Export]:
    """Read the export section."""
    reader = _Reader(section)
    return [Export(reader.text(), reader.kind(), reader.number()) for _ in range(reader.number())]


def table_size(section: bytes | memoryview) -> int:
    """Read the table section: one table of functions, of any size from the one given on."""
    reader = _Reader(section)
    if (reader.number(), reader.byte(), reader.byte()) != (1, _FUNCREF, 0):
        raise WasmFormatError("the module's table is not one of functions without a greatest size")
    return reader.number()


def element_segment(section: bytes | memoryview, size: int) -> ElementSegment:
    """Read the element section: one active segment for a table of that size."""
    reader = _Reader(section)
    if (reader.number(), reader.number(), reader.byte()) != (1, 0, _I32_CONST):
        raise WasmFormatError("the module fills its table in another way than by one segment")
    start = reader.signed()
    if reader.byte() != _END:
        raise WasmFormatError("the module fills its table from an index that is no constant")
    functions = [reader.number() for _ in range(reader.number())]
    if not reader.at_end or start < 0 or start + len(functions) > size:
        raise WasmFormatError("the module's table does not hold what it is filled with")
    return ElementSegment(start, functions)


def constants(imports: bytes | memoryview, section: bytes | memoryview) -> dict[int, int]:
    """Give the immutable globals that are 32-bit constants, by their index, and their values."""
    reader = _Reader(section)
    first = _imported_globals(imports)
    found: dict[int, int] = {}
    for index in range(first, first + reader.number()):
        kind, mutable, code = reader.byte(), reader.byte(), reader.byte()
        value = 0
        match code:
            case c if c in (_I32_CONST, _I64_CONST):
                value = reader.signed()
            case c if c in (_F32_CONST, _F64_CONST):
                reader.take(4 if code == _F32_CONST else 8)
            case c if c == _GLOBAL_GET:
                reader.number()
            case _:
                raise WasmFormatError(f"a global begins with an unknown instruction, {code:#x}")
        if reader.byte() != _END:
            raise WasmFormatError("a global is more than a constant")
        if (kind, mutable, code) == (_I32, 0, _I32_CONST):
            found[index] = value
    return found


def _imported_globals(section: bytes | memoryview) -> int:
    """Count the globals that the module imports: they have the first indices."""
    reader = _Reader(section)
    count = 0
    for _ in range(reader.number()):
        reader.text()
        reader.text()
        kind = reader.kind()
        match kind:
            case ExportKind.FUNCTION:
                reader.number()
            case ExportKind.TABLE:
                reader.byte()
                reader.limits()
            case ExportKind.MEMORY:
                reader.limits()
            case ExportKind.GLOBAL:
                reader.take(2)
                count += 1
            case ExportKind.TAG:
                reader.byte()
                reader.number()
    return count


def leb(value: int) -> bytes:
    """Write an unsigned LEB128 number."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def signed_leb(value: int) -> bytes:
    """Write a signed LEB128 number that is not negative."""
    written = bytearray()
    while value > 0x3F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
