"""Calls inside try blocks: what C++ throws is caught and said, anything else goes through."""

import pytest
from lpb_cli.toolchain.wasm_bytes import WasmFormatError
from lpb_cli.toolchain.wasm_exports import fold_exports
from lpb_cli.toolchain.wasm_invoke import invoke_module, with_imported_table
from lpb_cli.toolchain.wasm_sections import HEADER
from wasm_by_hand import body, export, name, run_node, section

GET, RESTORE, MARK, CALLED, RUN, WIDE, RUN_WIDE = range(3, 10)

MODULE = b"".join(
    [
        HEADER,
        section(
            1,
            bytes.fromhex("6000017f"),  # 0: () -> i32
            bytes.fromhex("60017f00"),  # 1: (i32) -> ()
            bytes.fromhex("60027f7f00"),  # 2: (i32, i32) -> ()
            bytes.fromhex("60027f7f017f"),  # 3: (i32, i32) -> i32
            bytes.fromhex("60017f017f"),  # 4: (i32) -> i32
            bytes.fromhex("60027f7e017e"),  # 5: (i32, i64) -> i64
            bytes.fromhex("60017e017e"),  # 6: (i64) -> i64
        ),
        section(
            2,
            name("env") + name("invoke_ii") + b"\x00\x03",
            name("env") + name("throw") + b"\x00\x01",
            name("env") + name("invoke_jj") + b"\x00\x05",
        ),
        section(3, *(bytes([kind]) for kind in (0, 1, 2, 4, 3, 6, 5))),
        section(4, b"\x70\x00\x01"),
        section(6, bytes.fromhex("7f0141070b"), bytes.fromhex("7f0141000b")),
        section(
            7,
            export("emscripten_stack_get_current", 0, GET),
            export("_emscripten_stack_restore", 0, RESTORE),
            export("setThrew", 0, MARK),
            export("called", 0, CALLED),
            export("run", 0, RUN),
            export("wide", 0, WIDE),
            export("runWide", 0, RUN_WIDE),
            export("stack", 3, 0),
            export("threw", 3, 1),
        ),
        section(9, b"\x00\x41\x00\x0b\x00"),
        section(
            10,
            body("2300"),
            body("20002400"),
            body("20002401"),
            body("41e3002400", "20001001", "2000", "4101", "6a"),  # moves the stack, may throw
            body("2000", "2001", "1000"),
            body("4100", "1001", "2000"),
            body("2000", "2001", "1002"),
        ),
    ]
)
KEPT = ("run", "runWide", "stack", "threw")


def ask(script: str) -> object:
    folded = fold_exports(MODULE, KEPT)
    invokes = invoke_module(folded.binary, folded.symbols)
    return run_node(
        f"""
        const make = (hex, env) => new WebAssembly.Instance(
          new WebAssembly.Module(Buffer.from(hex, "hex")), {{ env }}).exports;
        const invokes = make("{invokes.hex()}",
          {{ tag: WebAssembly.JSTag, is_cpp: (error) => error === error + 0 }});
        const thrown = [undefined, 4096, new Error("not C++")];
        const lean = make("{with_imported_table(folded.binary).hex()}",
          {{ ...invokes, throw: (number) => {{ if (thrown[number]) throw thrown[number]; }} }});
        const state = () => [lean.stack.value, lean.threw.value];
        const [called, wide] = [{folded.symbols["called"]}, {folded.symbols["wide"]}];
        {script}
        """
    )


def test_what_returns_gives_its_result_and_leaves_no_mark() -> None:
    assert ask("return [lean.run(called, 0), state()];") == [1, [99, 0]]


def test_what_cpp_throws_is_caught_marked_and_the_stack_is_put_back() -> None:
    assert ask("return [lean.run(called, 1), state()];") == [0, [7, 1]]


def test_anything_else_goes_through() -> None:
    said = ask(
        """
        try { lean.run(called, 2); } catch (error) { return [error.message, state()]; }
        """
    )
    assert said == ["not C++", [7, 0]]


def test_wide_numbers_pass() -> None:
    assert ask("return String(lean.runWide(wide, 5n));") == "5"


def test_a_module_without_what_catching_takes_is_refused() -> None:
    with pytest.raises(WasmFormatError, match="does not export setThrew"):
        invoke_module(MODULE, {"emscripten_stack_get_current": 1, "_emscripten_stack_restore": 2})
