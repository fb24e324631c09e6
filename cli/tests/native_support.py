"""What the tests of compiled Lean programs share: programs beside the package's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.settings import Settings
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativePrograms

__all__ = ["SOURCES", "native_programs", "package_with"]

SOURCES = Path(__file__).parent / "native"


def native_programs(settings: Settings, toolchain: EmbeddedToolchain) -> NativePrograms:
    """Give what compiles and runs programs; skip the test where that is not possible."""
    try:
        return NativePrograms(settings, toolchain)
    except EnvironmentLacksError as error:
        pytest.skip(f"{error.message} {error.hint}")


@contextmanager
def package_with(settings: Settings, folder: Path, *programs: Path) -> Iterator[NativePrograms]:
    """Copy the Lean package to `folder`, add programs, and give what compiles them there."""
    proofs = folder / "lean" / "proofs"
    shutil.copytree(settings.lean / "proofs", proofs)
    shutil.copytree(
        settings.lean / "ffi", folder / "lean" / "ffi", ignore=shutil.ignore_patterns("tests")
    )
    for program in programs:
        shutil.copy(program, proofs)
    own = replace(settings, project=folder)
    toolchain = EmbeddedToolchain(own)
    try:
        yield native_programs(own, toolchain)
    finally:
        toolchain.close()
