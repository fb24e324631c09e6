"""The second kernel: it accepts what we prove, and nothing that was altered or assumed."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.output.report import Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_archive import engine_home
from lpb_cli.toolchain.lean_runtime import find_lean_runtime
from lpb_cli.toolchain.olean import Olean, OleanError
from lpb_cli.toolchain.second_kernel import SecondVerdict, check_with_second_kernel
from lpb_cli.verify.stages.proofs import check_with_another_kernel

ENGINE_TIMEOUT_S = 900
SUM = 12345678901234567890124

SMALL = """\
module

@[expose] public section

namespace Small

inductive Tree (α : Type) where
  | leaf (value : α)
  | node (children : List (Tree α))

def double (n : Nat) : Nat := n + n

theorem double_eq (n : Nat) : double n = 2 * n := by unfold double; omega

theorem big : 12345678901234567890123 + 1 = 12345678901234567890124 := by decide

theorem text : "Grüße" ≠ "" := by decide

end Small
"""
# What a word list does not see, or a dropped message does not say.
ASSUMING = """\
module

@[expose] public section

macro "assume " name:ident : command => `(axiom $name : False)
assume nonsense

theorem consequence : 1 = 2 := nonsense.elim

#guard_msgs (drop warning) in
theorem stopped : 1 = 2 := by stop skip
"""


@pytest.fixture(autouse=True)
def _runtime() -> None:
    try:
        find_lean_runtime()
    except EnvironmentLacksError as error:
        pytest.skip(f"{error.message} {error.hint}")


class Project:
    """A project of a test's own, whose modules the first kernel checks."""

    def __init__(self, settings: Settings, toolchain: EmbeddedToolchain) -> None:
        self.settings = settings
        self._toolchain = toolchain
        self.oleans = settings.output / "proofs" / engine_home(settings.cache).name

    def compile(self, name: str, source: str) -> None:
        (self.settings.lean / "proofs" / f"{name}.lean").write_text(source)
        (module,) = [one for one in self._toolchain.load_modules() if one.name == name]
        with self._toolchain.engine() as engine:
            self._toolchain.check_module(module, engine)

    def check(self, *names: str) -> SecondVerdict:
        return check_with_second_kernel(self.settings, names)


@pytest.fixture
def project(own_toolchain: EmbeddedToolchain, settings: Settings, tmp_path: Path) -> Project:
    return Project(replace(settings, project=tmp_path), own_toolchain)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_it_agrees_on_all_modules(
    settings: Settings, toolchain: EmbeddedToolchain, proofs: ProofReport
) -> None:
    outcome = check_with_another_kernel(settings, toolchain, ProgressReporter(), hold=True)
    assert (outcome.status, outcome.checks) == (Status.PASSED, [])
    assert outcome.data["theorems"] >= proofs.total("theorems")
    assert outcome.data["declarations"] > outcome.data["theorems"] > 500
    again = check_with_second_kernel(settings, [module.name for module in proofs.modules])
    assert again.recalled


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_was_altered_on_disk_is_refused(project: Project) -> None:
    project.compile("Small", SMALL)
    verdict = project.check("Small")
    assert verdict.ok
    assert not verdict.recalled
    assert project.check("Small").recalled

    # The sum that `big` states, as it lies in a 32-bit machine; statements are in the public part.
    public = project.oleans / "Small.olean"
    right, wrong = (number.to_bytes(12, "little") for number in (SUM, SUM + 1))
    content = public.read_bytes()
    assert content.count(right) > 0
    public.write_bytes(content.replace(right, wrong))
    verdict = project.check("Small")
    assert not verdict.recalled
    assert "Small.big" in dict(verdict.refused)
    assert "Small.double_eq" not in dict(verdict.refused)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_is_assumed_is_refused_by_name(project: Project) -> None:
    project.compile("Assuming", ASSUMING)
    refused = dict(project.check("Assuming").refused)
    assert refused == {"nonsense": "it is an axiom", "sorryAx": "it is an axiom"}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_a_file_that_is_cut_short_or_no_olean_is_an_error(project: Project, tmp_path: Path) -> None:
    project.compile("Small", SMALL)
    private = project.oleans / "Small.olean.private"
    content = private.read_bytes()
    for bad in (content[: len(content) // 2], b"", b"no olean" * 100, content[:200]):
        private.write_bytes(bad)
        with pytest.raises(OleanError) as caught:
            project.check("Small")
        assert str(private) in caught.value.message
    private.unlink()
    (project.oleans / "Small.olean").unlink()
    with pytest.raises(OleanError, match=r"Small\.olean"):
        project.check("Small")


def test_values_of_a_32_bit_machine_are_read(tmp_path: Path) -> None:
    base = 0x10000
    objects = {
        "string": (b"\x00" * 4 + struct.pack("<HBB", 1, 0, 249) + struct.pack("<III", 3, 3, 2))
        + "é".encode()
        + b"\x00\x00",
        "big": b"\x00" * 4 + struct.pack("<HBB", 28, 0, 250) + struct.pack("<iiI", 2, 2, 0),
    }
    header = b"olean\x02\x00".ljust(80, b"\x00")
    at = base + 88
    big = at + len(objects["string"])
    body = objects["string"] + objects["big"][:-4] + struct.pack("<I", big + 20)
    body += struct.pack("<II", 5, 7)
    file = tmp_path / "Some.olean"
    file.write_bytes(header + struct.pack("<II", base, at) + body)
    olean = Olean([file])
    assert olean.string(olean.root) == "é".encode()
    assert olean.natural(big) == 7 << 32 | 5
    assert olean.natural(2 * 21 + 1) == 21
    with pytest.raises(OleanError):
        olean.natural(at)
    with pytest.raises(OleanError):
        olean.string(base - 100)
