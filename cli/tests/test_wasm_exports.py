"""The rewriting of the engine's module, on small modules made by hand and run by Node.js."""

import json
from pathlib import Path

import pytest
from lpb_cli.toolchain.symbol_index import symbol_index
from lpb_cli.toolchain.wasm_bytes import WasmFormatError
from lpb_cli.toolchain.wasm_exports import fold_exports
from lpb_cli.toolchain.wasm_sections import HEADER
from wasm_by_hand import export, name, run_node, section

ENGINE = Path(fold_exports.__code__.co_filename).parent / "engine"


TYPE = section(1, b"\x60\x00\x01\x7f")
IMPORT = section(2, name("env") + name("given") + b"\x03\x7f\x00")
FUNCTION = section(3, *[b"\x00"] * 4)
TABLE = section(4, b"\x70\x00\x03")
GLOBAL = section(
    6, b"\x7f\x00\x41\xc0\x84\x3d\x0b", b"\x7f\x01\x41\x07\x0b", b"\x7e\x00\x42\x07\x0b"
)
EXPORT = section(
    7,
    *(export(f"answer{i}", 0, i) for i in range(3)),
    export("alias1", 0, 1),
    export("grüße", 3, 1),
    export("variable", 3, 2),
    export("wide", 3, 3),
    export("table", 1, 0),
)
ELEMENT = section(9, b"\x00\x41\x01\x0b\x02\x03\x01")  # from 1 on: functions 3 and 1
CODE = section(10, *(b"\x04\x00\x41" + bytes([40 + i]) + b"\x0b" for i in range(4)))
NOTE = bytes([0, 5]) + name("note")


def module(
    table: bytes = TABLE,
    globals_: bytes = GLOBAL,
    exports: bytes = EXPORT,
    element: bytes = ELEMENT,
) -> bytes:
    return b"".join([HEADER, TYPE, IMPORT, FUNCTION, table, globals_, exports, element, CODE, NOTE])


def test_functions_are_in_the_table_where_the_list_says() -> None:
    folded = fold_exports(module(), {"answer0"})
    said = run_node(
        f"""
        const binary = Buffer.from("{folded.binary.hex()}", "hex");
        const imports = {{ env: {{ given: 1 }} }};
        const {{ exports }} = new WebAssembly.Instance(new WebAssembly.Module(binary), imports);
        const called = (index) => exports.table.get(index)();
        const functions = Object.entries({json.dumps(folded.symbols)}).slice(0, 4);
        return [Object.keys(exports), exports.answer0(), exports.table.length,
                functions.map(([key, index]) => [key, called(index)]), [1, 2].map(called)];
        """
    )
    assert said == [
        ["answer0", "table"],
        40,
        5,
        [["answer0", 40], ["answer1", 41], ["answer2", 42], ["alias1", 41]],
        [43, 41],
    ]
    assert folded.symbols["alias1"] == 2, "a function in the table gets no second place"


def test_constant_addresses_are_listed_and_nothing_else() -> None:
    symbols = fold_exports(module(), {"answer0"}).symbols
    assert symbols["grüße"] == 1_000_000
    assert not {"variable", "wide", "table"} & symbols.keys()


def test_a_module_whose_functions_are_all_in_the_table_keeps_its_segment() -> None:
    exports = section(7, export("answer1", 0, 1))
    assert ELEMENT in fold_exports(module(exports=exports), ()).binary


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"MZ\x90\x00", "no WebAssembly module"),
        (module()[:-3], "ends too early"),
        (module() + TYPE, "there twice"),
        (module(exports=b""), "no export section"),
        (module(table=section(4, b"\x70\x01\x03\x05")), "without a greatest size"),
        (module(table=section(4, b"\x6f\x00\x03")), "table is not one of functions"),
        (module(table=section(4, b"\x70\x00\x02")), "does not hold"),
        (module(element=section(9, b"\x01\x00\x01\x00")), "another way"),
        (module(element=section(9, b"\x00\x23\x00\x0b\x01\x00")), "another way"),
        (module(globals_=section(6, b"\x70\x00\xd0\x70\x0b")), "unknown instruction"),
        (module(exports=section(7, b"\x01\xff\x00\x00")), "no UTF-8"),
        (module(exports=section(7, export("a", 9, 0))), "no kind"),
        (module(exports=section(7, name("a") + b"\x00" + b"\xff" * 6)), "longer than 32 bits"),
    ],
)
def test_another_form_is_refused(broken: bytes, reason: str) -> None:
    with pytest.raises(WasmFormatError, match=reason):
        fold_exports(broken, ())


def test_an_export_that_is_needed_and_missing_is_named() -> None:
    with pytest.raises(WasmFormatError, match="does not export malloc"):
        fold_exports(module(), {"malloc", "answer0"})


def test_the_engine_finds_every_symbol_and_no_other(tmp_path: Path) -> None:
    symbols = {f"l_Name_{i}___boxed": i + 1 for i in range(1000)} | {"l_Grüße": 7, "": 9}
    (tmp_path / "symbols.bin").write_bytes(symbol_index(symbols))
    asked = [*symbols, "l_Name_1000___boxed", "l_Name_", "l_Grusse"]
    said = run_node(
        f"""
        const fs = require("fs"), growMemViews = () => {{}}, HEAPU8 = new Uint8Array(256);
        {(ENGINE / "symbols.js").read_text().replace("__dirname", json.dumps(str(tmp_path)))}
        return {json.dumps(asked)}.map((name) => {{
          HEAPU8.set(Buffer.from(name + "\\0"), 8);
          return symbols.find(8);
        }});
        """
    )
    assert said == [*symbols.values(), 0, 0, 0]
