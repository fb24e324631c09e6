"""Lean's checkers and Python's, held against each other beyond what `lpb verify` tells the kernel.

That the kernel accepts every example, and refuses the lies about each operation's first one, is
what `lpb verify` finds, and test_verify.py asks it. Here are more examples and more lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lean_file import LeanFile
from lpb_cli.verify.lies import exchange_of, tell_lies
from lpb_cli.verify.transcript import render_lies
from lpb_server.operations import Answer, Example, Operation, default_registry
from lpb_server.operations.answering import answer_here

ENGINE_TIMEOUT_S = 1800

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


def answered_examples(operation: Operation) -> Iterator[tuple[Example, Answer]]:
    assert operation.examples is not None
    for example in operation.examples(np.random.default_rng(7), 2):
        yield example, answer_here(operation, example.question)


def lied_about(operation: Operation) -> tuple[Example, Answer]:
    """Give the first example that is asked otherwise than the first one, or else the second.

    Of a linear program that is a dense one, where the first is sparse.
    """
    (first, _), *others = answered_examples(operation)
    asked = set(first.question.arrays)
    differently = [other for other in others if set(other[0].question.arrays) != asked]
    return (differently or others)[0]


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_what_is_accepted_cannot_be_called_a_lie(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    told = []
    for item in checked_operations():
        example, answer = next(answered_examples(item))
        name = f"{item.name}: {example.name}"
        told.append(exchange_of(item, name, example.question, answer))
    assert unaccepted(toolchain, render_lies, told, tmp_path) == {live.name for live in told}


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_lean_refuses_lies_about_another_example(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    told: list[LiveExchange] = []
    for item in checked_operations():
        if item.certificate is None:
            continue
        assert item.lies is not None
        example, answer = lied_about(item)
        for what, lie in item.lies(example.question, answer).items():
            name = f"{item.name}: {what} ({example.name})"
            told.append(exchange_of(item, name, example.question, lie))
    assert len(told) >= 8
    assert unaccepted(toolchain, render_lies, told, tmp_path) == set()


@pytest.mark.timeout(600)
def test_python_accepts_every_example_and_refuses_every_lie() -> None:
    for item in checked_operations():
        if item.certificate is None or item.certificate.check is None:
            continue
        assert item.lies is not None
        for example, answer in answered_examples(item):
            assert item.certificate.check(example.question, answer), example.name
            for name, lie in item.lies(example.question, answer).items():
                assert not item.certificate.check(example.question, lie), (example.name, name)


def test_each_certified_operation_brings_at_least_eight_lies() -> None:
    told, failed = tell_lies(default_registry(), 1)
    assert failed == []
    for item in default_registry():
        if item.certificate is not None:
            assert sum(live.planned.op == item.name for live in told) >= 8, item.name
