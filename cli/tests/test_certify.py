"""`lpb certify`: one result as a theorem in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunLpb
from lpb_cli.commands.certify import CertifyOptions, answered, certified_operation, write_theorem
from lpb_cli.errors import CertifyError, UsageError
from lpb_cli.processes.supervisor import ServerSupervisor
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain

ENGINE_TIMEOUT_S = 900
MATRIX = np.array([[0.1, 0.2, 0.3], [-1e16, 1.0, 1e16]])


def written(output: Path, **options: Any) -> Path:
    asked = CertifyOptions("matrix_sum", arrays={"matrix": MATRIX}, **options)
    operation = certified_operation(asked)
    return write_theorem(operation, asked, answered(operation, asked).exchange, output)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_the_kernel_accepts_what_is_true_and_nothing_else(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    file = written(tmp_path / "deep" / "my theorem.lean")
    assert "namespace LeanPythonBridge.Certified.Nmy_theorem" in file.read_text()
    result = toolchain.check_file(file, ENGINE_TIMEOUT_S)
    assert result.ok, result.diagnostics
    text = file.read_text()
    # Another matrix: the element 1.0 is 1.5.
    altered = text.replace("3ff0000000000000", "3ff8000000000000")
    assert altered != text
    file.write_text(altered)
    assert not toolchain.check_file(file, ENGINE_TIMEOUT_S).ok


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_certify_from_the_command_line(
    run_lpb: RunLpb, own_output: dict[str, str], engine_cache: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "m.npy", MATRIX)
    result = run_lpb(
        "certify", "matrix_sum", "--array", f"matrix={tmp_path / 'm.npy'}", "--engine", "embedded",
        "--output", str(tmp_path / "Sum.lean"), timeout_s=ENGINE_TIMEOUT_S, **own_output,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "Lean's kernel accepts" in result.stdout
    assert (tmp_path / "Sum.lean").is_file()
    refused = run_lpb("certify", "matrix_sum", "--output", str(tmp_path / "No.lean"))
    assert refused.returncode == 1
    assert "invalid_params" in refused.stderr
    assert not (tmp_path / "No.lean").exists()
    assert run_lpb("certify", "ping").returncode == 2


def test_a_server_s_answer_is_the_same_theorem(settings: Any, tmp_path: Path) -> None:
    with ServerSupervisor(settings.project) as server:
        asked = written(tmp_path / "Asked.lean", endpoint=server.endpoint).read_text()
        params: Any = {"matrix": [[float("nan")]]}
        nan = CertifyOptions("matrix_sum", params, endpoint=server.endpoint)
        operation = certified_operation(nan)
        with pytest.raises(CertifyError, match="not finite"):
            answered(operation, nan)
    here = written(tmp_path / "Asked.lean").read_text()
    assert asked.replace(f"by the server at {server.endpoint}", "in this process") == here


def test_what_cannot_be_certified_is_said(tmp_path: Path) -> None:
    for name, words in (("ping", "nothing to certify"), ("unheard-of", "no operation")):
        with pytest.raises(UsageError, match=words):
            certified_operation(CertifyOptions(name))
    with pytest.raises(CertifyError, match="no certificate"):
        written(tmp_path / "No.lean", endpoint="tcp://127.0.0.1:9", timeout_s=0.1)
