"""The bindings are written down in Lean, C and JavaScript: they must say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FFI = Path(__file__).parent.parent
LEAN = (FFI / "LeanZMQ.lean").read_text()
HOST = FFI.parent.parent / "cli" / "lpb_cli" / "toolchain" / "engine" / "host.cjs"


def lean_externs() -> dict[str, str]:
    """Give the C function of each opaque declaration, by its name below the module's namespace."""
    found = {}
    for function, name, start in (
        (m[1], m[2], m.start())
        for m in re.finditer(r'^@\[extern "(\w+)"\]\nopaque (\w+)', LEAN, re.MULTILINE)
    ):
        opened = re.findall(r"^(namespace|end) ([\w.]+)$", LEAN[:start], re.MULTILINE)
        spaces = [n for word, n in opened if word == "namespace"]
        closed = [n for word, n in opened if word == "end"]
        below = [n for n in spaces if n not in closed and n != "LeanPythonBridge.LeanZMQ"]
        found[".".join([*below, name])] = function
    return found


def to_constant(name: str) -> str:
    return "LPB_" + re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper()


@pytest.mark.parametrize(
    ("lean", "c"), [("SocketKind", "lpb_socket_kind"), ("SocketOption", "lpb_option")]
)
def test_enumerations_have_the_same_order(lean: str, c: str) -> None:
    body = LEAN.split(f"inductive {lean} where")[1].split("deriving")[0]
    constructors = re.findall(r"^  \| (\w+)", body, re.MULTILINE)
    header = (FFI / "bridge_socket.h").read_text()
    enumeration = header.split(f"typedef enum {c} {{")[1].split(f"}} {c};")[0]
    values = re.findall(r"^    (LPB_\w+) = (\d+)", enumeration, re.MULTILINE)
    assert [(to_constant(name), str(i)) for i, name in enumerate(constructors)] == values


def test_every_declaration_has_its_c_function() -> None:
    header = (FFI / "LeanZMQ.h").read_text()
    declared = set(re.findall(r"^lean_obj_res (lpb_lean_\w+)\(", header, re.MULTILINE))
    externs = lean_externs()
    assert set(externs.values()) == declared
    for name, function in externs.items():
        words = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name.replace(".", "_")).lower()
        assert function == f"lpb_lean_{words}"


def test_every_declaration_has_its_host_function() -> None:
    hosted = re.findall(r"^  (\w+): \(lean(?:, [\w, ]+)?\) =>", HOST.read_text(), re.MULTILINE)
    assert {name.replace(".", "_") for name in lean_externs()} == set(hosted)


def test_the_table_of_errors_is_that_of_the_c_code() -> None:
    source = (FFI / "LeanZMQ.c").read_text()
    cases = source.split("static lean_obj_res error_of(")[1].split("default:")[0]
    header = (FFI / "bridge_socket.h").read_text()
    statuses = header.split("lpb_status {")[1].split("}")[0]
    found = re.findall(r"^    (LPB_\w+) = (\d+)", statuses, re.MULTILINE)
    numbers = {name: int(number) for name, number in found}
    expected: list[str | None] = [None] * len(numbers)
    expected[numbers["LPB_SYSTEM"]] = "other_error"
    waiting: list[str] = []
    for line in cases.splitlines():
        waiting += re.findall(r"case (LPB_\w+):", line)
        if made := re.search(r"lean_mk_io_error_(\w+)\(", line):
            for name in waiting:
                expected[numbers[name]] = made[1]
            waiting = []
    table = HOST.read_text().split("const IO_ERRORS = [")[1].split("]")[0]
    items = re.findall(r'null|"\w+"', table)
    assert [None if item == "null" else item.strip('"') for item in items] == expected
