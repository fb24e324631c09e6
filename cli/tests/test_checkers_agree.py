"""Lean's checkers and Python's, held against each other on every example and every lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.verify.exchanges import FORMATS, LiveExchange
from lpb_cli.verify.lean_file import LeanFile
from lpb_cli.verify.lies import exchange_of, tell_lies
from lpb_cli.verify.transcript import render_lies, render_transcript
from lpb_server.operations import Operation, default_registry
from lpb_server.operations.answering import answer_here
from lpb_server.wire.formats import WireFormat

ENGINE_TIMEOUT_S = 1800
SMALL_BYTES = 2000
LIED_ABOUT = 2
"""So many examples of each operation have all their lies refused by the kernel; Python's checker,
which these two hold against Lean's, refuses those of all examples."""

Render = Callable[[Sequence[LiveExchange], str], LeanFile]


def unaccepted(
    toolchain: EmbeddedToolchain, render: Render, told: list[LiveExchange], folder: Path
) -> set[str]:
    """Names of the exchanges whose theorem Lean does not accept."""
    file = folder / f"{render.__name__}.lean"
    written = render(told, "A test.")
    file.write_text(written.source, encoding="utf-8")
    result = toolchain.check_file(file, ENGINE_TIMEOUT_S)
    return set(written.errors(result.diagnostics))


def checked_operations() -> list[Operation]:
    return [item for item in default_registry() if item.checker is not None]


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_lean_accepts_every_example(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    told: list[LiveExchange] = []
    for item in checked_operations():
        assert item.examples is not None
        for index, example in enumerate(item.examples(np.random.default_rng(7), 2)):
            answer = answer_here(item, example.question)
            certificate = item.certificate
            if certificate is not None and certificate.check is not None:
                assert certificate.check(example.question, answer), example.name
            name = f"{item.name}: {example.name}"
            wire_format = WireFormat(FORMATS[1 + index % 2])  # JSON takes the kernel longest.
            told.append(exchange_of(item, name, example.question, answer, 0, wire_format))
    assert unaccepted(toolchain, render_transcript, told, tmp_path) == set()
    # Nor can what is accepted be called a lie.
    firsts = list({live.planned.op: live for live in reversed(told)}.values())
    assert unaccepted(toolchain, render_lies, firsts, tmp_path) == {live.name for live in firsts}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_lean_refuses_every_lie(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    told: list[LiveExchange] = []
    for item in checked_operations():
        if item.certificate is None:
            continue
        assert item.examples is not None
        assert item.lies is not None
        for example in item.examples(np.random.default_rng(7), 2):
            answer = answer_here(item, example.question)
            lies = item.lies(example.question, answer)
            for name, lie in lies.items():
                if item.certificate.check is not None:
                    assert not item.certificate.check(example.question, lie), (example.name, name)
            small = exchange_of(item, "", example.question, answer).size_bytes <= SMALL_BYTES
            if not small or sum(live.planned.op == item.name for live in told) >= LIED_ABOUT * 8:
                continue
            for name, lie in lies.items():
                name = f"{item.name}: {name} ({example.name})"
                told.append(exchange_of(item, name, example.question, lie))
    assert len(told) >= 8
    assert unaccepted(toolchain, render_lies, told, tmp_path) == set()


def test_each_certified_operation_brings_at_least_eight_lies() -> None:
    told, failed = tell_lies(default_registry(), 1)
    assert failed == []
    for item in default_registry():
        if item.certificate is not None:
            assert sum(live.planned.op == item.name for live in told) >= 8, item.name
