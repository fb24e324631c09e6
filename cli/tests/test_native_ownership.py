"""Who gives an object back: compiled Lean code and the runtime library agree, function by function.

The compiler is Lean 4.28, the runtime library that of another release, and even in one release a
function's declaration in Lean can say otherwise than its C code does.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_process import ENGINE_FOLDER
from lpb_cli.toolchain.lean_runtime import HEADERS, find_lean_runtime
from lpb_cli.toolchain.lean_sources import amalgamate, load_modules
from lpb_cli.toolchain.native_programs import PROGRAMS
from native_support import SOURCES, native_programs

ENGINE_TIMEOUT_S = 900
pytestmark = pytest.mark.timeout(ENGINE_TIMEOUT_S)

DIFFERS = {"String.toByteArray", "Float.ofScientific"}
"""What does not agree, and is only harmless as far as the tests below say."""

_DECLARED = re.compile(r"^(?!static|LEAN_EXPORT|return)[\w *]+? \**(\w+)\(([^()]*)\);$", re.M)


def called_with_objects(c_code: str) -> set[str]:
    """Functions of the library that the code calls with an object."""
    declared = {name for name, types in _DECLARED.findall(c_code) if "lean_object*" in types}
    return declared & set(re.findall(r"= (\w+)\(.*\);$", c_code, re.M))


@pytest.fixture(scope="module")
def programs_c(settings: Settings, toolchain: EmbeddedToolchain, engine_cache: Path) -> str:
    """The C that Lean compiles our programs to."""
    programs = native_programs(settings, toolchain)
    files = [programs.build(name).path.with_suffix(".c") for name in PROGRAMS]
    return "\n".join(file.read_text() for file in files)


@pytest.fixture(scope="module")
def probes_c(
    settings: Settings,
    toolchain: EmbeddedToolchain,
    engine_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The C of Ownership.lean."""
    native_programs(settings, toolchain)
    amalgam = amalgamate("Ownership", load_modules([SOURCES]), ENGINE_FOLDER / "StandIns.lean")
    emitted = tmp_path_factory.mktemp("ownership") / "Ownership.c"
    failed = toolchain.emit_c("Ownership", amalgam, emitted, ENGINE_TIMEOUT_S)
    assert failed is None, failed
    return emitted


def test_one_reference_is_left_after_each_function(probes_c: Path) -> None:
    runtime = find_lean_runtime()
    program = probes_c.with_suffix("")
    strict = ["-std=gnu11", "-O1", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]
    sources = [str(probes_c), str(SOURCES / "ownership.c")]
    compiled = subprocess.run(
        ["cc", *strict, f"-I{HEADERS}", "-o", str(program), *sources, *runtime.link_arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stderr
    ran = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    left = dict(line.rsplit(": ", 1) for line in ran.stdout.splitlines())
    asked = re.findall(r'^  probe(?:IO)? "(.*?)"', (SOURCES / "Ownership.lean").read_text(), re.M)
    assert list(left) == asked
    assert {name: said for name, said in left.items() if said != "1"}.keys() == DIFFERS, left
    assert left["String.toByteArray"] == "2"  # so a function that leaves one behind is seen


UNPROBED = {"l_Array_empty"}
"""It is given a type alone."""


def test_every_function_that_our_programs_call_is_probed(probes_c: Path, programs_c: str) -> None:
    probed = called_with_objects(probes_c.read_text())
    used = called_with_objects(programs_c)
    assert len(used) > 50
    ours = {name for name in used if name.startswith("lpb_lean_")}  # lean_zmq_test.c has these
    assert used - ours - probed == UNPROBED


def test_functions_handed_over_as_values_take_what_they_are_given(programs_c: str) -> None:
    # A value of a function takes all its arguments; where the library lends one, NAME___boxed does.
    values = set(re.findall(r"lean_alloc_closure\(\(void\*\)\((\w+)\)", programs_c))
    defined = set(re.findall(r"^(?:LEAN_EXPORT|static) .*?(\w+)\([^()]*\) ?\{$", programs_c, re.M))
    foreign = values - defined
    assert foreign
    library = find_lean_runtime().folder / "libleanshared.so"
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
    ).stdout
    exported = {line.split()[-1] for line in listed.splitlines()}
    assert foreign <= exported
    assert {
        f"{name}___boxed" for name in foreign if not name.endswith("___boxed")
    } & exported == set()


def test_what_differs_is_harmless_in_our_programs(programs_c: str) -> None:
    # A reference to a number below 2^63 is none that could be given back.
    bodies = re.split(r"^_start:$", programs_c, flags=re.M)
    calls = 0
    for body in bodies:
        for arguments in re.findall(r"= l_Float_ofScientific\((.*?)\);", body):
            mantissa, _, exponent = arguments.split(", ")
            for name in (mantissa, exponent):
                assert re.search(rf"^{name} = lean_unsigned_to_nat\(\d+u\);", body, re.M), body
            calls += 1
    assert calls > 0
    # String.toByteArray: Bytes.ofString is compiled as what lends the string instead.
    assert re.search(r"= l_LeanPythonBridge_Bytes_ofStringThroughUTF8\(", programs_c)
    assert not re.search(r"= l_LeanPythonBridge_Bytes_ofString\(", programs_c)
