"""Rewrite a WebAssembly module so that its symbols are reached by number, not by export.

Lean's module exports each of its 190,000 functions by name. To instantiate it makes an object of
each, in every thread, and lean.js puts each into tables of its own: most of the engine's start.
Here the exports that nobody asks for by name become entries of the module's own function table,
which cost nothing until they are called, and a list of names and table indices; exported data
becomes a list of names and addresses.

Only what that needs is parsed; see ``wasm_sections``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lpb_cli.toolchain.wasm_bytes import WasmFormatError, items, leb, signed_leb
from lpb_cli.toolchain.wasm_sections import (
    HEADER,
    ElementSegment,
    Export,
    ExportKind,
    Section,
    constants,
    element_segment,
    exports,
    frames,
    imports,
    table_size,
)

__all__ = ["FoldedModule", "fold_exports"]


@dataclass(frozen=True, slots=True)
class FoldedModule:
    """A rewritten module.

    Attributes
    ----------
    binary
        The module. It exports only what was asked for.
    symbols
        What was exported, by its name: the table index of a function, and of data its address.
    """

    binary: bytes
    symbols: dict[str, int]


def fold_exports(module: bytes, keep: Collection[str]) -> FoldedModule:
    """Move exported functions into the module's table, and drop all exports but those in `keep`.

    Tables, memories and tags stay exported as they were. Of the globals that are dropped, the
    constants of 32 bits are listed: these are addresses.

    Raises
    ------
    WasmFormatError
        When the module is damaged, lacks an export of `keep`, or has another form: it must have
        one table, of functions, that can hold any number of them, and one active segment that
        fills it from a constant index.
    """
    found = {number: content for number, content in frames(module) if number != Section.CUSTOM}
    for section in (Section.TABLE, Section.EXPORT, Section.ELEMENT):
        if section not in found:
            raise WasmFormatError(f"the module has no {section.name.lower()} section")
    exported = exports(found[Section.EXPORT])
    missing = sorted(set(keep) - {export.name for export in exported})
    if missing:
        raise WasmFormatError(f"the module does not export {', '.join(missing)}")
    size = table_size(found[Section.TABLE])
    segment = element_segment(found[Section.ELEMENT], size)
    added, symbols = _slots(exported, segment, size)
    imported = imports(found.get(Section.IMPORT, b"\0"))
    values = constants(imported, found.get(Section.GLOBAL, b"\0"))
    for export in exported:
        if export.kind is ExportKind.GLOBAL and values.get(export.index, 0) > 0:
            symbols[export.name] = values[export.index]
    dropped = (ExportKind.FUNCTION, ExportKind.GLOBAL)
    kept = [export for export in exported if export.name in keep or export.kind not in dropped]
    rewritten: dict[int, bytes] = {
        Section.TABLE: b"\x01\x70\x00" + leb(size + len(added)),
        Section.EXPORT: leb(len(kept)) + b"".join(export.encode() for export in kept),
    }
    if added:
        rewritten[Section.ELEMENT] = _with_segment(found[Section.ELEMENT], size, added)
    parts: list[bytes | memoryview] = [HEADER]
    for number, content in frames(module):
        written = rewritten.get(number, content)
        parts += [bytes([number]), leb(len(written)), written]
    return FoldedModule(b"".join(parts), symbols)


def _slots(
    exported: list[Export], segment: ElementSegment, size: int
) -> tuple[list[int], dict[str, int]]:
    """Give the functions that the table lacks, and the index that each exported one then has."""
    # A function that stands twice is found at its last place, as lean.js finds it.
    slots = {function: segment.start + i for i, function in enumerate(segment.functions)}
    added: list[int] = []
    symbols: dict[str, int] = {}
    for export in exported:
        if export.kind is not ExportKind.FUNCTION:
            continue
        if export.index not in slots:
            slots[export.index] = size + len(added)
            added.append(export.index)
        symbols[export.name] = slots[export.index]
    return added, symbols


def _with_segment(section: bytes | memoryview, index: int, functions: list[int]) -> bytes:
    """Add a segment that fills the table from an index; `section` has one."""
    offset = b"\x00\x41" + signed_leb(index) + b"\x0b"
    return b"".join([b"\x02", items(section), offset, leb(len(functions)), *map(leb, functions)])
