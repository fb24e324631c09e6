"""The loader script of the embedded engine, lean.js, made small and quick."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from lpb_cli.errors import EngineUnavailableError

__all__ = ["exports_asked_for", "patch_loader", "slim_loader"]

_IDENTIFIER = re.compile(rb"[A-Za-z_$][A-Za-z0-9_$]*")
_ASSIGNMENT = re.compile(
    rb'(_[A-Za-z0-9_$]+)=(?:(_[A-Za-z0-9_$]+)=)?Module\["_[^"]+"\]=wasmExports\["[^"]+"\](?:\.value)?;'
)


def slim_loader(source: bytes) -> bytes:
    """Drop the 200,000 assignments of exports to global names that nothing uses.

    The loader is ``… var a,b,c,…;function assignWasmExports(…){a=…;b=…;…}…``: a declaration of
    all names, then their assignments. Both lose the names that stand nowhere else.

    Raises
    ------
    EngineUnavailableError
        When the loader is not of that form.
    """
    assign = source.find(b"function assignWasmExports")
    declare = source.rfind(b"var ", 0, assign)
    matches = list(_ASSIGNMENT.finditer(source, max(assign, 0)))
    if assign < 0 or declare < 0 or not matches:
        raise EngineUnavailableError("The engine's loader script is not of the known form.")
    begin, end = matches[0].start(), matches[-1].end()
    between = [source[left.end() : right.start()] for left, right in pairwise(matches)]
    rest = b"".join([source[:declare], source[assign:begin], *between, source[end:]])
    used = set(_IDENTIFIER.findall(rest))
    kept: list[bytes] = []
    for match, gap in zip(matches, [*between, b""], strict=True):
        if match.group(1) in used or match.group(2) in used:
            kept.append(match.group(0))
            used.update(name for name in match.groups() if name)
        kept.append(gap)
    names = source[declare + 4 : assign].rstrip(b";").split(b",")
    declared = b",".join(name for name in names if name.split(b"=")[0] in used)
    return b"".join(
        [source[:declare], b"var ", declared, b";", source[assign:begin], *kept, source[end:]]
    )


_PATCHES = (
    # Every symbol look-up was a linear search among 200,000 keys: 150 s of each run. What the
    # module does not export is in symbols.bin; the functions of JavaScript are in a map.
    (
        b"var __dlsym_js=(handle,symbol,symbolIndex)=>{",
        b"var __dlsym_js=(handle,symbol,symbolIndex)=>{"
        b"var known=symbols.find(symbol);if(known)return known;",
    ),
    (
        b"newSymIndex=Object.keys(lib.exports).indexOf(symbol);",
        b"lib.index??=new Map(Object.keys(lib.exports).map((k,i)=>[k,i]));"
        b"newSymIndex=lib.index.get(symbol)??-1;",
    ),
    # Workers start on demand under Node; waiting for four of them costs 15 s and 2 GB.
    (b"var pthreadPoolSize=4;", b"var pthreadPoolSize=0;"),
    # A global and a second place in the table for each export serve side modules, of which
    # there are none.
    (
        b"if(isInternalSym(symName)){continue}var value=exports[symName];",
        b"if(!GOT[symName]||isInternalSym(symName)){continue}var value=exports[symName];",
    ),
    (
        b"functionsInTableMap=new WeakMap;updateTableMap(0,wasmTable.length)",
        b"functionsInTableMap=new WeakMap",
    ),
    # An array with few and large indices is a hash table in V8; every try block of C++ reads it.
    (b"var wasmTableMirror=[];", b"var wasmTableMirror=Array.from({length:1<<18});"),
    (
        b"function getWasmImports(){assignWasmImports();",
        b"function getWasmImports(){assignWasmImports();Object.assign(wasmImports,invokes());",
    ),
    # Threads read files themselves: see worker_files.js. Symbols: see symbols.js. Exceptions: see
    # invokes.js.
    (
        b"var proxyToMainThread=",
        b"".join(
            (Path(__file__).parent / "engine" / name).read_bytes()
            for name in ("worker_files.js", "symbols.js", "invokes.js")
        )
        + b"var proxyToMainThread=",
    ),
    *(
        (
            b"return proxyToMainThread(%b,0,1,%b)" % (index, arguments),
            b"return ownFiles.%b(%b)??proxyToMainThread(%b,0,1,%b)"
            % (name, arguments, index, arguments),
        )
        for name, index, arguments in (
            (b"stat", b"45", b"path,buf"),
            (b"open", b"34", b"dirfd,path,flags,varargs"),
            (b"fstat", b"20", b"fd,buf"),
            (b"read", b"158", b"fd,iov,iovcnt,pnum"),
            (b"seek", b"159", b"fd,offset,whence,newOffset"),
            (b"close", b"154", b"fd"),
        )
    ),
)


def patch_loader(source: bytes) -> bytes:
    """Take out what makes the loader slow; each place must be there exactly once.

    Raises
    ------
    EngineUnavailableError
        When a place is not there.
    """
    for old, new in _PATCHES:
        if source.count(old) != 1:
            raise EngineUnavailableError(
                f"The engine's loader script is not of the known form: {old[:40]!r}."
            )
        source = source.replace(old, new)
    return source


_EXPORT_ASKED_FOR = re.compile(rb'wasmExports\["([^"]+)"\]')
# The loader asks for these by a list in the module.
_THREAD_LOCALS = frozenset({"__THREW__", "__threwValue", "_mi_heap_default"})


def exports_asked_for(slimmed: bytes) -> set[str]:
    """Give the module's exports that a slimmed loader asks for by name."""
    return {name.decode() for name in _EXPORT_ASKED_FOR.findall(slimmed)} | _THREAD_LOCALS
