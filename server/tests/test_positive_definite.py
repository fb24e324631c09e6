"""The certificate of positive definiteness, against `fractions.Fraction`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from lpb_server.certificates import positive_definite
from lpb_server.errors import Uncertifiable

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def spd(n: int, condition: float = 100.0, seed: int = 0) -> FloatArray:
    """Draw a symmetric matrix with eigenvalues from 1 to 1 / `condition`."""
    generator = np.random.default_rng(seed)
    rotation = np.linalg.qr(generator.standard_normal((n, n)))[0]
    matrix = (rotation * np.geomspace(1, 1 / condition, n)) @ rotation.T
    return np.asarray((matrix + matrix.T) / 2, np.float64)


def left(matrix: FloatArray, factor: FloatArray) -> list[list[Fraction]]:
    exact = [[Fraction(x) for x in row] for row in matrix.tolist()]
    upper = [[Fraction(x) for x in row] for row in factor.tolist()]
    n = range(len(exact))
    zero = Fraction(0)
    return [[exact[i][j] - sum((upper[k][i] * upper[k][j] for k in n), zero) for j in n] for i in n]


def test_what_is_left_is_strictly_diagonally_dominant() -> None:
    for n, condition in ((1, 1.0), (2, 1e3), (7, 1e12), (12, 10.0)):
        matrix = spd(n, condition)
        certificate = positive_definite(matrix)
        assert np.array_equal(np.tril(certificate.factor, -1), np.zeros((n, n)))
        assert not np.signbit(np.tril(certificate.factor, -1)).any()
        for i, row in enumerate(left(matrix, certificate.factor)):
            assert sum(map(abs, row)) < 2 * row[i]


def test_ranges_hold_every_double() -> None:
    certificate = positive_definite(spd(6))
    for values, found in (
        (spd(6), certificate.matrix_range),
        (certificate.factor, certificate.factor_range),
    ):
        for x in values.ravel().tolist():
            units = Fraction(x) * 2 ** (1074 - found.low)
            assert units.denominator == 1
            assert abs(units) < 2**found.bits
        assert found.low + 2 <= found.high <= 2047


def test_scaled_matrices() -> None:
    scale = np.ldexp(1.0, np.array([-8, 0, 10, 3]))
    matrix = spd(4) * scale[:, None] * scale[None, :]
    for i, row in enumerate(left(matrix, positive_definite(matrix).factor)):
        assert sum(map(abs, row)) < 2 * row[i]


def test_very_badly_scaled_matrices_are_refused() -> None:
    scale = np.ldexp(1.0, np.array([-200, 0, 150, 30]))
    with pytest.raises(Uncertifiable, match="scaled"):
        positive_definite(spd(4) * scale[:, None] * scale[None, :])


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        ([[np.nan]], "not finite"),
        ([[1.0, 2.0], [3.0, 9.0]], "not symmetric"),
        ([[0.0]], "diagonal"),
        ([[-1.0]], "diagonal"),
        ([[1.0, 2.0], [2.0, 1.0]], "not positive definite"),
        ([[1.0, 1.0], [1.0, 1.0]], "singular|not positive definite"),
    ],
)
def test_refusals_say_why(matrix: list[list[float]], reason: str) -> None:
    with pytest.raises(Uncertifiable, match=reason):
        positive_definite(np.array(matrix))
