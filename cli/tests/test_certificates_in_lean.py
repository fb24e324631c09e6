"""What Python certifies, Lean's kernel accepts; what is nearly so, it refuses."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lpb_cli.toolchain.diagnostics import ProofReport
from lpb_cli.toolchain.embedded import EmbeddedToolchain
from lpb_server.certificates import (
    PositiveDefiniteCertificate,
    SolveCertificate,
    positive_definite,
    solve_enclosure,
)
from lpb_server.certificates.ranges import ExponentRange

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

ENGINE_TIMEOUT_S = 900

HEADER = """module
public import LeanPythonBridge.Certificate.Chunks
public import LeanPythonBridge.Certificate.PositiveDefinite
public import LeanPythonBridge.Certificate.Solve
@[expose] public section
open LeanPythonBridge.Certificate
"""


def frame(values: FloatArray) -> str:
    data = np.ascontiguousarray(values, "<f8").tobytes()
    chunks = (data[i : i + 512] for i in range(0, len(data), 512))
    words = (f"nat_lit {int.from_bytes(chunk, 'little'):#x}" for chunk in chunks)
    return f"(join [{', '.join(words)}])"


def bits(value: float) -> int:
    return int.from_bytes(struct.pack("<d", value), "little")


def lean(found: ExponentRange) -> str:
    return f"⟨{found.low}, {found.high}⟩"


def spd_check(matrix: FloatArray, certificate: PositiveDefiniteCertificate) -> str:
    c = certificate
    layout = f"⟨{c.words}, {lean(c.matrix_range)}, {lean(c.factor_range)}⟩"
    return f"PositiveDefinite.check {frame(matrix)} {frame(c.factor)} {len(matrix)} {layout}"


def solve_check(
    matrix: FloatArray, right: FloatArray, solution: FloatArray, certificate: SolveCertificate
) -> str:
    c = certificate
    r = c.ranges
    ranges = (r.matrix, r.right, r.solution, r.inverse)
    layout = f"⟨{c.words}, {c.wide}, {', '.join(map(lean, ranges))}⟩"
    frames = " ".join(map(frame, (matrix, right, solution, c.inverse)))
    numbers = f"{len(matrix)} {bits(c.contraction)} {bits(c.bound)}"
    return f"Solve.check {frames} {numbers} {layout}"


def decide(toolchain: EmbeddedToolchain, folder: Path, true: list[str], false: list[str]) -> None:
    """Have the kernel decide checks that must hold and checks that must not."""
    claims = [f"{check} = true" for check in true] + [f"{check} = false" for check in false]
    file = folder / "Checks.lean"
    file.write_text(
        HEADER + "".join(f"theorem t{i} : {c} := by decide +kernel\n" for i, c in enumerate(claims))
    )
    result = toolchain.check_file(file, ENGINE_TIMEOUT_S)
    wrong = [d.line - HEADER.count("\n") - 1 for d in result.diagnostics]
    assert result.ok, f"of {len(true)} certificates and {len(false)} lies, decided wrongly: {wrong}"


def spd(n: int, condition: float) -> FloatArray:
    rotation = np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]
    matrix = (rotation * np.geomspace(1, 1 / condition, n)) @ rotation.T
    return np.asarray((matrix + matrix.T) / 2, np.float64)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_positive_definiteness(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    matrices = [spd(1, 1), spd(2, 1e6), spd(5, 1e12), spd(9, 10), spd(17, 1e4)]
    matrices += [np.array([[5e-310]]), np.diag([1e-12, 1.0, 1e12]), spd(3, 2) * 1e290]
    true = [spd_check(matrix, positive_definite(matrix)) for matrix in matrices]

    matrix = matrices[3]
    certificate = positive_definite(matrix)
    asymmetric, indefinite, unfinished = matrix.copy(), matrix.copy(), matrix.copy()
    asymmetric[1, 2] = np.nextafter(asymmetric[1, 2], 1.0)
    indefinite[4, 4] = -indefinite[4, 4]
    unfinished[0, 0] = np.nan
    lies = [
        spd_check(wrong, certificate)
        for wrong in (asymmetric, indefinite, unfinished, matrix[::-1], matrix - 0.2 * np.eye(9))
    ]
    lies += [
        spd_check(matrix, replace(certificate, factor=factor))
        for factor in (certificate.factor.T, certificate.factor * 2, certificate.factor * 0)
    ]
    lies.append(spd_check(matrix, replace(certificate, words=1)))
    narrow = ExponentRange(certificate.matrix_range.low + 1, certificate.matrix_range.high)
    lies.append(spd_check(matrix, replace(certificate, matrix_range=narrow)))
    decide(toolchain, tmp_path, true, lies)


def question(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    generator = np.random.default_rng(n)
    matrix, right = generator.standard_normal((n, n)), generator.standard_normal(n)
    return matrix, right, np.asarray(np.linalg.solve(matrix, right), np.float64)


@pytest.mark.timeout(ENGINE_TIMEOUT_S)
def test_enclosures_of_solutions(
    toolchain: EmbeddedToolchain, proofs: ProofReport, tmp_path: Path
) -> None:
    questions = [question(n) for n in (1, 2, 6, 17)]
    hilbert = 1.0 / (np.arange(8)[:, None] + np.arange(8)[None, :] + 1)
    inexact = np.asarray(np.linalg.solve(hilbert, np.ones(8)), np.float64)
    questions.append((hilbert, np.ones(8), inexact))
    scaled = np.diag([1e-150, 1.0, 1e150])
    questions.append((scaled, np.ones(3), np.array([1e150, 1.0, 1e-150])))
    questions.append((np.eye(3), np.zeros(3), np.zeros(3)))
    true = [solve_check(*asked, solve_enclosure(*asked)) for asked in questions]

    matrix, right, solution = questions[2]
    certificate = solve_enclosure(matrix, right, solution)
    elsewhere, unfinished = solution.copy(), solution.copy()
    elsewhere[3] += 4 * certificate.bound
    unfinished[3] = np.inf
    lies = [
        solve_check(matrix, right, solution, replace(certificate, **changed))
        for changed in (
            {"bound": float(np.nextafter(certificate.bound, 0.0))},
            {"bound": -certificate.bound},
            {"bound": float("nan")},
            {"contraction": float(np.nextafter(certificate.contraction, 0.0))},
            {"contraction": 1.0},
            {"inverse": certificate.inverse.T},
            {"words": 1},
            {"wide": 1},
        )
    ]
    lies += [
        solve_check(matrix, right, elsewhere, certificate),
        solve_check(matrix, right, unfinished, certificate),
        solve_check(matrix, right[::-1], solution, certificate),
        solve_check(matrix.T, right, solution, certificate),
        solve_check(matrix[::-1], right, solution, certificate),
        solve_check(np.ones((6, 6)), right, solution, certificate),
    ]
    decide(toolchain, tmp_path, true, lies)
