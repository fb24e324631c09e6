"""``polynomial_nonnegative``: a polynomial that is nowhere negative, as a sum of squares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lpb_server.certificates.exact_linear import decode_integers, encode_integers
from lpb_server.certificates.integers import exact_integers
from lpb_server.certificates.reading import doubles
from lpb_server.certificates.sums_of_squares import (
    Equations,
    Polynomial,
    SumOfSquares,
    sum_of_squares,
    triangle,
)
from lpb_server.errors import InvalidParams, Uncertifiable
from lpb_server.operations.certificate import Certificate
from lpb_server.operations.clarabel import has_clarabel, require_clarabel, settings
from lpb_server.operations.declaration import ArraySpec
from lpb_server.operations.definition import operation
from lpb_server.operations.kernel_heap import kernel_heap
from lpb_server.operations.programs import integers_of, semidefinite_of
from lpb_server.operations.question import (
    Answer,
    ArrayMap,
    Evidence,
    Example,
    Outcome,
    Question,
)
from lpb_server.operations.scaling import Dimensions, Scaling
from lpb_server.wire.arrays import Array
from lpb_server.wire.values import Value, ValueMap

__all__ = ["polynomial_nonnegative"]

Doubles = npt.NDArray[np.float64]

_NAME: Final = "polynomial_nonnegative"
_KIND: Final = "sum_of_squares"
_RESULT: Final = "nonnegative"
_TOLERANCE: Final = 1e-9
_ROOM: Final = 1e-8
_MOST_DEGREE: Final = 65536
_MOST_UNIT: Final = 2098
_MOST_BITS: Final = 65536
_SOLVED: Final = {"Solved", "AlmostSolved", "InsufficientProgress"}


def _polynomial(arrays: ArrayMap) -> Polynomial:
    exponents, coefficients = arrays["exponents"], arrays["coefficients"]
    if bool(((exponents < 0) | (exponents >= _MOST_DEGREE)).any()):
        raise InvalidParams(
            f"an exponent is negative, or not less than {_MOST_DEGREE}", {"array": "exponents"}
        )
    if not bool(np.isfinite(coefficients).all()):
        raise InvalidParams("a coefficient is not finite", {"array": "coefficients"})
    return Polynomial(exponents, coefficients)


def _solve(equations: Equations, sums: Doubles) -> tuple[Doubles, float] | None:
    """Find the Gram matrix whose least eigenvalue is as great as can be, by Clarabel."""
    import clarabel
    from scipy.sparse import coo_array

    size, rows, count = len(equations.monomials), len(sums), len(equations.places)
    squares = np.array([triangle(i, i) for i in range(size)])
    root = math.sqrt(2.0)
    weights, identity = np.full(count, root), np.zeros(count)
    weights[squares], identity[squares] = 1.0, 1.0
    # The lower triangle, off the diagonal times √2, and the least eigenvalue.
    inside = np.arange(count)
    blocks = [
        (equations.places, inside, weights),
        (rows + inside, inside, np.full(count, -1.0)),
        (rows + squares, np.full(size, count), np.ones(size)),
        (np.array([rows + count]), np.array([count]), np.ones(1)),
    ]
    row, column, data = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    shape = (rows + count + 1, count + 1)
    cost, right = np.zeros(count + 1), np.zeros(rows + count + 1)
    cost[-1], right[:rows], right[-1] = -1.0, sums, 1.0
    found = clarabel.DefaultSolver(
        coo_array(([], ([], [])), shape=(count + 1, count + 1)).tocsc(),
        cost,
        coo_array((data, (row, column)), shape=shape).tocsc(),
        right,
        [clarabel.ZeroConeT(rows), clarabel.PSDTriangleConeT(size), clarabel.NonnegativeConeT(1)],
        settings(_TOLERANCE),
    ).solve()
    x = np.array(found.x)
    if str(found.status) not in _SOLVED or not bool(np.isfinite(x).all()):
        return None
    gram, least = x[:-1] / np.where(identity > 0, 1.0, root), float(x[-1])
    return gram, least if least > _ROOM else 0.0


def _found(arrays: ArrayMap) -> SumOfSquares | None:
    require_clarabel(_NAME)
    return sum_of_squares(_polynomial(arrays), _solve)


def _make(params: ValueMap, arrays: ArrayMap, outcome: Outcome) -> Evidence:
    found = _found(arrays) if outcome.result[_RESULT] else None
    if found is None:
        raise Uncertifiable(
            "no sum of squares was found: the polynomial is negative somewhere, or it has zeros"
            " that leave no room for rounding, or it is no sum of squares"
        )
    equations = found.equations
    coefficients = exact_integers(arrays["coefficients"], found.unit).tolist()
    bits = max(abs(found.denominator * value).bit_length() for value in coefficients)
    proof: dict[str, Any] = {
        "monomials": equations.monomials,
        "support": equations.support,
        "places": equations.places,
        "terms": equations.terms,
        "gram": encode_integers([*found.entries, found.denominator]),
    }
    return Evidence({"unit": found.unit, "bits": bits}, {**proof, **found.proof.arrays()})


def _indices(array: Array | None, *shape: int) -> npt.NDArray[np.int64] | None:
    if array is None or array.dtype != np.int64 or array.shape != shape:
        return None
    return array


def _check(question: Question, answer: Answer) -> bool:
    exponents = question.arrays.get("exponents")
    if exponents is None or exponents.dtype != np.int64 or exponents.ndim != 2:
        return False
    k, n = exponents.shape
    coefficients = doubles(question.arrays.get("coefficients"), k)
    if coefficients is None or not bool(np.isfinite(coefficients).all()):
        return False
    if list(answer.result) != [_RESULT] or answer.result[_RESULT] is not True or answer.arrays:
        return False
    stated, arrays = answer.certificate, answer.certificate_arrays
    unit, bits = stated.get("unit"), stated.get("bits")
    if stated.get("kind") != _KIND or type(unit) is not int or type(bits) is not int:
        return False
    if not (0 <= unit <= _MOST_UNIT and 0 <= bits <= _MOST_BITS):
        return False
    size, rows = (len(arrays[name]) if name in arrays else 0 for name in ("monomials", "support"))
    entries = size * (size + 1) // 2
    monomials, support = _indices(arrays.get("monomials"), size, n), arrays.get("support")
    places, terms = _indices(arrays.get("places"), entries), _indices(arrays.get("terms"), k)
    gram, convex = integers_of(answer, "gram", entries + 1), semidefinite_of(answer, size)
    if monomials is None or places is None or terms is None or gram is None or convex is None:
        return False
    if support is None or _indices(support, rows, n) is None:
        return False
    if any(bool(((x < 0) | (x >= _MOST_DEGREE)).any()) for x in (exponents, monomials)):
        return False
    if any(bool(((x < 0) | (x >= rows)).any()) for x in (places, terms)):
        return False
    if not np.array_equal(exponents, support[terms]):
        return False
    first, second = np.tril_indices(size)
    if not np.array_equal(monomials[first] + monomials[second], support[places]):
        return False
    exact = exact_integers(coefficients, 0).tolist()
    return _is_identity(exact, unit, bits, terms, places, rows, gram) and convex.holds(
        np.array(
            [[gram[triangle(i, j)] for j in range(size)] for i in range(size)], object
        ).reshape(size, size)
    )


def _is_identity(
    exact: list[int],
    unit: int,
    bits: int,
    terms: Array,
    places: Array,
    rows: int,
    gram: list[int],
) -> bool:
    """Say whether the terms and the entries have the same sums."""
    *entries, denominator = gram
    if denominator <= 0 or any(value % (1 << unit) for value in exact):
        return False
    sums = [0] * rows
    for place, value in zip(terms.tolist(), exact, strict=True):
        product = denominator * (value >> unit)
        if abs(product) > 1 << bits:
            return False
        sums[place] += product
    i = j = 0
    for place, entry in zip(places.tolist(), entries, strict=True):
        sums[place] -= entry if i == j else 2 * entry
        i, j = (i + 1, 0) if i == j else (i, j + 1)
    return not any(sums)


# -- what is asked ---------------------------------------------------------------------------------


def _random(random: np.random.Generator, variables: int, degree: int) -> Question:
    """Draw a sum of squares of dense polynomials of half the degree."""
    basis = [
        monomial
        for monomial in np.ndindex(*(degree // 2 + 1,) * variables)
        if sum(monomial) <= degree // 2
    ]
    rows = random.standard_normal((len(basis), len(basis)))
    gram = rows.T @ rows / len(basis) + np.eye(len(basis)) / 4
    terms: dict[tuple[int, ...], float] = {}
    for i, a in enumerate(basis):
        for j, b in enumerate(basis):
            key = tuple(x + y for x, y in zip(a, b, strict=True))
            terms[key] = terms.get(key, 0.0) + float(gram[i, j])
    return Question(
        {},
        {
            "exponents": np.array(list(terms), np.int64),
            "coefficients": np.array(list(terms.values())),
        },
    )


def _scaled(random: np.random.Generator, n: int) -> Question:
    return _random(random, n, 4)


def _examples(random: np.random.Generator, count: int) -> Iterable[Example]:
    if not has_clarabel():
        return

    def example(name: str, *terms: tuple[tuple[int, ...], float]) -> Example:
        exponents, coefficients = zip(*terms, strict=True)
        arrays = {
            "exponents": np.array(exponents, np.int64),
            "coefficients": np.array(coefficients, np.float64),
        }
        return Example(name, arrays=arrays)

    yield example("x² - x + 0.3", ((2,), 1.0), ((1,), -1.0), ((0,), 0.3))
    yield example("a constant", ((0, 0), 0.1))
    yield example("zero", ((3,), 0.0), ((0,), -0.0))
    yield example("a square: zeros on a line", ((2, 0), 1.0), ((1, 1), -2.0), ((0, 2), 1.0))
    yield example("one term twice", ((4,), 1.0), ((2,), -3.0), ((2,), 2.0), ((0,), 0.5))
    yield example(
        "x⁴ + y⁴ - x² y² - x y + 1",
        ((4, 0), 1.0),
        ((0, 4), 1.0),
        ((2, 2), -1.0),
        ((1, 1), -1.0),
        ((0, 0), 1.0),
    )
    yield example("badly scaled", ((6,), 1e-12), ((3,), -1e3), ((2,), 1e9), ((0,), 1e20))
    yield example("tiny", ((2,), 1e-300), ((1,), 1e-310), ((0,), 1e-300))
    some = _random(random, 3, 4)
    yield Example("3 variables, degree 4", arrays=some.arrays)
    for index in range(count):
        variables, degree = int(random.integers(1, 4)), 2 * int(random.integers(1, 3))
        some = _random(random, variables, degree)
        name = f"random {index + 1}: {variables} variables, degree {degree}"
        yield Example(name, arrays=some.arrays)


def _lies(question: Question, answer: Answer) -> Mapping[str, Answer]:
    proof = dict(answer.certificate_arrays)

    def proving(**arrays: Array) -> Answer:
        return replace(answer, certificate_arrays={**proof, **arrays})

    def stating(**changes: Value) -> Answer:
        return replace(answer, certificate={**answer.certificate, **changes})

    gram = decode_integers(proof["gram"])
    lies = {
        "not nonnegative": replace(answer, result={_RESULT: False}),
        "something else nonnegative": replace(answer, result={"convex": True}),
        "a result beside it": replace(answer, result={_RESULT: True, "least": 0.0}),
        "another kind": stating(kind="trust_me"),
        "no certificate": replace(answer, certificate={}, certificate_arrays={}),
        "no proof": replace(answer, certificate_arrays={}),
        "a negative unit": stating(unit=-1),
        "no bits": stating(bits=-1),
        "bits without end": stating(bits=1 << 40),
        "a negative denominator": proving(gram=encode_integers([*gram[:-1], -gram[-1]])),
        "a denominator of zero": proving(gram=encode_integers([*gram[:-1], 0])),
        "an entry one more": proving(gram=encode_integers([gram[0] + 1, *gram[1:]])),
        "an entry one less": proving(gram=encode_integers([gram[0] - 1, *gram[1:]])),
        "terms of no row": proving(terms=proof["terms"] + len(proof["support"])),
        "products of no row": proving(places=proof["places"] + len(proof["support"])),
        "monomials of another degree": proving(monomials=proof["monomials"] + 1),
        "a support of another degree": proving(support=proof["support"] + 1),
        "monomials as doubles": proving(monomials=proof["monomials"].astype(np.float64)),
        "a monomial missing": proving(monomials=proof["monomials"][:-1]),
    }
    for name, array in proof.items():
        lies[f"the {name} with its last row missing"] = proving(**{name: array[:-1]})
    if any(gram[:-1]):
        lies["all entries of the other sign"] = proving(
            gram=encode_integers([-x for x in gram[:-1]] + gram[-1:])
        )
        lies["another denominator"] = proving(gram=encode_integers([*gram[:-1], 3 * gram[-1]]))
        lies["a unit too large"] = stating(unit=cast(int, answer.certificate["unit"]) + 1)
        lies["bits too few"] = stating(bits=1)
        weights = decode_integers(proof["weights"])
        lies["weights below zero"] = proving(
            weights=encode_integers([-x for x in weights[:-1]] + weights[-1:])
        )
        lies["weights too large"] = proving(
            weights=encode_integers([9 * x for x in weights[:-1]] + weights[-1:])
        )
    return lies


def _heap_bytes(size: Dimensions, answer: Answer) -> float:
    words = [array.shape[-1] for array in answer.certificate_arrays.values() if array.ndim == 2]
    monomials = answer.certificate_arrays.get("monomials")
    count = 1 if monomials is None else len(monomials)
    return kernel_heap(
        3 * count**2 + size["k"] * (size["n"] + 4), 3 * count**2, max(words, default=1) * count, 8.0
    )


@operation(
    _NAME,
    params={"type": "object", "additionalProperties": False},
    summary="Show that a polynomial is nowhere negative, as a sum of squares (Clarabel).",
    arrays={"exponents": ArraySpec("i8", ("k", "n")), "coefficients": ArraySpec("f8", ("k",))},
    certificate=Certificate(
        _KIND,
        make=_make,
        checker="LeanPythonBridge.Certificate.PolynomialNonnegativeOperation",
        check=_check,
    ),
    examples=_examples,
    lies=_lies,
    scaling=Scaling(_scaled, sizes=(2, 4, 6, 8), heap_bytes=_heap_bytes),
)
def polynomial_nonnegative(params: ValueMap, arrays: ArrayMap) -> Outcome:
    """Look for a sum of squares; null where none is found, which is no proof of the contrary."""
    return Outcome({_RESULT: True if _found(arrays) is not None else None})
