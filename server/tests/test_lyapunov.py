"""`lyapunov_discrete` and `lyapunov_continuous`: what they answer, and what they refuse."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from lies_support import assert_only_truth_holds
from lpb_server.certificates.lyapunov_equation import continuous_form, discrete_form, rounded
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations import Answer, Question, default_registry
from lpb_server.operations.answering import answer_here

OPERATIONS = ("lyapunov_discrete", "lyapunov_continuous")

STABLE = {
    "lyapunov_discrete": [[0.5, 1.0], [-0.2, 0.3]],
    "lyapunov_continuous": [[-0.5, 1.0], [-2.0, -0.3]],
}


def ask(op: str, matrix: Any, **params: Any) -> tuple[Question, Answer]:
    question = Question(params, {"matrix": np.array(matrix, np.float64)})
    return question, answer_here(default_registry().find(op), question)


def accepted(op: str, question: Question, answer: Answer) -> bool:
    certificate = default_registry().find(op).certificate
    assert certificate is not None
    assert certificate.check is not None
    return certificate.check(question, answer)


def exact(matrix: Any) -> npt.NDArray[np.object_]:
    fractions: npt.NDArray[np.object_] = np.frompyfunc(Fraction, 1, 1)(np.asarray(matrix, object))
    return fractions


@pytest.mark.parametrize("op", OPERATIONS)
def test_examples_are_certified_and_lies_refused(op: str) -> None:
    assert_only_truth_holds(default_registry().find(op), 11, 12, least=30)


@pytest.mark.parametrize("op", OPERATIONS)
def test_an_answer_is_for_its_question_alone(op: str) -> None:
    question, answer = ask(op, STABLE[op])
    for other in (question.arrays["matrix"] * 1.01, question.arrays["matrix"][::-1].copy()):
        assert not accepted(op, Question({}, {"matrix": other}), answer)
    assert not accepted(op, Question({}, {}), answer)
    assert not accepted(op, Question({}, {"matrix": np.zeros((0, 0))}), answer)
    assert not accepted(op, Question({}, {"matrix": np.array(0.5)}), answer)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0]],
        [[-1.5]],
        [[0.0, 1.0], [-1.0, 0.0]],
        [[2.0, 0.0], [0.0, 0.1]],
        np.full((3, 3), 0.5),
    ],
)
def test_a_recursion_that_is_not_stable(matrix: Any) -> None:
    with pytest.raises(Uncertifiable, match="not stable: the spectral radius is computed as"):
        ask("lyapunov_discrete", matrix)


@pytest.mark.parametrize(
    "matrix",
    [[[0.0]], [[1.5]], [[0.0, 1.0], [-1.0, 0.0]], [[-2.0, 0.0], [0.0, 0.1]], np.eye(3, k=1)],
)
def test_a_differential_equation_that_is_not_stable(matrix: Any) -> None:
    with pytest.raises(Uncertifiable, match="not stable: an eigenvalue is computed"):
        ask("lyapunov_continuous", matrix)


def test_rates_by_which_nothing_decays() -> None:
    ask("lyapunov_discrete", [[0.5]], rate=0.26)
    with pytest.raises(Uncertifiable, match=r"no form decays by the rate 0\.2: "):
        ask("lyapunov_discrete", [[0.5]], rate=0.2)
    ask("lyapunov_continuous", [[-0.5]], rate=0.98)
    with pytest.raises(Uncertifiable, match=r"no form decays by the rate 1: .* less than 1"):
        ask("lyapunov_continuous", [[-0.5]], rate=1)


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("rate", [0, -1, "fast", None, True])
def test_rates_that_are_none(op: str, rate: Any) -> None:
    with pytest.raises(InvalidParams):
        ask(op, STABLE[op], rate=rate)


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("matrix", [[[np.nan]], [[-0.5, np.inf], [0.0, -0.5]], np.ones((2, 3)), []])
def test_matrices_that_are_not_finite_or_not_square(op: str, matrix: Any) -> None:
    with pytest.raises(InvalidParams):
        ask(op, matrix)


@pytest.mark.parametrize(
    ("op", "matrix"),
    [
        ("lyapunov_discrete", [[1 - 2.0**-40, 1e8], [0.0, 1 - 2.0**-40]]),
        ("lyapunov_discrete", [[0.5, 1e200], [0.0, 0.5]]),
        ("lyapunov_continuous", [[-(2.0**-40), 1e8], [0.0, -(2.0**-40)]]),
        ("lyapunov_continuous", [[-0.5, 1e200], [0.0, -0.5]]),
        ("lyapunov_continuous", [[-1e308, 1e308], [0.0, -1e308]]),
    ],
)
def test_what_is_too_near_to_unstable_for_double_precision(op: str, matrix: Any) -> None:
    with pytest.raises(Uncertifiable):
        ask(op, matrix)


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("exponent", [6, 9, 11])
def test_barely_stable_systems_are_certified(n: int, exponent: int) -> None:
    random = np.random.default_rng(n)
    for _ in range(5):
        matrix = random.standard_normal((n, n))
        slow = matrix * ((1 - 10.0**-exponent) / np.abs(np.linalg.eigvals(matrix)).max())
        assert accepted("lyapunov_discrete", *ask("lyapunov_discrete", slow))
        shift = np.linalg.eigvals(matrix).real.max() + 10.0**-exponent
        slow = matrix - shift * np.eye(n)
        assert accepted("lyapunov_continuous", *ask("lyapunov_continuous", slow))


def test_extended_precision_certifies_what_double_precision_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [_nearly_unstable(seed) for seed in range(40)]

    def certified() -> int:
        count = 0
        for matrix in found:
            try:
                count += accepted("lyapunov_discrete", *ask("lyapunov_discrete", matrix))
            except Uncertifiable:
                continue
        return count

    extended = certified()
    monkeypatch.setattr(np, "longdouble", np.float64)
    assert certified() < extended


def _nearly_unstable(seed: int) -> npt.NDArray[np.float64]:
    matrix = np.random.default_rng(seed).standard_normal((2, 2))
    radius = float(np.abs(np.linalg.eigvals(matrix)).max())
    return matrix * ((1 - 1e-14) / radius)


def test_the_form_decays_along_an_orbit() -> None:
    question, answer = ask("lyapunov_discrete", STABLE["lyapunov_discrete"])
    matrix, form = exact(question.arrays["matrix"]), exact(answer.arrays["form"])
    rate = Fraction(answer.result["rate"])  # type: ignore[arg-type]
    x = exact([1.0, -2.0])
    for _ in range(10):
        following = matrix @ x
        assert 0 < following @ form @ following < rate * (x @ form @ x)
        x = following


def test_the_derivative_of_the_form_is_negative() -> None:
    question, answer = ask("lyapunov_continuous", STABLE["lyapunov_continuous"])
    matrix, form = exact(question.arrays["matrix"]), exact(answer.arrays["form"])
    rate = Fraction(answer.result["rate"])  # type: ignore[arg-type]
    for x in map(exact, ([1.0, 0.0], [0.0, 1.0], [1.0, -2.0], [3.0, 1.0])):
        derivative = x @ (matrix.T @ form + form @ matrix) @ x
        assert derivative < -rate * (x @ form @ x) < 0


@pytest.mark.parametrize("n", [1, 2, 7, 25])
def test_forms_solve_the_equations(n: int) -> None:
    random = np.random.default_rng(n)
    matrix = random.standard_normal((n, n))
    values = np.linalg.eigvals(matrix)
    matrix *= 0.9 / np.abs(values).max()
    form = discrete_form(matrix, 0.9)
    np.testing.assert_allclose(
        0.9 * form - matrix.T @ form @ matrix, 0.9 * np.eye(n), atol=0.9 / 64
    )
    matrix -= (np.linalg.eigvals(matrix).real.max() + 0.5) * np.eye(n)
    form = continuous_form(matrix, 0.5)
    np.testing.assert_allclose(
        matrix.T @ form + form @ matrix + 0.5 * form, -0.5 * np.eye(n), atol=0.5 / 64
    )
    assert np.array_equal(form, form.T)


def test_rounding_to_whole_multiples() -> None:
    matrix = np.array([0.3, -0.3, 5.0, 1e300, -0.0])
    assert rounded(matrix, 0.25).tolist() == [0.25, -0.25, 5.0, 1e300, 0.0]
    assert rounded(matrix, 0.3).tolist() == [0.25, -0.25, 5.0, 1e300, 0.0]
    assert rounded(matrix, 0.0) is matrix
    assert rounded(matrix, np.inf) is matrix
