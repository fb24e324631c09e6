"""Compiles a module so that the embedded engine can import it and run its functions."""

from __future__ import annotations

from pathlib import Path

from lpb_cli.toolchain.engine_process import EngineProcess, JobResult
from lpb_cli.toolchain.importable import helper_names, importable, named, traced

__all__ = ["compile_program", "compile_with_helpers", "has_failed"]


def has_failed(job: JobResult) -> bool:
    """Tell whether a job ended badly, or Lean said an error."""
    return job.status != 0 or any(message["severity"] == "error" for message in job.messages)


def compile_program(
    engine: EngineProcess, module: str, source: str, olean: Path, timeout_s: float
) -> JobResult:
    """Write the `.olean` of a program, whose ``programMain`` another module can run.

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
    return compile_with_helpers(engine, file, importable(source), olean, timeout_s)


def compile_with_helpers(
    engine: EngineProcess, file: Path, text: str, olean: Path, timeout_s: float
) -> JobResult:
    """Learn the names of the compiler's helpers, then write the `.olean` that has them.

    Parameters
    ----------
    file
        Where the engine finds the text, in its scratch folder.
    text
        What `importable` or `run_when_compiling` gave.
    """
    file.write_text(traced(text), encoding="utf-8")
    job = engine.run({"file": str(file)}, timeout_s)
    if has_failed(job):
        return job
    file.write_text(named(text, helper_names(job.messages)), encoding="utf-8")
    return engine.run({"file": str(file), "olean": str(olean)}, timeout_s)
