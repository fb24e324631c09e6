"""`lpb certify`: one result as a Lean theorem, in a file of its own."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lpb_server.client import BridgeClient, ClientCurve, Exchange
from lpb_server.errors import BridgeError, RegistrationError, RequestError
from lpb_server.operations import Operation, Question, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.operations.question import ArrayMap
from lpb_server.wire.values import Value
from rich.console import Console

from lpb_cli.errors import CertifyError, UsageError
from lpb_cli.output.report import print_diagnostic
from lpb_cli.output.terminal import plain
from lpb_cli.toolchain.lean_header import read_header
from lpb_cli.toolchain.protocol import FileResult, LeanToolchain
from lpb_cli.verify.exchanges import LiveExchange, PlannedRequest
from lpb_cli.verify.lean_messages import lean_answer, lean_question
from lpb_cli.verify.lies import exchange_of

__all__ = [
    "CERTIFY_TIMEOUT_S",
    "CertifyOptions",
    "answered",
    "as_data",
    "certified_operation",
    "check_theorem",
    "print_verdict",
    "theorem_text",
    "write_theorem",
]

CERTIFY_TIMEOUT_S = 3600.0

_FILE = """\
module

public import {checker}

/-!
# `{name}`, certified

{summary}
Answered {where}.

The numbers below are the bytes that were asked and answered, and `answer_holds` says of their
exact values what `{checker}` calls the operation's meaning. It needs neither Python nor a server
any more.
-/

@[expose] public section

namespace LeanPythonBridge.Certified.{namespace}

/-- What was asked. -/
def question : Question :=
  {question}

/-- What was answered, and the certificate for it. -/
def answer : Answer :=
  {answer}

/-- The answer is true of the question. -/
theorem answer_holds : _root_.{checker}.operation.Meaning question answer :=
  CertifiedOperation.meaning_of_accepts _ (by decide +kernel)

end LeanPythonBridge.Certified.{namespace}
"""


@dataclass(frozen=True, slots=True)
class CertifyOptions:
    """What to certify, and who computes it.

    Attributes
    ----------
    endpoint
        The server to ask; ``None`` computes it in this process.
    timeout_s
        How long a server may take.
    """

    operation: str
    params: dict[str, Value] = field(default_factory=dict)
    arrays: ArrayMap = field(default_factory=dict)
    sources: str = ""
    endpoint: str | None = None
    curve: ClientCurve | None = None
    timeout_s: float = 600.0


def certified_operation(options: CertifyOptions) -> Operation:
    """Give the operation that is asked for.

    Raises
    ------
    UsageError
        When it is not known here, or has no certificate.
    """
    try:
        found = default_registry(options.sources).find(options.operation)
    except RegistrationError as error:
        raise UsageError(str(error)) from error
    except RequestError as error:
        hint = f"There are: {', '.join(error.details['operations'])}."
        raise UsageError(f"There is no operation {options.operation!r}.", hint) from error
    if found.certificate is None:
        raise UsageError(f"{found.name} has no certificate: there is nothing to certify.")
    return found


def write_theorem(
    operation: Operation, options: CertifyOptions, exchange: Exchange, output: Path
) -> Path:
    """Write the file.

    Raises
    ------
    UsageError
        When the file cannot be written.
    """
    output = output.absolute()  # An engine works in a folder of its own.
    where = f"by the server at {options.endpoint}" if options.endpoint else "in this process"
    text = theorem_text(operation, exchange, where, output.stem)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _replace(output, text)
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror or error}") from error
    return output


def theorem_text(operation: Operation, exchange: Exchange, where: str, stem: str) -> str:
    """Give the Lean file that states and proves what an exchange has shown.

    Parameters
    ----------
    where
        Who answered, as its title says.
    stem
        The name of its file, without the suffix.
    """
    return _FILE.format(
        namespace=_identifier(stem),
        checker=operation.checker,
        name=operation.name,
        summary=operation.summary.replace("-/", "- /"),
        where=where,
        question=lean_question(exchange),
        answer=lean_answer(exchange),
    )


def _identifier(stem: str) -> str:
    """Make a file's name one that Lean can have."""
    return "N" + re.sub(r"\W", "_", stem, flags=re.ASCII) if not _is_identifier(stem) else stem


def _is_identifier(stem: str) -> bool:
    return re.fullmatch(r"[A-Za-z]\w*", stem, flags=re.ASCII) is not None


def _replace(output: Path, text: str) -> None:
    """Write a file whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def answered(operation: Operation, options: CertifyOptions) -> LiveExchange:
    """Have the question answered, by the server or here.

    Raises
    ------
    CertifyError
        When there is no answer, or no certificate.
    """
    question = Question(options.params, options.arrays)
    try:
        if options.endpoint is None:
            answer = answer_here(operation, question)
            return exchange_of(operation, operation.name, question, answer)
        with BridgeClient(
            options.endpoint, timeout_s=options.timeout_s, tries=1, curve=options.curve
        ) as client:
            exchange = client.exchange(
                operation.name, question.params, question.arrays, certify=True
            )
    except BridgeError as error:
        raise CertifyError(f"There is no certificate: {error}") from error
    except Exception as error:  # Whatever an operation's own functions do.
        reason = f"{type(error).__name__}: {error}"
        raise CertifyError(f"{operation.name} failed: {reason}") from error
    refused = exchange.reply.error
    if refused is not None:
        raise CertifyError(f"There is no certificate: {refused.code}: {refused.message}")
    planned = PlannedRequest(
        operation.name,
        operation.name,
        str(operation.checker),
        str(exchange.wire_format),
        question,
        certify=True,
    )
    return LiveExchange(planned, exchange)


def check_theorem(toolchain: LeanToolchain, file: Path) -> FileResult:
    """Have Lean's kernel check the file, whose imports must hold.

    Raises
    ------
    CertifyError
        When the package's own proofs do not.
    """
    imported = read_header(file.read_text(encoding="utf-8")).imports
    proofs = toolchain.check_proofs(lambda result, done, total: None, imported)
    if not proofs.ok:
        raise CertifyError("The package's own proofs do not hold.", "See `lpb build`.")
    return toolchain.check_file(file, CERTIFY_TIMEOUT_S)


def as_data(operation: Operation, file: Path, engine: str, result: FileResult) -> dict[str, Any]:
    """Give the verdict as JSON data."""
    return {
        "file": str(file),
        "operation": operation.name,
        "theorem": operation.theorem,
        "engine": engine,
        "holds": result.ok,
        "seconds": round(result.seconds, 3),
        "diagnostics": [diagnostic.as_dict() for diagnostic in result.diagnostics],
    }


def print_verdict(
    operation: Operation, file: Path, engine: str, result: FileResult, console: Console
) -> None:
    """Print whether Lean's kernel accepts the theorem, and why not."""
    for diagnostic in result.diagnostics:
        print_diagnostic(diagnostic, console)
    said = "accepts" if result.ok else "does not accept"
    console.print(
        f"Lean's kernel {said} {plain(str(file))}: {plain(operation.name)}, by "
        f"{plain(str(operation.theorem))} ({result.seconds:.1f} s, {plain(engine)}).",
        highlight=False,
        soft_wrap=True,
    )
