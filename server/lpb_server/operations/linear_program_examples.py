"""Linear programs worth asking, and answers to them that are nearly right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact_linear import decode_integers
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.highs import has_scipy
from lpb_server.operations.linear_program_answers import evidence_of, outcome_of
from lpb_server.operations.program_lies import (
    about_denominators,
    about_optimum,
    about_proof,
    opposite,
    proving,
)
from lpb_server.operations.programs import program_of
from lpb_server.operations.question import Answer, Example, Question
from lpb_server.operations.sparse_programs import (
    SPARSE_NAMES,
    changed_matrices,
    random_sparse_program,
    small_sparse_programs,
)
from lpb_server.wire.arrays import Array

__all__ = [
    "KIND",
    "examples",
    "lies",
    "random_program",
    "random_sparse_program",
    "scaled_question",
]

KIND: Final = "linear_program_proof"
"""What the certificates are called."""

Doubles = npt.NDArray[np.float64]


def random_program(random: np.random.Generator, m: int, n: int) -> dict[str, Array]:
    """Draw a sparse program that has an optimum: with equations, slack rows and decimal numbers.

    Equations have coefficients of few bits, so that rounding does not make them contradict. Of
    27 × 32, 50 × 48 and 56 × 97 it is like afiro, sc50a and adlittle of NETLIB.
    """
    matrix = np.where(random.random((m, n)) < 4 / n + 0.02, random.integers(-900, 999, (m, n)), 0)
    matrix[np.arange(m), random.integers(n, size=m)] = random.integers(1, 9, m) * 100
    equal = random.random(m) < 0.3
    values = matrix / np.where(equal, 128.0, 100.0)[:, None]
    inside = np.where(random.random(n) < 0.6, random.integers(1, 400, n) / 8.0, 0.0)
    rows = values @ inside
    room = np.where(random.random(m) < 0.5, random.integers(1, 99, m) / 4.0, 1e-3)
    multipliers = np.where(random.random(m) < 0.6, -random.random(m), 0.0)
    cost = values.T @ multipliers + np.where(inside > 0, 0.0, random.random(n))
    return {
        "cost": np.round(cost, 3) + 0.001,
        "matrix": values,
        "row_lower": np.where(equal, rows, -math.inf),
        "row_upper": np.where(equal, rows, rows + room),
        "lower": np.zeros(n),
        "upper": np.full(n, 1000.0),
    }


def scaled_question(random: np.random.Generator, n: int) -> Question:
    """Draw a sparse program of `n` rows and half as many variables more, for benchmarks."""
    return Question({}, random_sparse_program(random, n, n + n // 2, 4 * n))


def _small() -> Iterable[tuple[str, dict[str, Any]]]:
    inf = math.inf
    yield (
        "two variables, three rows",
        {
            "cost": [-3.0, -5.0],
            "matrix": [[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]],
            "row_upper": [4.0, 12.0, 18.0],
            "lower": [0.0, 0.0],
        },
    )
    contrary: dict[str, Any] = {
        "cost": [1.0, 1.0],
        "matrix": [[1.0, 0.3], [-1.0, -0.3]],
        "row_upper": [1.0, -1.1],
    }
    yield "rows that contradict each other", contrary
    yield (
        "unbounded",
        {
            "cost": [-1.0, 0.1],
            "matrix": [[1.0, -0.7]],
            "row_upper": [2.0],
            "lower": [0.0, 0.0],
        },
    )
    yield "1 × 1", {"cost": [0.1], "matrix": [[0.3]], "row_lower": [0.7]}
    yield (
        "equations in free variables",
        {
            "cost": [0.3, 0.1, 1.0],
            "matrix": [[0.1, 0.2, 0.3], [0.7, -0.1, 1 / 3]],
            "row_lower": [1.0, 2.0],
            "row_upper": [1.0, 2.0],
            "lower": [-inf, -5.0, 0.0],
            "upper": [inf, 7.0, inf],
        },
    )
    yield (
        "degenerate",
        {
            "cost": [-0.75, 150.0, -0.02, 6.0],
            "matrix": [[0.25, -60.0, -1 / 25, 9.0], [0.5, -90.0, -0.02, 3.0], [0, 0, 1.0, 0]],
            "row_upper": [0.0, 0.0, 1.0],
            "lower": [0.0] * 4,
        },
    )
    yield (
        "badly scaled",
        {
            "cost": [1e-6, 1e6],
            "matrix": [[1e-3, 1e3], [1e4, 1e-2]],
            "row_lower": [1.0, 1.0],
            "lower": [0.0, 0.0],
        },
    )
    yield (
        "no cost",
        {"cost": [0.0, -0.0], "matrix": [[1.0, 1.0]], "row_lower": [1.0], "row_upper": [1.0]},
    )


def examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    """Give programs at the edges and in the middle; none where SciPy is missing."""
    if not has_scipy():
        return
    small = [Example(f"sparse: {name}", arrays=sparse) for name, sparse in small_sparse_programs()]
    for name, arrays in _small():
        full = {key: np.array(value, float) for key, value in arrays.items()}
        small.append(Example(name, arrays=full))
    yield from small
    yield Example("27 × 32", arrays=random_program(random, 27, 32))
    yield Example("sparse: 60 × 90, 240 entries", arrays=random_sparse_program(random, 60, 90, 240))
    for index in range(count):
        m, n = (int(x) for x in random.integers(2, 10, 2))
        dense, sparse = random_program(random, m, n), random_sparse_program(random, m, n, 3 * m)
        form, arrays = ("sparse", sparse) if index % 2 else ("dense", dense)
        yield Example(f"random {index + 1}: {m} × {n}, {form}", arrays=arrays)


def lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    """Return answers that are nearly right, by what is wrong with them."""
    status, proof = cast(str, answer.result["status"]), answer.certificate_arrays

    def answering(status: str) -> Answer:
        return replace(answer, result={**answer.result, "status": status})

    other = {"optimal": "infeasible", "infeasible": "optimal", "unbounded": "optimal"}[status]
    found = {
        "another status": answering(other),
        "a status that there is not": answering("solved"),
        "no status": replace(answer, result={}),
        **about_proof(answer),
        **about_denominators(answer, *proof),
    }
    for name, array in proof.items():
        if any(decode_integers(array)[:-1]) and name != "point":
            found[f"the {name} of the other sign"] = proving(answer, **{name: opposite(array)})
    if status == "optimal":
        found |= about_optimum(answer)
    if SPARSE_NAMES[0] in question.arrays:
        found |= _about_other_matrices(question, answer)
    return found


def _about_other_matrices(question: Question, answer: Answer) -> dict[str, Answer]:
    """Return the answers of programs with a matrix that is nearly the same, if they differ."""
    found = {}
    for what, arrays in changed_matrices(question.arrays).items():
        program = program_of(arrays)
        try:
            outcome = outcome_of(program)
            evidence = evidence_of(program, outcome)
        except (InvalidParams, Uncertifiable):
            continue
        other = Answer(
            outcome.result, outcome.arrays, {"kind": KIND, **evidence.entries}, evidence.arrays
        )
        if _differ(answer, other):
            found[f"the answer of {what}"] = other
    return found


def _differ(answer: Answer, other: Answer) -> bool:
    """Say whether two answers cannot both hold of one program."""
    if answer.result["status"] != other.result["status"]:
        return True
    if answer.result["status"] != "optimal":
        return False
    apart = abs(cast(float, answer.result["objective"]) - cast(float, other.result["objective"]))
    gaps = (cast(float, which.certificate["gap"]) for which in (answer, other))
    return apart > 2 * sum(gaps)
