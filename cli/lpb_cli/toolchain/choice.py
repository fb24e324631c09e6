"""Which Lean engine to use: `lake` when there is one, else the embedded one.

The engines take long to import, and most commands need none: they are imported when one is opened.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lpb_cli.errors import EngineUnavailableError
from lpb_cli.settings import INSTALLED, Settings

if TYPE_CHECKING:
    from lpb_cli.toolchain.engine_archive import Progress
    from lpb_cli.toolchain.protocol import LeanToolchain
    from lpb_cli.toolchain.questions import Ask

__all__ = ["EngineName", "open_toolchain"]


class EngineName(StrEnum):
    """What ``--engine`` takes."""

    AUTO = "auto"
    LAKE = "lake"
    EMBEDDED = "embedded"


def open_toolchain(
    settings: Settings, engine: EngineName, progress: Progress, ask: Ask | None = None
) -> LeanToolchain:
    """Give a toolchain that is ready to work; fetches the embedded engine when it must.

    Parameters
    ----------
    ask
        Answers what the tactic ``certified`` asks in files that are checked.

    Raises
    ------
    EngineUnavailableError
        When the engine asked for, or any, is not to be had.
    """
    from lpb_cli.toolchain.lake import LakeToolchain, find_lake

    lake = find_lake(settings) if engine is not EngineName.EMBEDDED else None
    if lake is not None:
        return LakeToolchain(_writable(settings), lake, ask)
    if engine is EngineName.LAKE:
        raise EngineUnavailableError(
            "No `lake` found in LPB_LAKE, PATH or ELAN_HOME.",
            "Install elan (https://lean-lang.org/install), or leave out `--engine lake`: "
            "the embedded engine needs no installation.",
        )
    if settings.lake is not None:
        raise EngineUnavailableError(
            f"LPB_LAKE names {settings.lake}, which is no file.",
            "Correct LPB_LAKE or unset it.",
        )
    from lpb_cli.toolchain.embedded import EmbeddedToolchain
    from lpb_cli.toolchain.engine_archive import prepare_engine, prepare_koffi

    prepare_engine(settings.cache, progress)
    prepare_koffi(settings.cache, progress)
    return EmbeddedToolchain(settings, ask)


def _writable(settings: Settings) -> Settings:
    """Give lake a copy of the package where it is installed: it builds beside the sources."""
    if settings.project != INSTALLED:
        return settings
    files = sorted(path for path in settings.lean.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(settings.lean)}\0{len(content)}\0".encode() + content)
    project = settings.cache / "package" / digest.hexdigest()[:16]
    if not (project / "lean").is_dir():
        scratch = Path(f"{project}.copying")
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(settings.lean, scratch / "lean")
        shutil.rmtree(project, ignore_errors=True)
        scratch.replace(project)
    return replace(settings, project=project, output_folder=settings.output)
