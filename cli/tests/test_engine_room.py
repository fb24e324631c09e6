"""What does not fit the embedded engine is said before it is tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lpb_cli.commands.app import app
from lpb_cli.errors import EXIT_ENVIRONMENT, CommandFailedError, EngineExhaustedError
from lpb_cli.output.report import Status
from lpb_cli.settings import Settings
from lpb_cli.toolchain import embedded, engine_process
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.engine_process import EngineProcess
from lpb_cli.verify import engine_room
from lpb_cli.verify.engine_room import (
    MOST_ELEMENTS,
    MOST_OF_SECOND,
    ROOM_BYTES,
    Misfit,
    TooLargeError,
    misfit,
    require_room,
)
from lpb_cli.verify.exchanges import LiveExchange
from lpb_cli.verify.lies import exchange_of
from lpb_cli.verify.stages.lean import fitting_exchanges
from lpb_server.operations import Answer, Operation, Question, Scaling, default_registry
from lpb_server.operations.sparse_programs import random_sparse_program
from typer.testing import CliRunner

Estimate = Callable[[Mapping[str, int], Answer], float]


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what estimates nothing ten times as costly, so that small questions do."""
    monkeypatch.setattr(engine_room, "BYTES_A_BYTE", 16_000)


def matvec(estimate: Estimate | None = None) -> Operation:
    found = default_registry().find("matvec")
    return replace(found, scaling=Scaling(heap_bytes=estimate))


def asked(operation: Operation, m: int, k: int) -> LiveExchange:
    """Give an exchange of these dimensions. Nothing is computed: it is not for a checker."""
    question = Question(arrays={"matrix": np.zeros((m, k)), "vector": np.zeros(k)})
    answer = Answer({}, {"product": np.zeros(m)}, {"kind": "product_error_bound"})
    return exchange_of(operation, "here", question, answer)


def refused(operation: Operation, live: LiveExchange) -> str:
    found = misfit(operation, live)
    assert found is not None
    assert "\n" not in found.problem + found.hint
    return found.problem


def fitting_size(said: str, name: str) -> int:
    found = re.search(rf"It would fit with .*?\b{name} = ([\d,]+)", said)
    assert found is not None, said
    return int(found[1].replace(",", ""))


def test_an_operation_s_own_estimate_decides_and_the_size_that_fits_is_the_largest() -> None:
    operation = matvec(lambda n, answer: 4 * ROOM_BYTES * n["m"] * n["k"] / (60 * 90))
    said = refused(operation, asked(operation, 60, 90))
    assert "The certificate of matvec with m = 60, k = 90 is too large" in said
    m, k = fitting_size(said, "m"), fitting_size(said, "k")
    assert (m, k) == (30, 45)
    assert misfit(operation, asked(operation, m, k)) is None
    assert misfit(operation, asked(operation, m + 1, k + 1)) is not None


def test_an_estimate_may_depend_on_the_certificate_and_one_that_fails_is_no_help(
    costly: None,
) -> None:
    operation = matvec(lambda n, answer: 2.0 * ROOM_BYTES * bool(answer.certificate["kind"]))
    assert "No size would fit." in refused(operation, asked(operation, 2, 2))
    failing = matvec(lambda n, answer: answer.certificate["no such entry"])  # type: ignore[arg-type,return-value]
    assert misfit(failing, asked(failing, 2, 2)) is None
    assert "GiB" in refused(failing, asked(failing, 260, 260))


def test_without_an_estimate_all_bytes_count(costly: None) -> None:
    operation = matvec()
    said = refused(operation, asked(operation, 260, 260))
    k = fitting_size(said, "k")
    assert misfit(operation, asked(operation, fitting_size(said, "m"), k)) is None
    unnamed = replace(operation, arrays=None)
    said = refused(unnamed, asked(operation, 260, 260))
    assert re.search(r"It has 68,120 numbers; some [\d,]+ would fit\.", said)


def test_what_stands_in_the_parameters_counts_too() -> None:
    rows: Any = [[0.5] * 400] * 300
    question = Question({"matrix": rows})
    operation = default_registry().find("matrix_sum")
    answer = Answer({"sum": 0.0}, {}, {"kind": "sum_error_bound", "count": 120_000})
    said = refused(operation, exchange_of(operation, "here", question, answer))
    assert "as long as 120,000 doubles" in said


def test_an_array_that_lean_cannot_read_is_too_large_for_any_engine() -> None:
    operation = matvec(lambda n, answer: 0.0)
    live = asked(operation, 1, MOST_ELEMENTS + 1)
    said = refused(operation, live)
    assert f"{MOST_ELEMENTS:,}" in said
    found = misfit(operation, live)
    assert found is not None
    assert "--engine lake" not in found.hint
    dot = replace(default_registry().find("dot"), scaling=Scaling(heap_bytes=lambda n, answer: 0.0))
    for length, fits in ((MOST_OF_SECOND, True), (MOST_OF_SECOND + 1, False)):
        pair = Question(arrays={"left": np.zeros(length), "right": np.zeros(length)})
        live = exchange_of(dot, "here", pair, Answer({"dot": 0.0}, {}, {"kind": "any"}))
        assert (misfit(dot, live) is None) == fits
    assert fitting_size(said, "k") == MOST_OF_SECOND
    assert misfit(operation, asked(operation, 1, MOST_OF_SECOND)) is None
    assert misfit(operation, asked(operation, 64, MOST_ELEMENTS // 64)) is None


def test_a_sparse_program_counts_its_entries_and_not_its_zeros() -> None:
    operation = default_registry().find("linear_program")

    def asked_of(m: int, n: int, entries: int) -> Misfit | None:
        random = np.random.default_rng(1)
        question = Question({}, random_sparse_program(random, m, n, entries))
        proof = {
            "point": np.zeros((n + 1, 9), np.uint64),
            "multipliers": np.ones((m + 1, 1), np.uint64),
        }
        answer = Answer({}, {"solution": np.zeros(n)}, {"kind": "linear_program_proof"}, proof)
        return misfit(operation, exchange_of(operation, "here", question, answer))

    assert asked_of(500, 800, 3000) is None
    found = asked_of(1000, 1500, 6000)
    assert found is not None
    assert "too large for the embedded engine" in found.problem


def test_every_example_of_every_operation_fits() -> None:
    for operation in default_registry():
        for example in (
            operation.examples(np.random.default_rng(1), 2) if operation.examples else ()
        ):
            live = exchange_of(operation, "here", example.question, Answer({}))
            assert misfit(operation, live) is None, (operation.name, example.name)


def test_only_the_embedded_engine_is_too_small(
    settings: Settings, engine_cache: Path, costly: None
) -> None:
    operation = matvec()
    live = asked(operation, 260, 260)
    other: Any = SimpleNamespace(name="lake")
    require_room(other, operation, live)
    toolchain = EmbeddedToolchain(settings)
    try:
        with pytest.raises(TooLargeError) as caught:
            require_room(toolchain, operation, live)
    finally:
        toolchain.close()
    assert caught.value.exit_code == EXIT_ENVIRONMENT
    assert "--engine lake" in caught.value.hint


def test_certify_refuses_and_no_engine_starts(
    engine_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*arguments: object) -> None:
        pytest.fail("an engine was started")

    monkeypatch.setattr(embedded, "EngineProcess", started)
    monkeypatch.setattr(engine_room, "MOST_ELEMENTS", 50)
    np.save(tmp_path / "x.npy", np.linspace(0, 1, 200))
    output = tmp_path / "Sorted.lean"
    result = CliRunner().invoke(
        app,
        ["certify", "sort", "--array", f"values={tmp_path / 'x.npy'}", "--engine", "embedded",
         "--output", str(output)],
    )  # fmt: skip
    error = result.exception
    assert isinstance(error, TooLargeError)
    assert "n = 200" in error.message
    assert "It would fit with n = " in error.message
    assert output.is_file()  # another engine can check it
    assert f"{output} is written, and not checked" in error.hint


def test_verify_leaves_out_what_is_too_large_and_says_so(costly: None) -> None:
    operation = matvec()
    small, large = asked(operation, 2, 2), asked(operation, 260, 260)
    toolchain: Any = EmbeddedToolchain.__new__(EmbeddedToolchain)
    fitting, too_large = fitting_exchanges(toolchain, [operation], [small, large])
    assert fitting == [small]
    assert [check.status for check in too_large] == [Status.FAILED]
    assert "too large for the embedded engine" in too_large[0].detail


@pytest.mark.parametrize(
    ("said", "exhausted"),
    [
        ("the Lean engine crashed: a thread used up its stack or the memory", True),
        ("RuntimeError: memory access out of bounds\n    at wasm-function[1]", True),
        ("Aborted(OOM)", True),
        ("RangeError: Maximum call stack size exceeded", True),
        ("TypeError: x is not a function", False),
    ],
)
def test_an_engine_that_runs_out_is_said_in_one_line(
    said: str, exhausted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 70\n")
    node.chmod(0o755)
    monkeypatch.setattr(engine_process, "find_node", lambda: node)
    with (
        EngineProcess(tmp_path, [tmp_path]) as engine,
        pytest.raises(CommandFailedError) as caught,
    ):
        engine.wait_until_ready()
    assert isinstance(caught.value, EngineExhaustedError) == exhausted
    if exhausted:
        assert "\n" not in str(caught.value) + caught.value.hint
        assert "2 GiB" in caught.value.message
