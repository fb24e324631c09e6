"""What can be said of the Lake package without Lake."""

from __future__ import annotations

import json
import re
from pathlib import Path

LEAN = Path(__file__).parent.parent.parent
LAKEFILE = (LEAN / "lakefile.lean").read_text()


def test_every_c_file_is_compiled_and_archived() -> None:
    files = {file.name for file in (LEAN / "ffi").glob("*.c")}
    named = set(re.findall(r'path := "ffi" / "(\w+\.c)"', LAKEFILE))
    assert named == files
    archive = re.search(r'nameToStaticLib "LeanZMQ"\) #\[(.*)\]', LAKEFILE)
    assert archive is not None
    assert set(re.findall(r"(\w+)\.o\.fetch", archive[1])) == {name[:-2] for name in files}


def test_every_folder_and_module_that_is_named_exists() -> None:
    for folder in re.findall(r'srcDir := "(\w+)"', LAKEFILE):
        assert (LEAN / folder).is_dir()
    programs = re.findall(r"^@\[(.*)\]\nlean_exe (\w+) where", LAKEFILE, re.MULTILINE)
    assert len(programs) == len(re.findall(r"^lean_exe ", LAKEFILE, re.MULTILINE)) > 0
    for attributes, program in programs:
        # `lake build` builds the programs that are there, all of them, and no other.
        exists = (LEAN / "proofs" / f"{program}.lean").is_file()
        assert ("default_target" in attributes) == exists, program


def test_every_module_can_be_imported_programs_too() -> None:
    """`Package.findModule?` searches libraries: all that is in `proofs` is a root of one."""
    assert "roots := proofs" in LAKEFILE
    listing = LAKEFILE.split("def proofs")[1].split("\n\n")[0]
    assert "forEachModuleInDir" in listing
    assert "filter" not in listing


def test_the_manifest_is_that_of_a_package_without_dependencies() -> None:
    manifest = json.loads((LEAN / "lake-manifest.json").read_text())
    name = re.search(r"^package (\S+) where", LAKEFILE, re.MULTILINE)
    assert name is not None
    assert (manifest["name"], manifest["packages"]) == (name[1], [])
    assert "require" not in re.findall(r"^\w+", LAKEFILE, re.MULTILINE)


def test_the_toolchain_is_pinned() -> None:
    assert re.fullmatch(r"leanprover/lean4:v4\.\d+\.\d+\n", (LEAN / "lean-toolchain").read_text())
