"""Cases of one certified operation at one size: the answer, its certificate, and who checks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from lpb_server.operations import Answer, Operation, Question
from lpb_server.operations.answering import answer_here
from lpb_server.operations.scaling import UnscalableError, scaled_question

from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.cases import Case, Contender, Failures, Turn
from lpb_benchmarks.measure.environment import Environment
from lpb_benchmarks.measure.station import Round
from lpb_benchmarks.measure.usage import Usage

__all__ = [
    "ANSWER",
    "CERTIFIED",
    "PYTHON_CHECK",
    "CertificateCase",
    "CertificateCheck",
    "LeanCheckCase",
    "Spent",
    "asked_and_answered",
]

ANSWER: Final = "NumPy's answer"
CERTIFIED: Final = "with certificate"
PYTHON_CHECK: Final = "Python's check"

_SEED: Final = 17
_TURN_S: Final = 0.02
"""A turn goes on for that long, so that what takes microseconds is called often."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one check took.

    Parameters
    ----------
    wall_s : float
        From its beginning to its verdict.
    processor_s : float or None
        Computed for it, in all processes together.
    """

    wall_s: float
    processor_s: float | None = None


CertificateCheck: TypeAlias = Callable[[Operation, int, Question, Answer], Spent]
"""Has the certificate of a size checked, which must hold. It may raise `BenchmarkError` with the
reason why it cannot be."""


def asked_and_answered(operation: Operation, size: int) -> tuple[Question, Answer]:
    """Make the question of a size, the same in every run, and answer it with its certificate.

    Raises
    ------
    BenchmarkError
        When there is no such question, or no certificate of its answer.
    """
    try:
        question = scaled_question(operation, np.random.default_rng((_SEED, size)), size)
        return question, answer_here(operation, question)
    except UnscalableError as error:
        raise BenchmarkError(f"no question of a size: {error}") from error
    except Exception as error:  # Whatever an operation's own functions do.
        raise BenchmarkError(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCase(Case):
    """What Python does, in this process: it answers, makes the certificate, and checks it.

    Parameters
    ----------
    operation : Operation
        A certified one.
    """

    operation: Operation

    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Make the question, and do each part once."""
        assert self.size is not None
        turns: dict[str, Turn] = {}
        try:
            question, answer = asked_and_answered(self.operation, self.size)
        except BenchmarkError as error:
            failures.update({item.name: error.message for item in contenders})
            yield turns
            return
        parts = self._parts(question, answer)
        for contender in contenders:
            if contender.name in parts:
                turns[contender.name] = self._turn(parts[contender.name])
                turns[contender.name]()
            else:
                failures[contender.name] = "it brings no checker in Python"
        yield turns

    def _parts(self, question: Question, answer: Answer) -> dict[str, Callable[[], object]]:
        operation, certificate = self.operation, self.operation.certificate
        assert certificate is not None
        parts: dict[str, Callable[[], object]] = {
            ANSWER: lambda: operation.function(question.params, question.arrays),
            CERTIFIED: lambda: answer_here(operation, question),
        }
        check = certificate.check
        if check is not None:
            parts[PYTHON_CHECK] = lambda: _accepted(operation, check(question, answer))
        return parts

    def _turn(self, part: Callable[[], object]) -> Turn:
        return lambda: _timed(part)


def _accepted(operation: Operation, holds: bool) -> None:
    if not holds:
        raise BenchmarkError(f"{operation.name}: Python's checker refuses an honest answer.")


def _timed(part: Callable[[], object]) -> Round:
    """Call a function until a turn is over; at least once."""
    taken: list[int] = []
    computed_s = time.process_time()
    begun = now = time.perf_counter_ns()
    while not taken or now - begun < _TURN_S * 1e9:
        part()
        before, now = now, time.perf_counter_ns()
        taken.append(now - before)
    used = Usage(time.process_time() - computed_s)
    rate = len(taken) * 1e9 / sum(taken)
    return Round(np.array(taken, dtype=np.int64), len(taken), rate, client=used)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanCheckCase(Case):
    """What Lean does with the same certificate, in processes of its own.

    Parameters
    ----------
    operation : Operation
        A certified one.
    checks : mapping of str to callable
        By contender.
    """

    operation: Operation
    checks: Mapping[str, CertificateCheck] = field(default_factory=dict)

    @contextmanager
    def ready(
        self, environment: Environment, contenders: Sequence[Contender], failures: Failures
    ) -> Iterator[dict[str, Turn]]:
        """Make the question. A check is not tried before its turn: it takes seconds each time."""
        assert self.size is not None
        try:
            question, answer = asked_and_answered(self.operation, self.size)
        except BenchmarkError as error:
            failures.update({item.name: error.message for item in contenders})
            yield {}
            return
        yield {item.name: self._turn(item.name, failures, question, answer) for item in contenders}

    def _turn(self, name: str, failures: Failures, question: Question, answer: Answer) -> Turn:
        size = self.size
        assert size is not None

        def turn() -> Round:
            try:
                spent = self.checks[name](self.operation, size, question, answer)
            except BenchmarkError as error:
                failures[name] = error.message
                return Round(np.array([], dtype=np.int64), 0, 0.0)
            samples = np.array([max(round(spent.wall_s * 1e9), 1)], dtype=np.int64)
            return Round(samples, 1, 1e9 / samples[0], client=Usage(spent.processor_s))

        return turn
