"""Compiles a program so that the embedded engine can import it and run its ``programMain``."""

from __future__ import annotations

from pathlib import Path

from lpb_cli.toolchain.engine_process import EngineProcess, JobResult
from lpb_cli.toolchain.importable import helper_names, importable, traced

__all__ = ["compile_program", "has_failed"]


def has_failed(job: JobResult) -> bool:
    """Tell whether a job ended badly, or Lean said an error."""
    return job.status != 0 or any(message["severity"] == "error" for message in job.messages)


def compile_program(
    engine: EngineProcess, module: str, source: str, olean: Path, timeout_s: float
) -> JobResult:
    """Learn the names of the compiler's helpers, then write the `.olean` that has them.

    Parameters
    ----------
    engine
        An engine for this job alone: its heap is half full afterwards.
    module
        The name under which the program is imported.
    source
        The text of a module with a ``main``.
    """
    file = engine.scratch / f"{module}.lean"
    file.write_text(traced(importable(source)), encoding="utf-8")
    job = engine.run({"file": str(file)}, timeout_s)
    if has_failed(job):
        return job
    file.write_text(importable(source, helper_names(job.messages)), encoding="utf-8")
    return engine.run({"file": str(file), "olean": str(olean)}, timeout_s)
