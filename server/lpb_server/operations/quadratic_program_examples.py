"""Quadratic programs worth asking, and answers to them that are nearly right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
from msgspec.structs import replace

from lpb_server.certificates.exact_linear import decode_integers, encode_integers
from lpb_server.operations.clarabel import has_clarabel
from lpb_server.operations.program_lies import (
    about_denominators,
    about_optimum,
    about_proof,
    opposite,
    proving,
    stating,
)
from lpb_server.operations.question import Answer, Example, Question
from lpb_server.wire.arrays import Array

__all__ = ["KIND", "examples", "lies", "random_program", "scaled_question"]

KIND: Final = "quadratic_program_proof"
"""What the certificates are called."""


def random_program(random: np.random.Generator, m: int, n: int) -> dict[str, Array]:
    """Draw a portfolio: variances by few factors, returns, a budget, and sparse limits."""
    factors = random.standard_normal((max(n // 4, 1), n)) / 4
    quadratic = factors.T @ factors + np.diag(0.01 + random.random(n) / 10)
    matrix = np.where(random.random((m, n)) < 0.3, random.integers(-8, 9, (m, n)) / 8, 0.0)
    matrix[0] = 1.0
    inside = np.full(n, 1 / n)
    return {
        "quadratic": (quadratic + quadratic.T) / 2,
        "cost": -random.random(n) / 10,
        "matrix": matrix,
        "row_lower": np.where(np.arange(m) == 0, 1.0, -np.inf),
        "row_upper": np.where(np.arange(m) == 0, 1.0, matrix @ inside + random.random(m) / 8),
        "lower": np.zeros(n),
        "upper": np.full(n, np.inf),
    }


def scaled_question(random: np.random.Generator, n: int) -> Question:
    """Draw a program of `n` variables and half as many rows, for benchmarks."""
    return Question({}, random_program(random, max(n // 2, 1), n))


def _small() -> Iterable[tuple[str, dict[str, Any]]]:
    inf = math.inf
    yield (
        "two variables",
        {
            "quadratic": [[2.0, 0.5], [0.5, 1.0]],
            "cost": [-1.0, -1.0],
            "matrix": [[1.0, 1.0]],
            "row_upper": [1.0],
            "lower": [0.0, 0.0],
        },
    )
    yield "1 × 1", {"quadratic": [[0.1]], "cost": [-0.3], "matrix": [[1.0]]}
    yield (
        "no bound holds",
        {
            "quadratic": [[0.3, 0.1], [0.1, 0.7]],
            "cost": [-0.1, 0.2],
            "matrix": [[1.0, -1.0]],
            "row_lower": [-9.0],
            "row_upper": [9.0],
        },
    )
    yield (
        "equations in free variables",
        {
            "quadratic": [[1.0, 0.0, 0.0], [0.0, 2.0, -0.0], [0.0, -0.0, 0.3]],
            "cost": [0.3, 0.1, 1.0],
            "matrix": [[0.1, 0.2, 0.3], [0.7, -0.1, 1 / 3]],
            "row_lower": [1.0, 2.0],
            "row_upper": [1.0, 2.0],
        },
    )
    yield (
        "singular: a square, and a linear variable",
        {
            "quadratic": [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
            "cost": [0.0, 0.5, 0.25],
            "matrix": [[1.0, 1.0, 1.0]],
            "row_lower": [1.0],
            "lower": [-1.0, -1.0, 0.0],
            "upper": [1.0, 3.0, inf],
        },
    )
    yield (
        "a linear program",
        {
            "quadratic": [[0.0, 0.0], [0.0, 0.0]],
            "cost": [-3.0, -5.0],
            "matrix": [[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]],
            "row_upper": [4.0, 12.0, 18.0],
            "lower": [0.0, 0.0],
        },
    )
    yield (
        "rows twice",
        {
            "quadratic": [[1.0, 0.0], [0.0, 1.0]],
            "cost": [-1.0, -0.7],
            "matrix": [[1.0, 1.0], [1.0, 1.0], [2.0, 2.0]],
            "row_upper": [1.0, 1.0, 2.0],
        },
    )
    yield (
        "badly scaled",
        {
            "quadratic": [[1e6, 1.0], [1.0, 1e-4]],
            "cost": [1e2, -1e-2],
            "matrix": [[1e-2, 1e2]],
            "row_upper": [1.0],
            "lower": [-1.0, -1.0],
            "upper": [1.0, 1.0],
        },
    )


def examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    """Give programs at the edges and in the middle; none where Clarabel is missing."""
    if not has_clarabel():
        return
    for name, arrays in _small():
        yield Example(name, arrays={key: np.array(value, float) for key, value in arrays.items()})
    yield Example("6 × 12", arrays=random_program(random, 6, 12))
    for index in range(count):
        m, n = (int(x) for x in random.integers(2, 8, 2))
        yield Example(f"random {index + 1}: {m} × {n}", arrays=random_program(random, m, n))


def lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    """Return answers that are nearly right, by what is wrong with them."""
    proof = answer.certificate_arrays
    found = {
        **about_proof(answer),
        **about_denominators(answer, *(name for name in proof if name != "factor")),
        "a negative unit": stating(answer, unit=-1),
        "a unit that is a double": stating(answer, unit=0.0),
        "no bits": stating(answer, bits=-1),
        "bits without end": stating(answer, bits=1 << 40),
        "no objective": replace(answer, result={}),
        **about_optimum(answer),
    }
    for name in ("weights", "multipliers"):
        if name in proof and any(decode_integers(proof[name])[:-1]):
            turned = opposite(proof[name])
            found[f"the {name} of the other sign"] = proving(answer, **{name: turned})
    if question.arrays["quadratic"].any():
        unit = cast(int, answer.certificate["unit"])
        found["a unit too large"] = stating(answer, unit=unit + 1)
        found["a unit too small"] = stating(answer, unit=unit - 9)
        larger = encode_integers([9 * value for value in decode_integers(proof["factor"])])
        found["a factor that is too large"] = proving(answer, factor=larger)
    return found
