"""The few sections of a WebAssembly module that ``wasm_exports`` reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from lpb_cli.toolchain.wasm_bytes import Reader, WasmFormatError, leb

__all__ = [
    "HEADER",
    "ElementSegment",
    "Export",
    "ExportKind",
    "FunctionType",
    "Import",
    "Section",
    "constants",
    "element_segment",
    "exports",
    "frames",
    "function_types",
    "imports",
    "table_size",
]

HEADER = b"\0asm\x01\0\0\0"
_FUNCREF = 0x70
_FUNCTION_TYPE = 0x60
_I32 = 0x7F
_I32_CONST, _I64_CONST, _F32_CONST, _F64_CONST, _GLOBAL_GET = 0x41, 0x42, 0x43, 0x44, 0x23
_END = 0x0B


class Section(IntEnum):
    """A section's number."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    GLOBAL = 6
    EXPORT = 7
    ELEMENT = 9
    CODE = 10


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
class Import:
    """An entry of the import section; of a function or tag with the index of its type."""

    module: str
    name: str
    kind: ExportKind
    type: int


@dataclass(frozen=True, slots=True)
class FunctionType:
    """The type of a function: one byte for each parameter and each result."""

    parameters: bytes
    results: bytes

    def encode(self) -> bytes:
        """Write the type."""
        return b"".join(
            [
                bytes([_FUNCTION_TYPE]),
                *(leb(len(part)) + part for part in (self.parameters, self.results)),
            ]
        )


@dataclass(frozen=True, slots=True)
class ElementSegment:
    """Functions that stand in the table from an index on."""

    start: int
    functions: list[int]


def _kind(reader: Reader) -> ExportKind:
    byte = reader.byte()
    if byte > max(ExportKind):
        raise WasmFormatError(f"{byte} is no kind of export")
    return ExportKind(byte)


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
    reader = Reader(data)
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
    reader = Reader(section)
    return [Export(reader.text(), _kind(reader), reader.number()) for _ in range(reader.number())]


def table_size(section: bytes | memoryview) -> int:
    """Read the table section: one table of functions, of any size from the one given on."""
    reader = Reader(section)
    if (reader.number(), reader.byte(), reader.byte()) != (1, _FUNCREF, 0):
        raise WasmFormatError("the module's table is not one of functions without a greatest size")
    return reader.number()


def element_segment(section: bytes | memoryview, size: int) -> ElementSegment:
    """Read the element section: one active segment for a table of that size."""
    reader = Reader(section)
    if (reader.number(), reader.number(), reader.byte()) != (1, 0, _I32_CONST):
        raise WasmFormatError("the module fills its table in another way than by one segment")
    start = reader.signed()
    if reader.byte() != _END:
        raise WasmFormatError("the module fills its table from an index that is no constant")
    functions = [reader.number() for _ in range(reader.number())]
    if not reader.at_end or start < 0 or start + len(functions) > size:
        raise WasmFormatError("the module's table does not hold what it is filled with")
    return ElementSegment(start, functions)


def constants(imported: list[Import], section: bytes | memoryview) -> dict[int, int]:
    """Give the immutable globals that are 32-bit constants, by their index, and their values.

    Those that the module imports have the first indices.
    """
    reader = Reader(section)
    first = sum(entry.kind is ExportKind.GLOBAL for entry in imported)
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


def imports(section: bytes | memoryview) -> list[Import]:
    """Read the import section."""
    reader = Reader(section)
    found: list[Import] = []
    for _ in range(reader.number()):
        module, name, kind, index = reader.text(), reader.text(), _kind(reader), 0
        match kind:
            case ExportKind.FUNCTION:
                index = reader.number()
            case ExportKind.TABLE:
                reader.byte()
                reader.limits()
            case ExportKind.MEMORY:
                reader.limits()
            case ExportKind.GLOBAL:
                reader.take(2)
            case ExportKind.TAG:
                reader.byte()
                index = reader.number()
        found.append(Import(module, name, kind, index))
    return found


def function_types(section: bytes | memoryview) -> list[FunctionType]:
    """Read the type section, in which there must be nothing but types of functions."""
    reader = Reader(section)
    found: list[FunctionType] = []
    for _ in range(reader.number()):
        if reader.byte() != _FUNCTION_TYPE:
            raise WasmFormatError("the module has types of other things than functions")
        parameters = bytes(reader.take(reader.number()))
        found.append(FunctionType(parameters, bytes(reader.take(reader.number()))))
    return found
