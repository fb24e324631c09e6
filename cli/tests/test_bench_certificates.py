"""What `lpb bench --scenario certificates` has Lean do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lpb_benchmarks.errors import BenchmarkError
from lpb_benchmarks.measure.certified import asked_and_answered
from lpb_cli.commands.bench import lean_checks
from lpb_cli.commands.bench_certificates import EngineWhenNeeded, KernelCheck
from lpb_cli.commands.bench_compiled import CompiledCheck
from lpb_cli.errors import EnvironmentLacksError
from lpb_cli.output.progress import ProgressReporter
from lpb_cli.settings import Settings
from lpb_cli.toolchain.choice import EngineName
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_cli.toolchain.native_programs import NativePrograms
from lpb_cli.verify import engine_room
from lpb_server.operations import Operation, Scaling, default_registry

ENGINE_TIMEOUT_S = 900
SIZES = (3, 5)


class Opened(EngineWhenNeeded):
    """The tests' own engine in the place of one that is opened when it is needed."""

    def __init__(self, toolchain: EmbeddedToolchain) -> None:
        self._toolchain = toolchain
        self._fault = None


def dot() -> Operation:
    return replace(default_registry().find("dot"), scaling=Scaling(sizes=SIZES))


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_kernel_and_compiled_code_decide_every_size_and_refuse_another_answer(
    settings: Settings, toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    try:
        NativePrograms(settings, toolchain).close()
    except EnvironmentLacksError as error:
        pytest.skip(f"{error.message} {error.hint}")
    opened, own = Opened(toolchain), replace(settings, output_folder=tmp_path)
    operation = dot()
    with CompiledCheck(own, opened) as compiled:
        checks = lean_checks(own, opened, compiled)
        assert list(checks) == ["Lean's kernel", "compiled Lean"]
        for size in SIZES:
            asked = asked_and_answered(operation, size)
            for check in checks.values():
                spent = check(operation, size, *asked)
                assert spent.wall_s > 0
                assert spent.processor_s is not None
        question, answer = asked_and_answered(operation, SIZES[0])
        question.arrays = {**question.arrays, "left": np.ones(SIZES[0])}
        with pytest.raises(BenchmarkError, match="Lean rejects"):
            checks["Lean's kernel"](operation, SIZES[0], question, answer)
        with pytest.raises(BenchmarkError, match="no program was compiled for n = 4"):
            compiled(operation, 4, question, answer)


def test_what_does_not_fit_the_engine_is_skipped_with_the_reason(
    settings: Settings,
    toolchain: EmbeddedToolchain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_room, "MOST_ELEMENTS", 2)
    check = KernelCheck(replace(settings, output_folder=tmp_path), Opened(toolchain))
    operation = dot()
    with pytest.raises(BenchmarkError, match="too large for the embedded engine"):
        check(operation, SIZES[0], *asked_and_answered(operation, SIZES[0]))


def test_without_an_engine_the_reason_is_said_each_time(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lacking = replace(settings, lake=None, elan_home=tmp_path, output_folder=tmp_path)
    reporter = ProgressReporter()
    with EngineWhenNeeded(lacking, EngineName.LAKE, reporter) as engine:
        operation = dot()
        asked = asked_and_answered(operation, SIZES[0])
        for check in lean_checks(lacking, engine, CompiledCheck(lacking, engine)).values():
            for _ in range(2):
                with pytest.raises(BenchmarkError, match="No `lake` found"):
                    check(operation, SIZES[0], *asked)
