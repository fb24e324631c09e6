"""Writing small WebAssembly modules, and running them."""

from __future__ import annotations

import json
import subprocess

from lpb_cli.toolchain.node import find_node
from lpb_cli.toolchain.wasm_bytes import leb


def section(number: int, *items: bytes) -> bytes:
    content = leb(len(items)) + b"".join(items)
    return bytes([number]) + leb(len(content)) + content


def name(text: str) -> bytes:
    return leb(len(text.encode())) + text.encode()


def export(text: str, kind: int, index: int) -> bytes:
    return name(text) + bytes([kind]) + leb(index)


def body(*instructions: str) -> bytes:
    """Write a function without locals, its instructions in hexadecimal."""
    code = b"\x00" + bytes.fromhex("".join(instructions)) + b"\x0b"
    return leb(len(code)) + code


def run_node(script: str) -> object:
    """Give what a script returns."""
    argv = [str(find_node()), "-e", f"console.log(JSON.stringify((() => {{{script}}})()))"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    return json.loads(done.stdout)
