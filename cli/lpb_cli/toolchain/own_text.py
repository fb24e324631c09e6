"""Compiles a user's own Lean text in the embedded engine, which cannot run all that it checks.

The engine holds only the exported part of the library: code generation does not find enough in it
for some definitions. Where that is what fails, the text is compiled once more without code, and
without the commands that would run some; what they said the first time is kept.

What the tactic ``certified`` asks in it is answered between two such compilations.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lpb_cli.toolchain.engine_process import EngineProcess, JobResult
from lpb_cli.toolchain.lean_sources import blank_comments_and_strings, without_code_generation
from lpb_cli.toolchain.questions import Ask, answer_questions, asks

__all__ = ["compile_own_text"]

_OF_THE_ENGINE: Final = re.compile(
    r"Unknown constant `[^`]*(?:_redArg|_private|_closed|_boxed|_spec)"
    r"|compiler IR check failed|no executable code|\(interpreter\) unknown declaration"
    r"|failed to compile (?:definition|pattern)|could not compile|marking? .* as 'noncomputable'"
)
_AXIOMS: Final = "cannot use `#print axioms` in a `module`"
_COMMAND: Final = re.compile(r"^#(?:eval!?|print +axioms)\b[^\n]*(?:\n[ \t]+[^\n]*)*", re.M)
_NOT_BLANK: Final = re.compile(r"[^\n]")

_CANNOT_RUN: Final = "the embedded engine cannot run this (lake can); it proves nothing either way"
_SEE_AUDIT: Final = "the audit says below which axioms the theorems rest on"


def compile_own_text(
    engine: EngineProcess,
    file: Path,
    source: str,
    olean: Path,
    options: list[str],
    timeout_s: float,
    ask: Ask | None = None,
) -> JobResult:
    """Compile a text, with what it evaluates and asks; give what Lean said of it.

    Parameters
    ----------
    file
        Where the engine finds it, in its scratch folder.
    olean
        Where its compiled form is written.
    options
        Lean's options.
    ask
        Answers what the tactic ``certified`` asks; without it there are no answers.
    """
    if ask is None or not asks(source):
        return _compile(engine, file, source, olean, options, timeout_s)
    answers = file.with_name(f"{file.name}.answers")
    answers.mkdir(exist_ok=True)
    while True:  # A proof may ask a second question when its first one is answered.
        done = _compile(engine, file, source, olean, options, timeout_s)
        if not answer_questions(answers, ask):
            return done


def _compile(
    engine: EngineProcess,
    file: Path,
    source: str,
    olean: Path,
    options: list[str],
    timeout_s: float,
) -> JobResult:
    job = {"file": str(file), "olean": str(olean), "options": options}
    file.write_text(source, encoding="utf-8")
    first = engine.run(job, timeout_s)
    if not any(_is_the_engines(message) for message in first.messages):
        return first
    code = blank_comments_and_strings(source)
    commands = list(_COMMAND.finditer(code))
    text = source
    for command in commands:
        start, end = command.span()
        text = text[:start] + _NOT_BLANK.sub(" ", text[start:end]) + text[end:]
    file.write_text(without_code_generation(text), encoding="utf-8")
    second = engine.run(job, timeout_s)
    lines = {
        code.count("\n", 0, position) + 1
        for command in commands
        for position in _line_starts(command)
    }
    said = [_kept(message) for message in first.messages if _line(message) in lines]
    others = {_key(message) for message in second.messages}
    said += [
        message
        for message in first.messages
        if message["severity"] == "information"
        and _line(message) not in lines
        and _key(message) not in others
    ]
    messages = sorted([*second.messages, *said], key=_line)
    failed = any(message["severity"] == "error" for message in said)
    return replace(
        second,
        status=second.status or int(failed),
        seconds=first.seconds + second.seconds,
        messages=tuple(messages),
    )


def _is_the_engines(message: dict[str, Any]) -> bool:
    text = str(message["data"])
    is_limit = _AXIOMS in text or _OF_THE_ENGINE.search(text) is not None
    return message["severity"] == "error" and is_limit


def _kept(message: dict[str, Any]) -> dict[str, Any]:
    """Give what a command said the first time; what the engine could not do is no error."""
    if not _is_the_engines(message):
        return message
    if _AXIOMS in message["data"]:
        return {**message, "severity": "information", "data": _SEE_AUDIT}
    return {**message, "severity": "warning", "data": _CANNOT_RUN}


def _line(message: dict[str, Any]) -> int:
    return int(message["pos"]["line"])


def _key(message: dict[str, Any]) -> tuple[int, str]:
    return _line(message), str(message["data"])


def _line_starts(command: re.Match[str]) -> list[int]:
    newlines = re.finditer(r"\n", command[0])
    return [command.start(), *(command.start() + found.end() for found in newlines)]
