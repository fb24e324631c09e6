"""The compiled audit: made once, by an engine that runs nothing else, and refused when altered."""

from __future__ import annotations

from pathlib import Path

import pytest
from lpb_cli.errors import EngineUnavailableError
from lpb_cli.settings import Settings
from lpb_cli.toolchain import audit_program
from lpb_cli.toolchain.audit_program import AUDIT_MODULE, AuditProgram
from lpb_cli.toolchain.engine_archive import engine_home
from lpb_cli.toolchain.engine_process import EngineProcess

TRIVIAL = "module\n\npublic section\n\ndef main (_ : List String) : IO UInt32 := pure 7\n"


def test_it_is_compiled_once_and_an_altered_byte_is_seen(
    settings: Settings, engine_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "Audit.lean"
    source.write_text(TRIVIAL)
    folder = tmp_path / "compiled"
    monkeypatch.setattr(audit_program, "AUDIT_FILE", source)
    monkeypatch.setattr(audit_program, "audit_folder", lambda home, text: folder)
    home = engine_home(settings.cache)
    started: list[EngineProcess] = []

    def start() -> EngineProcess:
        started.append(EngineProcess(home, []))
        return started[-1]

    program = AuditProgram(home)
    assert program.prepare(start) == program.prepare(start) == folder
    assert len(started) == 1
    olean = folder / f"{AUDIT_MODULE}.olean"
    content = bytearray(olean.read_bytes())
    content[-1] ^= 1
    olean.write_bytes(content)
    with pytest.raises(EngineUnavailableError, match=r"\.olean is not what"):
        AuditProgram(home).prepare(start)
    assert not list(tmp_path.glob(".compiling-*"))


def test_another_text_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, other = (audit_program.audit_folder(tmp_path / "engine", t) for t in (b"a", b"b"))
    assert one != other
    assert one.parent == tmp_path
