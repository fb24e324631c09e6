import os
from pathlib import Path

import pytest
from lpb_cli.errors import EngineUnavailableError
from lpb_cli.toolchain.engine_integrity import check_integrity, write_manifest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "lib" / "Init").mkdir(parents=True)
    (tmp_path / "lean.wasm").write_bytes(b"kernel")
    (tmp_path / "lib" / "Init" / "Core.olean").write_bytes(b"axioms")
    write_manifest(tmp_path)
    return tmp_path


def test_an_untouched_engine_is_accepted(home: Path) -> None:
    check_integrity(home)
    check_integrity(home, every_byte=True)
    (home / "code-123.bin").write_bytes(b"kept by V8")
    check_integrity(home)


def test_another_time_of_change_alone_is_no_change(home: Path) -> None:
    os.utime(home / "lean.wasm", (1, 1))
    check_integrity(home)


def test_an_altered_file_is_named_with_what_to_do(home: Path) -> None:
    core = home / "lib" / "Init" / "Core.olean"
    core.write_bytes(b"axiomS!")
    with pytest.raises(EngineUnavailableError, match=r"Core\.olean is not what was made") as found:
        check_integrity(home)
    assert "lpb setup" in (found.value.hint or "")


def test_an_altered_file_that_keeps_size_and_time_is_seen_by_its_bytes(home: Path) -> None:
    core = home / "lib" / "Init" / "Core.olean"
    before = core.stat()
    core.write_bytes(b"axiomS")
    os.utime(core, ns=(before.st_atime_ns, before.st_mtime_ns))
    check_integrity(home)
    with pytest.raises(EngineUnavailableError, match=r"Core\.olean"):
        check_integrity(home, every_byte=True)


@pytest.mark.parametrize("name", ["lean.wasm", "manifest.json"])
def test_a_missing_file_is_named(home: Path, name: str) -> None:
    (home / name).unlink()
    with pytest.raises(EngineUnavailableError, match=name):
        check_integrity(home)


def test_an_added_file_is_named(home: Path) -> None:
    (home / "lib" / "Evil.olean").write_bytes(b"")
    with pytest.raises(EngineUnavailableError, match=r"Evil\.olean does not belong"):
        check_integrity(home)


def test_a_damaged_manifest_is_one_line(home: Path) -> None:
    (home / "manifest.json").write_text("[1, 2")
    with pytest.raises(EngineUnavailableError, match=r"manifest\.json cannot be read"):
        check_integrity(home)
